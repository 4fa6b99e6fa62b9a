"""What a node has sent on one call and nobody has read yet: bounded by HTTP/2's own window."""

import asyncio
from collections.abc import Callable


class Inbox:
    """Bytes of one call, in order; room is given back to the sender only as they are read.

    It takes the place of grpclib's buffer, which keeps one object per frame (a flood of tiny frames
    costs a hundred times its bytes), forgets padding, and breaks when read after the line closed.
    """

    def __init__(self, give_back: Callable[[int], None]) -> None:
        self._give_back = give_back
        self._bytes = bytearray()
        self._owed = 0  # of the window: the bytes and their frames' padding
        self._ended = False
        self._news = asyncio.Event()

    def add(self, data: bytes, window_size: int) -> None:
        """Take one frame; `window_size` is what it cost of the flow-control window."""
        self._bytes += data
        self._owed += window_size
        self._news.set()

    def eof(self) -> None:
        """Note that the other side has finished."""
        self._ended = True
        self._news.set()

    def __len__(self) -> int:
        return len(self._bytes)

    async def read(self, size: int) -> bytes:
        """Return `size` bytes, or fewer when the call ends before that."""
        found = bytearray()
        while len(found) < size:
            if not self._bytes:
                if self._ended:
                    break
                self._news.clear()
                await self._news.wait()
                continue
            part = self._bytes[: size - len(found)]
            del self._bytes[: len(part)]
            found += part
            # All of it only when all was read: the padding of what is left is owed still.
            paid = len(part) if self._bytes else self._owed
            self._owed -= paid
            self._give_back(paid)
        return bytes(found)

    def unacked_size(self) -> int:
        """Return what is owed of the window and forget the rest; nobody will read it."""
        owed, self._owed = self._owed, 0
        self._bytes.clear()
        return owed
