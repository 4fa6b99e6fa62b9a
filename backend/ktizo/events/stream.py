"""One publisher for every open browser: coalesce, encode once, never wait for a slow reader.

Measured with 200 listeners and 500 events/s: one message per event costs 73-99 % of a core and
loses events, a JSON array per 100 ms costs 6 %. There is no queue per listener: each remembers the
id it has seen and is woken when there is more, so a slow one costs nothing. When it has fallen out
of the ring it is told to fetch the page again (`reset`).
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Sequence
from typing import Protocol
from weakref import WeakSet

from ktizo.core.errors import KtizoError, Unavailable
from ktizo.events.kinds import EVERYTHING, Event, Wanted
from ktizo.events.ring import Ring, frame

log = logging.getLogger(__name__)

RING = 2_000  # events kept in memory; also the most that a resume reads from the database
LISTENERS = 500
COALESCE_S = 0.1
PING_S = 15.0
POLL_S = 1.0
LIFETIME_S = 600.0  # then the browser asks again, and its right to listen is looked up again
RETRY_MS = 2_000


class TooManyListeners(Unavailable):
    """Every place at the stream is taken."""


class StreamClosed(Unavailable):
    """The appliance is shutting down."""


class History(Protocol):
    """What the broker asks of the events table (store.StoredHistory)."""

    async def span(self) -> tuple[int, int]:
        """Return the oldest and the newest id kept; (1, 0) when there is none."""

    async def between(
        self, after: int, upto: int | None, wanted: Wanted, limit: int
    ) -> list[Event]:
        """Return the first `limit` events with after < id <= upto, oldest first."""


class Broker:
    """Takes committed events, hands out `Listener`s."""

    def __init__(
        self,
        history: History,
        *,
        ring: int = RING,
        listeners: int = LISTENERS,
        coalesce_s: float = COALESCE_S,
        ping_s: float = PING_S,
        lifetime_s: float = LIFETIME_S,
    ) -> None:
        self.history = history
        self.ring = Ring(ring)
        self.ring_size = ring
        self.ping_s = ping_s
        self.lifetime_s = lifetime_s
        self.closed = False
        self.news = asyncio.Event()  # replaced by a new one each time it is set
        self._listeners: WeakSet[Listener] = WeakSet()
        self._places = listeners
        self._coalesce_s = coalesce_s
        self._gathered: list[Event] = []
        self._timer: asyncio.TimerHandle | None = None
        self._last_cut = float("-inf")
        self._poll: asyncio.Task[None] | None = None
        self._poke = asyncio.Event()

    @property
    def listening(self) -> int:
        """How many are listening."""
        return len(self._listeners)

    async def start(self, *, poll_s: float | None = None) -> None:
        """Begin at the newest event stored.

        With `poll_s` the table itself is read that often, and at once when this process has
        written: needed when other processes write events too (PostgreSQL, several workers).
        """
        _, newest = await self.history.span()
        self.ring.forget(newest)
        if poll_s is not None:
            self._poll = asyncio.create_task(self._read_on(poll_s), name="events")

    def publish(self, events: Sequence[Event]) -> None:
        """Take events just committed by this process. Never blocks."""
        if self._poll is not None or self.closed:
            self._poke.set()
            return
        self._gathered.extend(events)
        if self._timer is None:
            loop = asyncio.get_running_loop()
            wait_s = max(0.0, self._last_cut + self._coalesce_s - loop.time())
            self._timer = loop.call_later(wait_s, self.cut)

    def cut(self) -> None:
        """Hand out what has gathered, as one chunk; the timer of `publish` calls it."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._last_cut = asyncio.get_running_loop().time()
        gathered, self._gathered = self._gathered, []
        if gathered and gathered[0].id > self.ring.newest + 1:
            # Somebody else wrote in between. We do not have those events, so nobody may believe
            # to have seen them: listeners get a reset and fetch.
            self.ring.forget(gathered[0].id - 1)
        self._add(gathered)

    def _add(self, events: Sequence[Event]) -> None:
        if events:
            self.ring.add(events)
            self._wake()

    def _wake(self) -> None:
        news, self.news = self.news, asyncio.Event()
        news.set()

    async def _read_on(self, poll_s: float) -> None:
        failing = False
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(poll_s):
                    await self._poke.wait()
            self._poke.clear()
            try:
                await self.poll()
                failing = False
            except Exception as error:  # noqa: BLE001 - whatever it is, the next poll may work
                if not failing:
                    log.warning("live events wait for the database: %s", error)
                failing = True
            await asyncio.sleep(self._coalesce_s)

    async def poll(self) -> None:
        """Read everything newer than the ring from the table, once."""
        more = True
        while more:
            found = await self.history.between(self.ring.newest, None, EVERYTHING, self.ring_size)
            self._add(found)
            more = len(found) == self.ring_size

    def listen(self, after: int | None = None, wanted: Wanted = EVERYTHING) -> "Listener":
        """Return a listener that has seen everything up to event `after` (None: up to now).

        Raises TooManyListeners or StreamClosed. Its place is free again when it is closed or
        simply forgotten, also when its first frame was never asked for.
        """
        if self.closed:
            raise StreamClosed("Ktizo is shutting down; connect again in a few seconds")
        if len(self._listeners) >= self._places:
            raise TooManyListeners(
                f"{self._places} live views are open already; close some, or read "
                "/api/v1/events/recent"
            )
        listener = Listener(self, after, wanted)
        self._listeners.add(listener)
        return listener

    def leave(self, listener: "Listener") -> None:
        """Free the place of `listener`."""
        self._listeners.discard(listener)

    def close(self) -> None:
        """End every stream now; call it when the signal comes, not in the lifespan's shutdown.

        uvicorn and granian wait for open answers before they run the lifespan's shutdown, and a
        stream that nobody ends keeps them waiting for ever (tried).
        """
        self.closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._poll is not None:
            self._poll.cancel()
        self._wake()

    async def stop(self) -> None:
        """Close, and let the background task end."""
        self.close()
        if self._poll is not None:
            await asyncio.gather(self._poll, return_exceptions=True)


class Listener:
    """One open stream: the id up to which its reader has everything, and what it wants."""

    def __init__(self, broker: Broker, after: int | None, wanted: Wanted) -> None:
        self._broker = broker
        self._at = broker.ring.newest if after is None else after
        self._wanted = wanted

    async def frames(self) -> AsyncIterator[bytes]:
        """Yield server-sent events until the broker closes or the stream's lifetime is over."""
        broker = self._broker
        ends = asyncio.get_running_loop().time() + broker.lifetime_s
        try:
            yield b"retry: %d\n\n" % RETRY_MS
            due = await self._missed()
            while not broker.closed and asyncio.get_running_loop().time() < ends:
                if due:
                    yield due
                news = broker.news  # taken before looking, so that no wake-up is missed
                ready = self._ready()
                due = await self._wait(news) if ready is None else ready
        except KtizoError as error:
            # The reader connects again with the same Last-Event-ID, so nothing is lost.
            log.warning("a live view ends: %s", error)
        finally:
            broker.leave(self)

    def _ready(self) -> bytes | None:
        """Return the next frame from memory (empty: nothing wanted in it), None: all is seen."""
        ring = self._broker.ring
        if self._at < ring.horizon:
            return self._reset("missed")
        chunk = ring.next_after(self._at)
        if chunk is None:
            return None
        before, self._at = self._at, chunk.last
        return chunk.frame(before, self._wanted)

    async def _wait(self, news: asyncio.Event) -> bytes:
        try:
            async with asyncio.timeout(self._broker.ping_s):
                await news.wait()
        except TimeoutError:
            # A named event with data, because a browser hides comments from the page, which has to
            # tell quiet from dead. Its id moves the Last-Event-ID: who waits for one quiet machine
            # need not resume from long ago.
            return b"id: %d\nevent: ping\ndata: {}\n\n" % self._at
        return b""

    async def _missed(self) -> bytes:
        """Return what happened since the reader was last here, from the table if need be."""
        broker, ring = self._broker, self._broker.ring
        if ring.covers(self._at):
            return b""
        oldest, newest = await broker.history.span()
        if self._at > newest:
            return self._reset("unknown id")  # the database was replaced by an older one
        if self._at + 1 < oldest:
            return self._reset("too long ago")
        upto = ring.newest  # taken now: what comes later is in the ring
        if self._at >= upto:
            return b""  # another process wrote it; this one's ring will get there
        missed = await broker.history.between(self._at, upto, self._wanted, broker.ring_size + 1)
        if len(missed) > broker.ring_size:
            return self._reset("too long ago")
        self._at = upto
        return frame(missed, upto) if missed else b""

    def _reset(self, reason: str) -> bytes:
        """Tell the reader to fetch anew; what comes after this frame comes after that fetch."""
        self._at = self._broker.ring.newest
        return b'id: %d\nevent: reset\ndata: {"reason": "%b"}\n\n' % (self._at, reason.encode())
