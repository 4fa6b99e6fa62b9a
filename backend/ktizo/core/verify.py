"""Telling whether a stored file still is what was verified, before a byte of it is used.

Its size and times are compared with those of its last verification every time; when they differ,
it is hashed again, and withheld if it is another file now.
"""

import asyncio
import os
import stat
from pathlib import Path

from ktizo.core.shelf import Mark, Shelf, Stored, hash_file


class Altered(Exception):
    """The file is gone, or not what was stored. `news`: nobody was told of this change yet."""

    def __init__(self, news: bool) -> None:
        super().__init__("the file is not what was stored")
        self.news = news


class Verifier:
    """Remembers how the files of a shelf looked when they were right, and when they were not."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._verified: dict[str, Mark] = {}  # by checksum: how the file looked when it was right
        self._altered: dict[str, Mark | None] = {}  # by checksum: how it looked when it was not
        self._hashing: dict[str, asyncio.Task[bool]] = {}

    async def check(self, stored: Stored) -> os.stat_result:
        """Return the stat of a file that is right; raises Altered."""
        found = _stat(self._shelf.path(stored.sha256))
        mark = None if found is None else Mark.of(found)
        if found is not None and await self._right(stored, mark):
            return found
        news = stored.sha256 not in self._altered or self._altered[stored.sha256] != mark
        self._altered[stored.sha256] = mark
        raise Altered(news)

    async def _right(self, stored: Stored, mark: Mark | None) -> bool:
        if mark is None or mark.size != stored.mark.size:
            return False
        if mark in (stored.mark, self._verified.get(stored.sha256)):
            return True
        if stored.sha256 in self._altered and self._altered[stored.sha256] == mark:
            return False
        # A restored backup has new times too: look at the content, once for all who wait.
        task = self._hashing.get(stored.sha256)
        if task is None:
            task = asyncio.create_task(self._verify(stored))
            self._hashing[stored.sha256] = task
            task.add_done_callback(lambda _: self._hashing.pop(stored.sha256, None))
        return await asyncio.shield(task)

    async def _verify(self, stored: Stored) -> bool:
        hashed = await asyncio.to_thread(hash_file, self._shelf.path(stored.sha256))
        if hashed is None or hashed[0] != stored.sha256:
            return False
        self._verified[stored.sha256] = hashed[1]
        return True


def _stat(path: Path) -> os.stat_result | None:
    try:
        found = os.stat(path, follow_symlinks=False)  # noqa: PTH116 - on the hot path
    except OSError:
        return None
    return found if stat.S_ISREG(found.st_mode) else None
