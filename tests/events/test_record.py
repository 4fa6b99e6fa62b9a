import asyncio
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from ktizo.core.db import Database
from ktizo.core.errors import Unavailable
from ktizo.core.writer import Writer
from ktizo.events import store
from ktizo.events.kinds import EVERYTHING, Event, EventKind, Wanted
from ktizo.events.record import EventSink, record, sink_for, storable

pytestmark = pytest.mark.anyio

MAC = "52:54:00:aa:bb:cc"
OTHER = "52:54:00:aa:bb:dd"
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


async def everything(db: Database) -> list[Event]:
    async with db.read() as session:
        return await store.between(session, 0, None, EVERYTHING, 1000)


async def test_an_event_is_kept_with_all_it_says(db: Database, writer: Writer) -> None:
    record(
        writer,
        EventKind.DECIDED,
        mac=MAC,
        device_id=7,
        address="10.0.0.9",
        data={"action": "local_disk", "rule": "unknown"},
        at=NOON + timedelta(microseconds=5),
    )
    assert await writer.flush()
    assert await everything(db) == [
        Event(
            id=1,
            at=NOON + timedelta(microseconds=5),
            kind="decided",
            mac=MAC,
            device_id=7,
            address="10.0.0.9",
            data={"action": "local_disk", "rule": "unknown"},
            count=1,
        )
    ]


async def test_the_same_event_within_one_flush_is_counted_not_repeated(
    db: Database, writer: Writer
) -> None:
    for seconds in range(3):
        record(writer, EventKind.SCRIPT_ASKED, mac=MAC, at=NOON + timedelta(seconds=seconds))
    record(writer, EventKind.SCRIPT_ASKED, mac=OTHER, at=NOON)
    record(writer, EventKind.SCRIPT_ASKED, mac=MAC, address="10.0.0.9", at=NOON)
    record(writer, EventKind.SCRIPT_ASKED, mac=MAC, data={"script": "x"}, at=NOON)
    await writer.flush()
    record(writer, EventKind.SCRIPT_ASKED, mac=MAC, at=NOON)
    await writer.flush()

    stored = [(e.mac, e.address, e.data, e.count, e.at == NOON) for e in await everything(db)]
    assert stored == [
        (MAC, None, {}, 3, True),
        (OTHER, None, {}, 1, True),
        (MAC, "10.0.0.9", {}, 1, True),
        (MAC, None, {"script": "x"}, 1, True),
        (MAC, None, {}, 1, True),
    ]


async def test_listeners_hear_of_events_with_their_ids_once_they_are_committed(
    db: Database, writer: Writer
) -> None:
    heard: list[Event] = []
    sink_for(writer).listeners.append(heard.extend)
    record(writer, EventKind.APPROVED, device_id=1, at=NOON)
    record(writer, EventKind.LEASE_GRANTED, device_id=1, at=NOON)
    assert heard == []
    await writer.flush()
    assert [(event.id, event.kind) for event in heard] == [(1, "approved"), (2, "lease_granted")]
    assert heard == await everything(db)


async def test_nobody_hears_of_events_that_could_not_be_written(
    db: Database, writer: Writer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[Event] = []
    sink_for(writer).listeners.append(heard.extend)

    async def fails(*args: object) -> list[Event]:
        raise Unavailable("disk on fire")

    with monkeypatch.context() as patched:
        patched.setattr(store, "insert", fails)
        record(writer, EventKind.DONE, mac=MAC)
        assert not await writer.flush()
    assert heard == []
    assert await writer.flush()
    assert [event.kind for event in heard] == ["done"]


async def test_two_writers_have_two_sinks(db: Database, writer: Writer) -> None:
    assert sink_for(writer) is sink_for(writer)
    assert sink_for(writer) is not sink_for(Writer(db.write))


NASTY: list[tuple[str, dict[str, Any]]] = [
    ("NUL", {"mac": "a\0b", "address": "\0", "data": {"serial": "\0"}}),
    ("half a UTF-16 pair", {"mac": "\ud800", "address": "\udfff", "data": {"serial": "\ud800"}}),
    ("too long", {"mac": "f" * 10_000, "address": "1" * 10_000, "data": {"serial": "s" * 10_000}}),
    ("not a number", {"data": {"ms": float("nan")}}),
    ("endless", {"data": {"ms": float("inf")}}),
    ("not JSON", {"data": {"at": NOON, "raw": b"\xff"}}),
    ("keys of two kinds", {"data": {1: "x", "a": "y"}}),
    ("no time zone", {"at": datetime(2026, 11, 21)}),  # noqa: DTZ001 - the point of it
    ("another time zone", {"at": NOON.astimezone(timezone(timedelta(hours=14)))}),
]


@pytest.mark.parametrize("what", [fields for _, fields in NASTY], ids=[name for name, _ in NASTY])
async def test_nothing_a_machine_sends_can_hold_back_the_history(
    db: Database, writer: Writer, what: dict[str, Any]
) -> None:
    record(writer, EventKind.DEVICE_SEEN, **what)
    record(writer, EventKind.DONE)
    assert await writer.flush()
    first, second = await everything(db)
    assert (first.kind, second.kind) == ("device_seen", "done")
    assert len(json.dumps(first.data)) < 5000


async def test_data_that_holds_itself_is_replaced_by_a_note(db: Database, writer: Writer) -> None:
    endless: dict[str, Any] = {}
    endless["again"] = endless
    record(writer, EventKind.DEVICE_SEEN, data=endless)
    assert await writer.flush()
    assert [event.data for event in await everything(db)] == [{"unreadable": "dict"}]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)


@given(
    data=st.dictionaries(st.text(max_size=9), json_values, max_size=3),
    address=st.text(),
    mac=st.text(),
)
def test_what_is_storable_is_so_already_when_looked_at_again(
    data: dict[str, Any], address: str, mac: str
) -> None:
    once = storable(Event(0, NOON, "done", mac, None, address, data))
    assert storable(once) == once
    assert len(once.mac or "") <= 17
    assert len(once.address or "") <= 45
    assert "\0" not in f"{once.mac}{once.address}"
    f"{once.mac}{once.address}".encode()


async def test_an_empty_batch_writes_no_row(db: Database) -> None:
    async with db.write() as session:
        await EventSink().write(session, [])
    assert await everything(db) == []


async def test_ids_are_never_used_again_even_when_the_newest_event_was_deleted(
    db: Database, writer: Writer
) -> None:
    record(writer, EventKind.DONE)
    await writer.flush()
    async with db.write() as session:
        assert await store.prune(session, 0) == 1
    record(writer, EventKind.DONE)
    await writer.flush()
    assert [event.id for event in await everything(db)] == [2]


async def fill(writer: Writer, count: int) -> None:
    for number in range(count):
        kind = EventKind.DONE if number % 2 else EventKind.DECIDED
        record(writer, kind, mac=MAC if number % 3 else OTHER, data={"n": number}, at=NOON)
    await writer.flush()


async def test_pruning_takes_the_oldest_and_keeps_as_many_as_asked(
    db: Database, writer: Writer
) -> None:
    await fill(writer, 20)
    async with db.write() as session:
        assert await store.prune(session, 15) == 5
        assert await store.prune(session, 15) == 0
        assert await store.span(session) == (6, 20)


async def test_pruning_takes_a_bounded_bite(
    db: Database, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "PRUNED_AT_ONCE", 3)
    await fill(writer, 10)
    async with db.write() as session:
        assert [await store.prune(session, 5) for _ in range(3)] == [3, 2, 0]
        assert await store.span(session) == (6, 10)


async def test_an_empty_table_spans_nothing(db: Database) -> None:
    async with db.read() as session:
        assert await store.span(session) == (1, 0)
        assert await store.latest(session, 0, EVERYTHING, 5) == []


async def test_the_ends_of_a_long_table_are_found_without_reading_it(db: Database) -> None:
    if not db.is_sqlite:
        pytest.skip("about SQLite's planner")
    asked: list[str] = []

    def remember(*args: object) -> None:
        asked.append(str(args[2]))

    sa.event.listen(db.reading.sync_engine, "before_cursor_execute", remember)
    async with db.read() as session:
        await store.span(session)
        plan = await session.execute(sa.text(f"EXPLAIN QUERY PLAN {asked[-1]}"))
        assert not [row.detail for row in plan if row.detail.startswith("SCAN events")]


async def test_readers_get_what_they_asked_for_oldest_first(db: Database, writer: Writer) -> None:
    await fill(writer, 12)

    async with db.read() as session:

        async def ids(after: int, upto: int | None, wanted: Wanted, limit: int) -> list[int]:
            return [e.id for e in await store.between(session, after, upto, wanted, limit)]

        assert await ids(0, None, EVERYTHING, 3) == [1, 2, 3]
        assert await ids(9, None, EVERYTHING, 30) == [10, 11, 12]
        assert await ids(3, 5, EVERYTHING, 30) == [4, 5]
        assert await ids(0, None, Wanted(mac=OTHER), 30) == [1, 4, 7, 10]
        assert await ids(0, None, Wanted(frozenset({"done"}), OTHER), 30) == [4, 10]
        assert await ids(0, None, Wanted(frozenset({"done", "decided"})), 30) == [*range(1, 13)]
        last = await store.latest(session, 11, Wanted(mac=OTHER), 2)
        assert [event.id for event in last] == [7, 10]


async def test_a_machine_is_found_by_any_of_its_macs_and_by_its_device(
    db: Database, writer: Writer
) -> None:
    record(writer, EventKind.SCRIPT_ASKED, mac=MAC)
    record(writer, EventKind.SCRIPT_ASKED, mac=OTHER)
    record(writer, EventKind.APPROVED, device_id=7)
    record(writer, EventKind.APPROVED, device_id=8)
    await writer.flush()
    async with db.read() as session:

        async def ids(*macs: str, limit: int = 9, device_id: int | None = None) -> list[int]:
            found = await store.for_macs(session, macs, limit, device_id=device_id)
            return [event.id for event in found]

        assert await ids(MAC) == [1]
        assert await ids(MAC, OTHER) == [1, 2]
        assert await ids(MAC, OTHER, limit=1) == [2]
        assert await ids(MAC, device_id=7) == [1, 3]
        assert await ids(device_id=8) == [4]
        assert await ids() == []


async def test_in_a_large_batch_every_event_gets_its_own_id_in_the_order_they_came(
    db: Database, writer: Writer
) -> None:
    heard: list[Event] = []
    sink_for(writer).listeners.append(heard.extend)
    await fill(writer, 1200)
    assert [(event.id, event.data["n"]) for event in heard] == [(n + 1, n) for n in range(1200)]
    async with db.read() as session:
        assert await store.between(session, 0, None, EVERYTHING, 2000) == heard


async def test_several_processes_that_write_at_once_know_their_own_events(db: Database) -> None:
    told: dict[int, list[Event]] = {}

    async def process(number: int) -> None:
        own = Writer(db.write)
        told[number] = []
        sink_for(own).listeners.append(told[number].extend)
        for round_ in range(5):
            for each in range(10):
                record(own, EventKind.DECIDED, device_id=number, data={"n": [round_, each]})
            assert await own.flush()

    await asyncio.gather(*(process(number) for number in range(6)))
    stored = {event.id: event for event in await everything(db)}
    assert len(stored) == 300
    for number, events in told.items():
        assert [event.data["n"] for event in events] == [
            [r, e] for r in range(5) for e in range(10)
        ]
        assert all(stored[event.id] == event for event in events)
        assert all(event.device_id == number for event in events)
