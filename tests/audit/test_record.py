import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from ktizo.audit import check as check_module
from ktizo.audit import store
from ktizo.audit.chain import Entry, Line, verify
from ktizo.audit.check import Verdict, check
from ktizo.audit.record import append, record
from ktizo.audit.store import ChainBroken
from ktizo.core.db import Database
from ktizo.core.errors import Conflict
from ktizo.core.writer import Writer

pytestmark = pytest.mark.anyio

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def entry(subject: str = "device 7", **fields: Any) -> Entry:
    said: dict[str, Any] = {
        "at": NOON,
        "actor": "machine",
        "action": "boot",
        "outcome": "local_disk",
    }
    return Entry(subject=subject, **(said | fields))


async def lines_of(db: Database) -> list[Line]:
    async with db.read() as session:
        return await store.page_after(session, 0, 10_000)


async def verdict(db: Database) -> Verdict:
    async with db.read() as session:
        return await check(session)


async def by_hand(db: Database, statement: str) -> None:
    async with db.write() as session:
        await session.execute(sa.text(statement))


async def test_a_change_and_its_line_are_one_transaction(db: Database) -> None:
    async def refused() -> None:
        async with db.write() as session:
            await append(session, entry("device 8"))
            raise Conflict("not in this state")

    async with db.write() as session:
        kept = await append(session, entry(data={"role": "worker"}, address="10.0.0.9"))
    with pytest.raises(Conflict):
        await refused()
    async with db.write() as session:
        await append(session, entry("device 9"))

    lines = await lines_of(db)
    assert [(line.id, line.subject) for line in lines] == [(1, "device 7"), (2, "device 9")]
    assert lines[0] == kept
    assert (await verdict(db)).ok


async def test_answers_to_machines_go_through_the_writer_into_the_same_chain(
    db: Database, writer: Writer
) -> None:
    record(writer, entry("a"))
    async with db.write() as session:
        await append(session, entry("b"))
    record(writer, entry("c"))
    await writer.flush()
    assert [line.subject for line in await lines_of(db)] == ["b", "a", "c"]
    assert (await verdict(db)).ok


async def test_equal_answers_within_one_flush_are_one_line_with_a_count(
    db: Database, writer: Writer
) -> None:
    for seconds in range(5):
        record(writer, entry("a", at=NOON + timedelta(seconds=seconds), data={"n": seconds}))
    record(writer, entry("a", outcome="boot"))
    record(writer, entry("a", address="10.0.0.9"))
    await writer.flush()
    said = [(line.outcome, line.address, line.count, line.data) for line in await lines_of(db)]
    assert said == [
        ("local_disk", None, 5, {"n": 0}),
        ("boot", None, 1, {}),
        ("local_disk", "10.0.0.9", 1, {}),
    ]


NASTY: dict[str, dict[str, Any]] = {
    "NUL": {"actor": "\0", "action": "\0", "subject": "a\0b", "outcome": "\0", "address": "\0"},
    "half a UTF-16 pair": {"actor": "\ud800", "data": {"x": "\udfff"}},
    "too long": dict.fromkeys(("actor", "action", "subject", "outcome", "address"), "x" * 9999),
    "much data": {"data": {"x": "y" * 10_000}},
    "not JSON": {"data": {"at": NOON, 3: b"\xff"}},
    "numbers": {"data": {"float": 0.1 + 0.2, "large": 2**70, "minus": -0.0, "tiny": 5e-324}},
    "NUL in data": {"data": {"x\0": "\0"}},
    "nested": {"data": {"list": [1, (2, 3)], "none": None, "dict": {"b": 1, "a": 2}}},
}


@pytest.mark.parametrize("fields", NASTY.values(), ids=NASTY.keys())
async def test_whatever_is_written_reads_back_to_the_same_hash(
    db: Database, writer: Writer, fields: dict[str, Any]
) -> None:
    record(writer, entry(**({"subject": "a"} | fields)))
    assert await writer.flush()
    async with db.write() as session:
        await append(session, entry(**({"subject": "b"} | fields)))
    assert verify(await lines_of(db)) is None
    assert (await verdict(db)).ok


async def test_many_writers_at_once_do_not_fork_the_chain(db: Database, writer: Writer) -> None:
    async def person(number: int) -> None:
        async with db.write() as session:
            await append(session, entry(f"person {number}"))

    async def machines(number: int) -> None:
        own = Writer(db.write)
        for each in range(5):
            record(own, entry(f"machine {number} {each}"))
        assert await own.flush()

    await asyncio.gather(*(person(n) for n in range(20)), *(machines(n) for n in range(5)))
    lines = await lines_of(db)
    assert [line.id for line in lines] == [*range(1, 46)]
    assert await verdict(db) == Verdict(ok=True, count=45, head=lines[-1].hash, broken_id=None)


async def filled(db: Database, count: int = 5) -> None:
    async with db.write() as session:
        await store.append(session, [entry(f"device {number}") for number in range(count)])


async def test_an_empty_chain_is_whole(db: Database) -> None:
    assert await verdict(db) == Verdict(ok=True, count=0, head="0" * 64, broken_id=None)


@pytest.mark.parametrize("page", [1, 2, 3, 1000])
async def test_the_walk_is_the_same_in_pages_of_any_size(
    db: Database, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    monkeypatch.setattr(check_module, "PAGE", page)
    await filled(db)
    assert (await verdict(db)).ok
    await by_hand(db, "UPDATE audit_entries SET outcome = 'boot' WHERE id = 4")
    assert (await verdict(db)).broken_id == 4


TAMPERED = {
    "a line changed": ("UPDATE audit_entries SET actor = 'x' WHERE id = 2", 2),
    "a line's time changed": ("UPDATE audit_entries SET at = at + 1 WHERE id = 3", 3),
    "a line's data changed": ("UPDATE audit_entries SET data = '[1]' WHERE id = 3", 3),
    "a line removed": ("DELETE FROM audit_entries WHERE id = 3", 3),
    "the first line removed": ("DELETE FROM audit_entries WHERE id = 1", 1),
    "the last line removed": ("DELETE FROM audit_entries WHERE id = 5", 5),
    "the end removed": ("DELETE FROM audit_entries WHERE id > 2", 3),
    "every line removed": ("DELETE FROM audit_entries", 1),
    "the head removed": ("DELETE FROM audit_head", 1),
    "the head set back": ("UPDATE audit_head SET count = 4", 5),
    "the head's hash changed": ("UPDATE audit_head SET hash = prefix || substr(hash, 2)", 5),
    "the last line removed and the head counted down": (
        "DELETE FROM audit_entries WHERE id = 5; UPDATE audit_head SET count = 4",
        4,
    ),
    "a line added by hand": (
        "INSERT INTO audit_entries SELECT 6, at, actor, address, action, subject, outcome, data,"
        " count, hash, prev_hash FROM audit_entries WHERE id = 5",
        6,
    ),
}


@pytest.mark.parametrize(("what", "broken"), TAMPERED.values(), ids=TAMPERED.keys())
async def test_tampering_is_noticed_and_the_first_bad_line_named(
    db: Database, what: str, broken: int
) -> None:
    await filled(db)
    for statement in what.replace("prefix", "'x'").split(";"):
        await by_hand(db, statement)
    found = await verdict(db)
    assert (found.ok, found.broken_id) == (False, broken)


async def test_lines_added_while_the_chain_is_walked_do_not_matter(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await filled(db)
    page_after = store.page_after

    async def and_somebody_writes(*args: Any) -> list[Line]:
        async with db.write() as session:
            await append(session, entry("meanwhile"))
        return await page_after(*args)

    monkeypatch.setattr(check_module, "PAGE", 2)
    monkeypatch.setattr(store, "page_after", and_somebody_writes)
    found = await verdict(db)
    assert (found.ok, found.count) == (True, 5)


async def test_with_the_head_gone_nothing_is_added_and_the_error_says_what_to_do(
    db: Database,
) -> None:
    await filled(db)
    await by_hand(db, "DELETE FROM audit_head")
    async with db.write() as session:
        with pytest.raises(ChainBroken, match="restore both tables"):
            await append(session, entry())
        await session.rollback()
    assert len(await lines_of(db)) == 5
