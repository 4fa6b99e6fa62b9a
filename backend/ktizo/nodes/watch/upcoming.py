"""The next item of a stream, or none in time: without losing the one that comes later."""

import asyncio
from collections.abc import AsyncGenerator
from types import TracebackType
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")


class Ended(Exception):
    """The stream has no more items."""


class Upcoming(Generic[Item]):
    """Waits for items of a stream for a while each; closes the stream at its end."""

    def __init__(self, stream: AsyncGenerator[Item, None]) -> None:
        self._stream = stream
        self._next: asyncio.Future[Item] | None = None

    async def __aenter__(self) -> "Upcoming[Item]":
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._next is not None:
            self._next.cancel()
            # What it ends with is nobody's any more: the visit is over.
            await asyncio.gather(self._next, return_exceptions=True)
        await self._stream.aclose()

    async def within(self, seconds: float, woken: asyncio.Event) -> Item | None:
        """Return the next item; None when `seconds` are over or `woken` is set first.

        Raises what the stream raises, Ended at its end.
        """
        if self._next is None:
            self._next = asyncio.ensure_future(self._take())
        waking = asyncio.ensure_future(woken.wait())
        try:
            both: set[asyncio.Future[Any]] = {self._next, waking}
            await asyncio.wait(both, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waking.cancel()
        if not self._next.done():
            return None
        done, self._next = self._next, None
        return done.result()

    async def _take(self) -> Item:
        async for item in self._stream:
            return item
        raise Ended
