"""The last events in memory, already written as the bytes every listener gets. No I/O here."""

from collections import deque
from collections.abc import Sequence

from pydantic import TypeAdapter

from ktizo.events.kinds import EVERYTHING, Event, Wanted

CHUNK_MAX = 500  # events in one frame

_LIST = TypeAdapter(list[Event])


def frame(events: Sequence[Event], position: int) -> bytes:
    """Return one server-sent event holding `events` as a JSON array.

    `position` becomes the browser's Last-Event-ID: it has everything up to there.
    """
    return b"id: %d\nevent: events\ndata: %b\n\n" % (position, _LIST.dump_json(list(events)))


class Chunk:
    """Events that are sent together; encoded once for all who want everything."""

    def __init__(self, events: Sequence[Event]) -> None:
        self.events = tuple(events)
        self.first = self.events[0].id
        self.last = self.events[-1].id
        self._whole = b""

    def frame(self, after: int, wanted: Wanted) -> bytes:
        """Return what a listener that has everything up to `after` still wants; empty: nothing."""
        if wanted == EVERYTHING and after < self.first:
            self._whole = self._whole or frame(self.events, self.last)
            return self._whole
        chosen = [event for event in self.events if event.id > after and wanted.has(event)]
        return frame(chosen, self.last) if chosen else b""


class Ring:
    """The newest events, at most `size` and at least one chunk. It holds every event with
    horizon < id <= newest."""

    def __init__(self, size: int, newest: int = 0) -> None:
        self._size = size
        self._chunks: deque[Chunk] = deque()
        self._held = 0
        self.newest = newest
        self.horizon = newest

    def add(self, events: Sequence[Event]) -> None:
        """Take events with growing ids; those already here are passed over."""
        fresh = [event for event in events if event.id > self.newest]
        for start in range(0, len(fresh), CHUNK_MAX):
            chunk = Chunk(fresh[start : start + CHUNK_MAX])
            self._chunks.append(chunk)
            self._held += len(chunk.events)
            self.newest = chunk.last
        while self._held > self._size and len(self._chunks) > 1:
            dropped = self._chunks.popleft()
            self._held -= len(dropped.events)
            self.horizon = dropped.last

    def forget(self, horizon: int) -> None:
        """Drop everything: events up to `horizon` came that we do not hold."""
        self._chunks.clear()
        self._held = 0
        self.newest = self.horizon = horizon

    def covers(self, position: int) -> bool:
        """Say whether a listener at `position` can go on from memory alone."""
        return self.horizon <= position <= self.newest

    def next_after(self, position: int) -> Chunk | None:
        """Return the oldest chunk that holds something newer than `position`."""
        found = None
        for chunk in reversed(self._chunks):  # nearly always the last one or none
            if chunk.last <= position:
                break
            found = chunk
        return found
