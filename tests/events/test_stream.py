import asyncio
import gc
import json
from collections.abc import AsyncIterator

import pytest
from anyio.lowlevel import checkpoint
from hypothesis import given
from hypothesis import strategies as st

from events.browser import Browser, Stage, event, take
from ktizo.core.db import Database
from ktizo.core.errors import Unavailable
from ktizo.core.writer import Writer
from ktizo.events.kinds import Event, EventKind, Wanted
from ktizo.events.record import record
from ktizo.events.ring import CHUNK_MAX, Ring
from ktizo.events.store import StoredHistory
from ktizo.events.stream import Broker, StreamClosed, TooManyListeners

pytestmark = pytest.mark.anyio

MAC = "52:54:00:aa:bb:cc"


async def test_a_new_listener_gets_what_comes_from_now_on() -> None:
    stage = await Stage(stored=10).start()
    frames, browser = stage.broker.listen().frames(), Browser()
    assert await anext(frames) == b"retry: 2000\n\n"
    stage.show(2)
    await take(frames, browser)
    assert browser.ids == [11, 12]
    assert browser.last_id == 12


async def test_what_happens_in_100_ms_is_one_frame_encoded_once_for_everybody() -> None:
    stage = await Stage().start()
    every = [stage.broker.listen().frames() for _ in range(3)]
    for frames in every:
        await anext(frames)
    for _ in range(5):
        stage.happen()
    stage.broker.cut()
    first, *others = [await anext(frames) for frames in every]
    assert all(other is first for other in others)
    assert first.startswith(b"id: 5\nevent: events\ndata: [{")
    assert first.endswith(b"}]\n\n")
    assert len(json.loads(first.split(b"data: ")[1])) == 5


async def test_an_event_after_a_quiet_time_goes_out_at_once_and_the_next_ones_gather() -> None:
    stage = await Stage().start()
    frames, browser = stage.broker.listen().frames(), Browser()
    stage.happen()
    await take(frames, browser, 2)  # nobody called cut(): the timer did, without waiting
    assert browser.ids == [1]
    stage.happen(3)
    stage.happen(4)
    waiting = asyncio.ensure_future(anext(frames))
    for _ in range(10):
        await checkpoint()
    assert not waiting.done()
    stage.broker.cut()
    browser.read(await waiting)
    assert browser.ids == [*range(1, 9)]


async def test_an_event_looks_the_same_in_the_stream_as_everywhere_else() -> None:
    stage = await Stage().start()
    frames, browser = stage.broker.listen().frames(), Browser()
    stage.show(mac=MAC, device_id=3, address="10.0.0.9", data={"file": "a\n\nb"}, count=2)
    await take(frames, browser, 2)
    at = stage.history.events[0].at.isoformat().replace("+00:00", "Z")
    assert browser.events == [
        {
            "id": 1,
            "at": at,
            "kind": "done",
            "mac": MAC,
            "device_id": 3,
            "address": "10.0.0.9",
            "data": {"file": "a\n\nb"},
            "count": 2,
        }
    ]


async def test_a_reader_who_comes_back_gets_what_was_missed_from_memory() -> None:
    stage = await Stage(stored=3).start()
    stage.show(4)
    stage.show(2)
    frames, browser = stage.broker.listen(after=5).frames(), Browser()
    await take(frames, browser, 3)
    assert browser.ids == [6, 7, 8, 9]
    assert stage.history.asked == 0


async def test_a_reader_who_was_away_for_longer_gets_it_from_the_table() -> None:
    stage = await Stage(stored=30).start()
    stage.show()
    frames, browser = stage.broker.listen(after=2).frames(), Browser()
    await take(frames, browser, 2)
    assert browser.ids == [*range(3, 32)]
    stage.show()
    await take(frames, browser)
    assert browser.ids == [*range(3, 33)]
    assert stage.history.asked == 1


async def test_who_was_away_for_too_long_is_told_to_fetch_and_goes_on_from_now() -> None:
    stage = await Stage(stored=50, ring=10).start()
    frames, browser = stage.broker.listen(after=2).frames(), Browser()
    await take(frames, browser, 2)
    assert (browser.events, browser.resets, browser.last_id) == ([], 1, 50)
    stage.show()
    await take(frames, browser)
    assert browser.ids == [51]


async def test_who_asks_for_events_that_were_pruned_is_told_to_fetch() -> None:
    stage = await Stage(stored=9).start()
    del stage.history.events[:5]
    for after, resets in ((0, 1), (4, 1), (5, 0)):
        frames, browser = stage.broker.listen(after=after).frames(), Browser()
        await take(frames, browser, 2)
        assert browser.resets == resets
    assert browser.ids == [6, 7, 8, 9]


async def test_an_id_from_before_the_database_was_replaced_is_told_to_fetch() -> None:
    stage = await Stage(stored=3).start()
    frames, browser = stage.broker.listen(after=900).frames(), Browser()
    await take(frames, browser, 2)
    assert (browser.resets, browser.last_id) == (1, 3)


async def test_a_slow_reader_skips_to_the_newest_and_is_told_to_fetch() -> None:
    stage = await Stage(ring=10).start()
    frames, browser = stage.broker.listen().frames(), Browser()
    stage.show()
    await take(frames, browser, 2)
    for _ in range(40):
        stage.show()
    await take(frames, browser)
    assert (browser.ids, browser.resets, browser.last_id) == ([1], 1, 41)
    stage.show()
    await take(frames, browser)
    assert browser.ids == [1, 42]


async def test_when_another_process_wrote_in_between_nobody_believes_to_have_seen_it() -> None:
    stage = await Stage().start()
    frames, browser = stage.broker.listen().frames(), Browser()
    stage.show()
    await take(frames, browser, 2)
    stage.history.events.append(event(2))  # not published to this broker
    stage.show()
    await take(frames, browser)
    assert (browser.ids, browser.resets, browser.last_id) == ([1], 1, 3)
    stage.show()
    await take(frames, browser)
    assert browser.ids == [1, 4]


async def test_only_what_was_asked_for_is_sent_and_the_place_moves_on_all_the_same() -> None:
    stage = await Stage(stored=2, ping_s=0.001).start()
    wanted = Wanted(frozenset({"approved"}), MAC)
    frames, browser = stage.broker.listen(after=2, wanted=wanted).frames(), Browser()
    stage.happen(mac=MAC, kind=EventKind.APPROVED)
    stage.happen(mac=MAC, kind=EventKind.DONE)
    stage.happen(kind=EventKind.APPROVED)
    stage.broker.cut()
    stage.show(7)
    await take(frames, browser, 2)
    assert browser.ids == [3]
    await take(frames, browser)
    assert (browser.pings, browser.last_id) == (1, 12)


async def test_a_quiet_stream_is_pinged() -> None:
    stage = await Stage(stored=4, ping_s=0.001).start()
    frames = stage.broker.listen().frames()
    assert [await anext(frames) for _ in range(3)] == [
        b"retry: 2000\n\n",
        b"id: 4\nevent: ping\ndata: {}\n\n",
        b"id: 4\nevent: ping\ndata: {}\n\n",
    ]


async def test_closing_ends_every_stream_at_once_and_opens_no_new_one() -> None:
    stage = await Stage().start()
    every = [stage.broker.listen().frames() for _ in range(3)]
    for frames in every:
        await anext(frames)
    waiting = [asyncio.ensure_future(collect(frames)) for frames in every]
    for _ in range(5):
        await checkpoint()
    stage.broker.close()
    assert await asyncio.gather(*waiting) == [[], [], []]
    assert stage.broker.listening == 0
    with pytest.raises(StreamClosed):
        stage.broker.listen()
    stage.happen()  # a late commit is no error


async def collect(frames: AsyncIterator[bytes]) -> list[bytes]:
    return [frame async for frame in frames]


async def test_a_stream_ends_after_its_lifetime_so_that_the_token_is_looked_at_again() -> None:
    stage = await Stage(lifetime_s=0).start()
    assert await collect(stage.broker.listen().frames()) == [b"retry: 2000\n\n"]


async def test_one_listener_too_many_is_refused_and_a_place_left_is_free_again() -> None:
    stage = await Stage(listeners=2).start()
    first, second = stage.broker.listen(), stage.broker.listen()
    with pytest.raises(TooManyListeners):
        stage.broker.listen()
    frames = first.frames()
    await anext(frames)
    await frames.aclose()  # type: ignore[attr-defined]
    assert stage.broker.listening == 1
    del second  # a client that went away before its stream began
    gc.collect()
    assert stage.broker.listening == 0


async def test_when_the_table_cannot_be_read_the_stream_ends_and_nothing_is_skipped() -> None:
    stage = await Stage(stored=9).start()

    async def broken() -> tuple[int, int]:
        raise Unavailable("the database does not answer")

    stage.history.span = broken  # type: ignore[method-assign]
    browser = Browser(last_id=3)
    for frame in await collect(stage.broker.listen(after=3).frames()):
        browser.read(frame)
    assert browser.last_id == 3


async def test_memory_is_bounded_in_events() -> None:
    ring = Ring(1000)
    for first in range(1, 10_001, 40):
        ring.add([event(id_) for id_ in range(first, first + 40)])
    assert ring.newest == 10_000
    assert 1000 - 40 <= ring.newest - ring.horizon <= 1000


async def test_a_flood_is_cut_into_frames_of_bounded_size() -> None:
    stage = await Stage().start()
    frames, browser = stage.broker.listen().frames(), Browser()
    stage.show(CHUNK_MAX + 1)
    await take(frames, browser, 2)
    assert browser.last_id == CHUNK_MAX
    await take(frames, browser)
    assert browser.ids == [*range(1, CHUNK_MAX + 2)]


# --- any interleaving -----------------------------------------------------------------------------

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("happen"), st.integers(1, 4)),
        st.tuples(st.just("cut"), st.just(0)),
        st.tuples(st.just("read"), st.integers(0, 3)),
        st.tuples(st.just("reconnect"), st.just(0)),
    ),
    max_size=60,
)


async def play(stage: Stage, browser: Browser, steps: list[tuple[str, int]]) -> None:
    frames = stage.broker.listen(browser.last_id).frames()
    for what, which in steps:
        if what == "happen":
            stage.happen(which)
        elif what == "cut":
            stage.broker.cut()
        elif what == "read":
            await read_what_is_there(frames, browser, which)
        else:  # the connection breaks, maybe with frames unread; the page comes back
            await frames.aclose()  # type: ignore[attr-defined]
            frames = stage.broker.listen(browser.last_id).frames()
    stage.broker.cut()
    await read_what_is_there(frames, browser, 1000)


async def read_what_is_there(frames: AsyncIterator[bytes], browser: Browser, most: int) -> None:
    for _ in range(most):
        pings = browser.pings
        await take(frames, browser)
        if browser.pings > pings:  # nothing more to read
            return


@given(steps=STEPS, stored=st.integers(0, 5), start=st.integers(0, 5))
def test_no_event_is_lost_or_doubled_however_often_the_connection_breaks(
    steps: list[tuple[str, int]], stored: int, start: int
) -> None:
    async def story() -> None:
        stage = await Stage(stored=stored, ring=10_000, ping_s=0).start()
        browser = Browser(last_id=min(start, stored))
        await play(stage, browser, steps)
        assert browser.ids == [*range(min(start, stored) + 1, len(stage.history.events) + 1)]
        assert browser.resets == 0

    asyncio.run(story())


@given(steps=STEPS, stored=st.integers(0, 30))
def test_with_a_tiny_memory_an_event_is_missing_only_when_a_reset_said_so(
    steps: list[tuple[str, int]], stored: int
) -> None:
    async def story() -> None:
        stage = await Stage(stored=stored, ring=5, ping_s=0).start()
        browser = Browser(last_id=0)
        await play(stage, browser, steps)
        assert browser.ids == sorted(set(browser.ids))
        missing = set(range(1, len(stage.history.events) + 1)) - set(browser.ids)
        assert browser.resets or not missing
        assert browser.last_id == len(stage.history.events)

    asyncio.run(story())


# --- several processes ----------------------------------------------------------------------------


async def test_with_polling_events_of_other_processes_show_up_too(
    db: Database, writer: Writer
) -> None:
    ours = Broker(StoredHistory(db.read), coalesce_s=0)
    await ours.start(poll_s=3600)
    frames, browser = ours.listen().frames(), Browser()
    await anext(frames)
    record(writer, EventKind.DONE, mac=MAC)  # this writer tells no broker: another process
    await writer.flush()
    ours.publish([])  # ours has written something too
    await take(frames, browser)
    assert browser.ids == [1]
    await ours.stop()


async def test_polling_reads_everything_also_when_much_has_come() -> None:
    stage = await Stage(ring=10).start()
    stage.history.events += [event(id_) for id_ in range(1, 36)]
    await stage.broker.poll()
    assert stage.broker.ring.newest == 35


async def test_polling_goes_on_after_the_database_was_away(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stage = Stage(stored=1)
    broker = Broker(stage.history, coalesce_s=0)
    await broker.start(poll_s=0)
    between, failures = stage.history.between, iter([Unavailable("away"), OSError("gone")])
    both = asyncio.Event()

    async def sometimes(*args: object) -> list[Event]:
        for failure in failures:
            raise failure
        both.set()
        return await between(*args)  # type: ignore[arg-type]

    stage.history.between = sometimes  # type: ignore[method-assign, assignment]
    stage.history.events.append(event(2))
    frames, browser = broker.listen().frames(), Browser()
    await take(frames, browser, 2)
    await both.wait()
    assert browser.ids == [2]
    assert len(caplog.records) == 1  # said once, not every second
    await broker.stop()
