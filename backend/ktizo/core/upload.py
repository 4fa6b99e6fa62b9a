"""Taking a file from a stream, and telling how far it is."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from ktizo.core.shelf import CHUNK, Incoming, Shelf

EVERY_S = 1.0
EVERY_SHARE = 0.05

Tell = Callable[[int], None]  # how many bytes are there


@dataclass(frozen=True)
class Announced:
    """What the sender says about a file before it comes. `limit` and `size` in bytes."""

    limit: int
    size: int | None = None
    sha256: str | None = None


@dataclass
class Progress:
    """Tells once a second, or every twentieth of a known size, whichever comes first."""

    tell: Tell
    total: int | None
    _told: int = 0
    _at: float = field(default_factory=time.monotonic)

    def reached(self, size: int) -> None:
        """Note that `size` bytes are there."""
        step = self.total * EVERY_SHARE if self.total else float("inf")
        now = time.monotonic()
        if size - self._told >= step or now - self._at >= EVERY_S:
            self._told, self._at = size, now
            self.tell(size)


async def receive(
    shelf: Shelf, chunks: AsyncIterator[bytes], announced: Announced, tell: Tell
) -> Incoming:
    """Write `chunks` to a temporary file and verify it; on any failure nothing is left.

    The caller puts the result in place, or discards it.
    """
    incoming = await asyncio.to_thread(shelf.receive, announced.limit, announced.size)
    progress = Progress(tell, announced.size)
    waiting = bytearray()
    try:
        async for chunk in chunks:
            waiting += chunk
            if len(waiting) >= CHUNK:
                await asyncio.to_thread(incoming.write, bytes(waiting))
                waiting.clear()
                progress.reached(incoming.size)
        await asyncio.to_thread(incoming.write, bytes(waiting))
        await asyncio.to_thread(incoming.finish, announced.sha256, announced.size)
    except BaseException:
        incoming.discard()
        raise
    return incoming
