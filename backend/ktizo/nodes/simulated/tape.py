"""Things that happened, in order; followers read at their own pace and nothing waits for them."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Tape(Generic[Item]):
    """The last `keep` items; a follower that falls further behind misses the oldest."""

    def __init__(self, keep: int = 1000) -> None:
        self._items: deque[Item] = deque(maxlen=keep)
        self._news = asyncio.Event()
        self.end = 0  # how many there ever were

    @property
    def begin(self) -> int:
        """The position of the oldest item that is kept."""
        return self.end - len(self._items)

    def append(self, item: Item) -> None:
        """Add an item and wake the followers."""
        self._items.append(item)
        self.end += 1
        self._news.set()
        self._news = asyncio.Event()

    def since(self, position: int) -> list[Item]:
        """Return the items from `position` on, as far as they are kept."""
        return list(self._items)[max(0, position - self.begin) :]

    async def follow(self, position: int) -> AsyncGenerator[Item, None]:
        """Give the items from `position` on, and every later one as it comes."""
        while True:
            position = max(position, self.begin)
            while position < self.end:
                yield self._items[position - self.begin]
                position = max(position + 1, self.begin)
            await self._news.wait()
