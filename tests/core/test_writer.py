import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from anyio.lowlevel import checkpoint
from hypothesis import given
from hypothesis import strategies as st

from ktizo.core import writer as writer_module
from ktizo.core.db import Database, Meta
from ktizo.core.errors import Unavailable
from ktizo.core.writer import Writer

pytestmark = pytest.mark.anyio


class Table:
    """A table in memory with transactions, and disks that fail when told to."""

    def __init__(self) -> None:
        self.batches: list[list[Any]] = []
        self.fail: Callable[[list[Any]], BaseException | None] = lambda _: None
        self.steps_at_commit = 0

    @property
    def rows(self) -> list[Any]:
        return [row for batch in self.batches for row in batch]

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[list[Any]]:
        written: list[Any] = []
        yield written
        await checkpoint()
        failure = self.fail(written)
        if failure is not None:
            raise failure
        self.batches.append(written)
        for _ in range(self.steps_at_commit):
            await checkpoint()


class Counting:
    """A sink whose items are (what, how often)."""

    def __init__(self, name: str = "counting", rank: int = 0) -> None:
        self.name = name
        self.rank = rank
        self.told: list[Any] = []

    def merge(self, old: tuple[Any, int], new: tuple[Any, int]) -> tuple[Any, int]:
        return old[0], old[1] + new[1]

    async def write(self, session: list[Any], items: Sequence[Any]) -> None:
        for item in items:
            await checkpoint()
            session.append(item)

    def after_commit(self, items: Sequence[Any]) -> None:
        self.told += items


def put_each(writer: Writer, sink: Counting, keys: Sequence[Any]) -> None:
    for key in keys:
        writer.put(sink, key, (key, 1))


async def test_items_are_written_in_the_order_they_came_and_in_one_transaction() -> None:
    table, sink = Table(), Counting()
    writer = Writer(table.transaction)
    put_each(writer, sink, [3, 1, 2])
    assert writer.backlog == 3
    assert await writer.flush()
    assert table.batches == [[(3, 1), (1, 1), (2, 1)]]
    assert sink.told == table.rows
    assert (writer.backlog, writer.healthy) == (0, True)


async def test_equal_keys_that_wait_together_are_one_item() -> None:
    table, sink, other = Table(), Counting(), Counting("other")
    writer = Writer(table.transaction)
    put_each(writer, sink, ["a", "b", "a", "a"])
    put_each(writer, other, ["a"])
    await writer.flush()
    assert table.rows == [("a", 3), ("b", 1), ("a", 1)]
    put_each(writer, sink, ["a"])
    await writer.flush()
    assert table.rows[-1] == ("a", 1)


async def test_a_burst_is_written_in_batches_of_bounded_size(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(writer_module, "BATCH", 10)
    table, sink = Table(), Counting()
    writer = Writer(table.transaction)
    put_each(writer, sink, range(25))
    await writer.flush()
    assert [len(batch) for batch in table.batches] == [10, 10, 5]
    assert [row[0] for row in table.rows] == [*range(25)]


async def test_within_a_batch_sinks_of_lower_rank_go_first() -> None:
    table = Table()
    writer = Writer(table.transaction)
    for name, rank in (("audit", 2), ("devices", 0), ("events", 1)):
        put_each(writer, Counting(name, rank), [name])
    await writer.flush()
    assert [row[0] for row in table.rows] == ["devices", "events", "audit"]


async def test_a_failure_keeps_items_and_their_order_and_says_so_until_it_is_over() -> None:
    table, sink = Table(), Counting()
    writer = Writer(table.transaction)
    table.fail = lambda _: Unavailable("the disk is full")
    put_each(writer, sink, ["a", "b"])
    assert not await writer.flush()
    assert (writer.healthy, writer.last_error, writer.backlog) == (False, "the disk is full", 2)
    put_each(writer, sink, ["c", "a"])
    assert not await writer.flush()
    assert sink.told == []

    table.fail = lambda _: None
    assert await writer.flush()
    assert table.rows == [("a", 2), ("b", 1), ("c", 1)]
    assert (writer.healthy, writer.last_error) == (True, "")
    assert sink.told == table.rows


async def test_what_comes_while_a_batch_is_written_is_written_after_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table, sink = Table(), Counting()
    writer = Writer(table.transaction)
    put_each(writer, sink, ["a", "b"])
    flushing = asyncio.create_task(writer.flush())
    while writer.backlog:
        await checkpoint()
    put_each(writer, sink, ["a", "c"])
    assert await flushing
    assert table.rows == [("a", 1), ("b", 1), ("a", 1), ("c", 1)]


async def test_a_failure_merges_what_came_meanwhile_behind_what_was_there() -> None:
    table, sink = Table(), Counting()
    writer = Writer(table.transaction)
    table.fail = lambda _: Unavailable("no")
    put_each(writer, sink, ["a", "b"])
    flushing = asyncio.create_task(writer.flush())
    while writer.backlog:
        await checkpoint()
    put_each(writer, sink, ["c", "b"])
    assert not await flushing
    table.fail = lambda _: None
    await writer.flush()
    assert table.rows == [("a", 1), ("b", 2), ("c", 1)]


async def test_when_too_much_waits_new_items_are_dropped_and_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(writer_module, "BACKLOG", 3)
    table, sink = Table(), Counting()
    writer = Writer(table.transaction)
    put_each(writer, sink, ["a", "b", "c", "d", "a", "e"])
    assert (writer.backlog, writer.dropped) == (3, 2)
    await writer.flush()
    assert table.rows == [("a", 2), ("b", 1), ("c", 1)]


async def test_the_bound_also_holds_while_the_disk_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_module, "BACKLOG", 3)
    table, sink = Table(), Counting()
    writer = Writer(table.transaction)
    table.fail = lambda _: Unavailable("the disk is full")
    for key in range(10):
        put_each(writer, sink, [key])
        await writer.flush()
    assert (writer.backlog, writer.dropped) == (3, 7)


async def test_two_flushes_at_once_write_everything_once() -> None:
    table, sink = Table(), Counting()
    writer = Writer(table.transaction)
    put_each(writer, sink, range(5))
    assert await asyncio.gather(*(writer.flush() for _ in range(3))) == [True] * 3
    assert [row[0] for row in table.rows] == [*range(5)]


async def test_in_the_background_items_are_written_without_being_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(writer_module, "FLUSH_S", 0)
    monkeypatch.setattr(writer_module, "RETRY_S", 0)
    table, sink = Table(), Counting()
    failures = iter([Unavailable("not yet"), Unavailable("not yet")])
    table.fail = lambda _: next(failures, None)
    writer = Writer(table.transaction)
    writer.start()
    put_each(writer, sink, ["a"])
    while not sink.told:
        await checkpoint()
    put_each(writer, sink, ["b"])
    while len(sink.told) < 2:
        await checkpoint()
    await writer.stop()
    assert table.rows == [("a", 1), ("b", 1)]


async def test_stopping_writes_what_still_waits() -> None:
    table, sink = Table(), Counting()
    writer = Writer(table.transaction)
    writer.start()
    put_each(writer, sink, ["a"])
    await writer.stop()
    await writer.stop()
    assert table.rows == [("a", 1)]


async def test_cancelling_before_the_commit_loses_and_doubles_nothing() -> None:
    for steps in range(8):
        table, sink = Table(), Counting()
        writer = Writer(table.transaction)
        put_each(writer, sink, ["a", "b", "c"])
        task = asyncio.create_task(writer.flush())
        for _ in range(steps):
            await checkpoint()
        if table.batches:
            break
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        put_each(writer, sink, ["d"])
        await writer.flush()
        assert [row[0] for row in table.rows] == ["a", "b", "c", "d"], steps


async def test_cancelling_while_the_commit_runs_loses_and_doubles_nothing() -> None:
    table, sink = Table(), Counting()
    table.steps_at_commit = 3  # the disk has it, the answer is still on its way
    writer = Writer(table.transaction)
    put_each(writer, sink, ["a"])
    task = asyncio.create_task(writer.flush())
    while not table.batches:
        await checkpoint()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await writer.flush()
    assert table.rows == [("a", 1)]


async def test_a_listener_that_fails_does_not_end_the_writer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(writer_module, "FLUSH_S", 0)

    class Broken(Counting):
        def after_commit(self, items: Sequence[Any]) -> None:
            raise RuntimeError("a bug in the broker")

    table, broken, sink = Table(), Broken("broken", rank=0), Counting("fine", rank=1)
    writer = Writer(table.transaction)
    writer.start()
    task = writer._task
    assert task is not None
    put_each(writer, broken, ["a"])
    put_each(writer, sink, ["b"])
    while not (sink.told or task.done()):
        await checkpoint()
    assert not task.done()
    assert sink.told == [("b", 1)]
    await writer.stop()


async def test_one_item_that_no_database_takes_does_not_hold_back_the_others() -> None:
    table, sink = Table(), Counting()
    writer = Writer(table.transaction)
    table.fail = lambda rows: ValueError("NUL") if ("bad", 1) in rows else None
    put_each(writer, sink, ["a", "bad", "b"])
    assert await writer.flush()
    assert table.rows == [("a", 1), ("b", 1)]
    assert sink.told == table.rows
    assert (writer.dropped, writer.healthy) == (1, True)


async def test_looking_for_the_bad_item_doubles_nothing_when_the_disk_fills_up_meanwhile() -> None:
    table, sink = Table(), Counting()
    writer = Writer(table.transaction)
    failures = iter([ValueError("NUL"), None, Unavailable("the disk is full")])
    table.fail = lambda _: next(failures, None)
    put_each(writer, sink, ["a", "b", "c"])
    assert not await writer.flush()
    assert await writer.flush()
    assert table.rows == [("a", 1), ("b", 1), ("c", 1)]


async def test_putting_never_raises() -> None:
    class Broken(Counting):
        def merge(self, old: Any, new: Any) -> Any:
            raise RuntimeError("a bug in a sink")

    table, sink = Table(), Broken()
    writer = Writer(table.transaction)
    put_each(writer, sink, ["a", "a"])
    assert await writer.flush()
    assert table.rows == [("a", 1)]


ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.integers(0, 4)),
        st.tuples(st.just("flush"), st.booleans()),
        st.tuples(st.just("cancel"), st.integers(0, 4)),
    ),
    max_size=30,
)


@given(ACTIONS)
def test_whatever_fails_and_when_every_item_is_written_exactly_once_in_the_end(
    actions: list[tuple[str, int]],
) -> None:
    async def story() -> None:
        table, sink = Table(), Counting()
        writer = Writer(table.transaction)
        put = dict.fromkeys(range(5), 0)
        for what, which in actions:
            table.fail = lambda _: None
            if what == "put":
                put[which] += 1
                put_each(writer, sink, [which])
            elif what == "flush":
                failure = Unavailable("no") if which else None
                table.fail = lambda _, failure=failure: failure  # type: ignore[misc]
                await writer.flush()
            else:
                table.fail = lambda _: Unavailable("so that nothing is committed")
                task = asyncio.create_task(writer.flush())
                for _ in range(which):
                    await checkpoint()
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        table.fail = lambda _: None
        assert await writer.flush()
        written = dict.fromkeys(range(5), 0)
        for key, count in table.rows:
            written[key] += count
        assert written == put
        assert sink.told == table.rows

    asyncio.run(story())


class MetaSink:
    """Writes rows of the real database."""

    name = "meta"
    rank = 0

    def merge(self, _old: tuple[str, int], new: tuple[str, int]) -> tuple[str, int]:
        return new

    async def write(self, session: Any, items: Sequence[tuple[str, int]]) -> None:
        await session.execute(sa.insert(Meta), [{"key": k, "value": v} for k, v in items])

    def after_commit(self, items: Sequence[tuple[str, int]]) -> None: ...


async def test_on_a_real_database_the_rest_of_a_batch_is_kept_without_its_bad_item(
    db: Database, caplog: pytest.LogCaptureFixture
) -> None:
    writer, sink = Writer(db.write), MetaSink()

    async def keys() -> set[str]:
        async with db.read() as session:
            return set(await session.scalars(sa.select(Meta.key)))

    writer.put(sink, 1, ("a", 1))
    writer.put(sink, 2, ("b", 1))
    assert await writer.flush()
    writer.put(sink, 3, ("c", 1))
    writer.put(sink, 4, ("a", 1))  # there is an "a" already
    writer.put(sink, 5, ("d", 1))
    assert await writer.flush()
    assert await keys() == {"a", "b", "c", "d"}
    assert writer.dropped == 1


async def test_people_write_while_the_writer_writes(db: Database) -> None:
    writer, sink = Writer(db.write), MetaSink()

    async def person(number: int) -> None:
        async with db.write() as session:
            session.add(Meta(key=f"person {number}", value=1))

    async def machines() -> None:
        for number in range(20):
            writer.put(sink, number, (f"machine {number}", 1))
            assert await writer.flush()

    await asyncio.gather(machines(), *(person(number) for number in range(20)))
    async with db.read() as session:
        assert await session.scalar(sa.select(sa.func.count()).select_from(Meta)) == 40


async def test_a_waiting_item_is_given_back_to_be_counted_into_and_nothing_else_is() -> None:
    table, sink, other = Table(), Counting(), Counting("other")
    writer = Writer(table.transaction)
    item = ["a", 1]
    writer.put(sink, "a", item)
    assert writer.waiting(sink, "a") is item
    assert writer.waiting(sink, "b") is None
    assert writer.waiting(other, "a") is None
    item[1] = 2
    assert await writer.flush()
    assert table.rows == [["a", 2]]
    assert writer.waiting(sink, "a") is None, "what is being written is counted no more"
