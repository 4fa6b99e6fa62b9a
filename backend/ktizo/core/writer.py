"""The one batching writer: sightings, timeline events and audit lines, never on the critical path.

One transaction for a batch costs 58 microseconds an item against 1.4 ms for a transaction each,
and a machine that asks does not wait for the disk. The price: up to `FLUSH_S` of history is lost
when the process is killed. Nothing that decides what a machine may do goes this way.
"""

import asyncio
import logging
from collections.abc import Callable, Hashable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, TypeVar

from ktizo.core.errors import KtizoError

log = logging.getLogger(__name__)

FLUSH_S = 0.1
BATCH = 500
BACKLOG = 50_000  # items; more than that and new ones are dropped, counted and reported
RETRY_S = 2.0


Item = TypeVar("Item")


class Sink(Protocol[Item]):
    """Where one kind of item goes. `name` is unique; `merge` folds items of equal key.

    Within a batch sinks of lower `rank` write first, so that every process takes its locks in the
    same order (devices 0, events 1, audit 2).
    """

    name: str
    rank: int

    def merge(self, old: Item, new: Item) -> Item:
        """Fold `new` into `old`, both waiting under one key."""

    async def write(self, session: Any, items: Sequence[Item]) -> None:
        """Write a batch inside the given transaction; all or nothing."""

    def after_commit(self, items: Sequence[Item]) -> None:
        """Tell who listens, once the batch is safe."""


_Items = dict[tuple[str, Hashable], tuple[Sink[Any], Any]]


class Writer:
    """Collects items and writes them in batches, in the order they came."""

    def __init__(self, transaction: Callable[[], AbstractAsyncContextManager[Any]]) -> None:
        self._transaction = transaction
        self._waiting: _Items = {}
        self._wake = asyncio.Event()
        self._flushing = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self.healthy = True
        self.dropped = 0
        self.last_error = ""

    def put(self, sink: Sink[Any], key: Hashable, item: Any) -> None:
        """Take `item`; returns at once and never raises. Equal keys waiting together are merged."""
        place = (sink.name, key)
        before = self._waiting.get(place)
        if before is not None:
            self._waiting[place] = (sink, sink.merge(before[1], item))
        elif len(self._waiting) >= BACKLOG:
            self.dropped += 1
        else:
            self._waiting[place] = (sink, item)
            self._wake.set()

    @property
    def backlog(self) -> int:
        """Items that wait to be written."""
        return len(self._waiting)

    def start(self) -> None:
        """Begin to write in the background."""
        self._task = asyncio.create_task(self._run(), name="writer")

    async def stop(self) -> None:
        """Write what waits, once, and end."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        await self.flush()

    async def flush(self) -> bool:
        """Write everything that waits now; True when it is safe on disk."""
        async with self._flushing:
            while self._waiting:
                if not await self._flush_some():
                    return False
        return True

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            await asyncio.sleep(FLUSH_S)  # let a burst gather
            if not await self.flush():
                await asyncio.sleep(RETRY_S)
                self._wake.set()

    async def _flush_some(self) -> bool:
        places = list(self._waiting)[:BATCH]
        taken = {place: self._waiting.pop(place) for place in places}
        try:
            await self._write_all(taken)
        except asyncio.CancelledError:
            self._put_back(taken)
            raise
        except KtizoError as error:  # the database is away or the disk is full: nothing is lost
            if self.healthy:
                log.error("history cannot be written, will try again: %s", error)
            self.healthy, self.last_error = False, str(error)
            self._put_back(taken)
            return False
        self.healthy, self.last_error = True, ""
        return True

    async def _write_all(self, taken: _Items) -> None:
        try:
            await self._write(taken)
        except KtizoError:
            raise
        except Exception:
            if len(taken) == 1:
                # One item that no database takes is a bug of ours; it must not hold up the rest.
                self.dropped += 1
                log.exception("an item of history was dropped: %s", next(iter(taken)))
                return
            for place, item in taken.items():
                await self._write_all({place: item})

    async def _write(self, taken: _Items) -> None:
        groups: dict[str, tuple[Sink[Any], list[Any]]] = {}
        for sink, item in taken.values():
            groups.setdefault(sink.name, (sink, []))[1].append(item)
        ordered = sorted(groups.values(), key=lambda group: group[0].rank)
        async with self._transaction() as session:
            for sink, items in ordered:
                await sink.write(session, items)
        for sink, items in ordered:
            try:
                sink.after_commit(items)
            except Exception:
                log.exception("%s could not tell what it wrote; it is written", sink.name)

    def _put_back(self, taken: _Items) -> None:
        newer, self._waiting = self._waiting, taken
        for (_, key), (sink, item) in newer.items():
            self.put(sink, key, item)
