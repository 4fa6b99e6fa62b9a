"""The one batching writer: sightings, timeline events and audit lines, never on the critical path.

One transaction for a batch costs 58 microseconds an item against 1.4 ms for a transaction each,
and a machine that asks does not wait for the disk. Nor for the processor: while many ask, items
gather for up to `LATEST_S`, and the writer rests between batches. The price: so much history is
lost when the process is killed. Nothing that decides what a machine may do goes this way.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Hashable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, TypeVar

from ktizo.core.errors import KtizoError

log = logging.getLogger(__name__)

FLUSH_S = 0.1  # time for a burst to gather
BUSY = 50  # items within FLUSH_S; with more, machines are being answered and history waits ...
LATEST_S = 2.0  # ... but no longer than this
REST = 2  # times as long as a batch took, the processor then belongs to the answers
BATCH = 200  # items of one transaction; the loop does little else while one is prepared
HURRY = 5_000  # items; with more waiting there is no rest
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
        self._came = 0
        self.healthy = True
        self.dropped = 0
        self.last_error = ""

    def put(self, sink: Sink[Any], key: Hashable, item: Any) -> None:
        """Take `item`; returns at once and never raises. Equal keys waiting together are merged."""
        self._came += 1
        place = (sink.name, key)
        before = self._waiting.get(place)
        if before is not None:
            self._waiting[place] = (sink, self._merged(sink, before[1], item))
        elif len(self._waiting) >= BACKLOG:
            self.dropped += 1
        else:
            self._waiting[place] = (sink, item)
            self._wake.set()

    def waiting(self, sink: Sink[Item], key: Hashable) -> Item | None:
        """Return the item that waits under `key`, for the caller to count one more into it.

        For answers given by the thousand: making an item only to fold it costs more than all else.
        """
        found = self._waiting.get((sink.name, key))
        if found is None:
            return None
        self._came += 1
        item: Item = found[1]
        return item

    def _merged(self, sink: Sink[Any], old: Any, new: Any) -> Any:
        try:
            return sink.merge(old, new)
        except Exception:
            self.dropped += 1
            log.exception("an item of history was dropped: %s cannot merge it", sink.name)
            return old

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
            await self._gather()
            if not await self._write_gathered():
                await asyncio.sleep(RETRY_S)
                self._wake.set()

    async def _gather(self) -> None:
        """Wait while a burst goes on: equal items become one, and answers need the processor."""
        latest = time.monotonic() + LATEST_S
        busy = True
        while busy and not self._hurried and time.monotonic() < latest:
            before = self._came
            await asyncio.sleep(FLUSH_S)
            busy = self._came - before > BUSY

    async def _write_gathered(self) -> bool:
        """Write what waits now, with a rest after each batch; what comes meanwhile gathers."""
        for _ in range(0, len(self._waiting), BATCH):
            began = time.monotonic()
            async with self._flushing:
                if self._waiting and not await self._flush_some():
                    return False
            if not self._hurried:
                await asyncio.sleep(min(REST * (time.monotonic() - began), LATEST_S))
        return True

    @property
    def _hurried(self) -> bool:
        return len(self._waiting) > HURRY

    async def _flush_some(self) -> bool:
        places = list(self._waiting)[:BATCH]
        taken = {place: self._waiting.pop(place) for place in places}
        writing = asyncio.ensure_future(self._write_all(taken))
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            # Only its end tells whether it is committed; written twice would be wrong too.
            await asyncio.wait({writing})
            if writing.exception() is not None:
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
            for place in list(taken):
                await self._write_all({place: taken[place]})
                del taken[place]  # written or dropped: what is put back later is the rest

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
