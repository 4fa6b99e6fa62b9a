"""Finding a profile's file for a machine, and never one whose content is not what was verified.

A file is looked up by exact name in the table, so no path a machine sends ever reaches the disk.
Its size and times are compared with those of its last verification at every request; when they
differ, it is hashed again before the first byte is sent, and withheld if it is another file now.
"""

import asyncio
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from ktizo.boot import store
from ktizo.boot.profile import FILE_NAME, PROFILE_NAME
from ktizo.core.bootdb import BootReader
from ktizo.core.errors import NotFound
from ktizo.core.shelf import Mark, Shelf, Stored, hash_file
from ktizo.core.writer import Writer
from ktizo.events.kinds import EventKind
from ktizo.events.record import record

KEPT = 4096  # lookups remembered
_PROFILE, _FILE = re.compile(PROFILE_NAME), re.compile(FILE_NAME)


class AssetUnknown(NotFound):
    """The profile has no such file."""


class AssetAltered(NotFound):
    """The file on disk is not the one that was uploaded; it is withheld."""


@dataclass(frozen=True)
class AssetFile:
    """A verified file, ready to be sent."""

    path: Path
    sha256: str
    size: int
    stat: os.stat_result
    part: str  # kernel, initrd or file

    @property
    def etag(self) -> str:
        """Return the HTTP entity tag: strong, for it names the content."""
        return f'"{self.sha256}"'


class Assets:
    """Answers "where is this file" for the machine side."""

    def __init__(self, data_dir: Path, reader: BootReader, writer: Writer) -> None:
        self._shelf = Shelf(data_dir)
        self._reader = reader
        self._writer = writer
        self._version = -1
        self._found: dict[tuple[str, str], tuple[Stored, str]] = {}
        self._verified: dict[str, Mark] = {}  # by checksum: how the file looked when it was right
        self._altered: dict[str, Mark | None] = {}  # by checksum: how it looked when it was not
        self._hashing: dict[str, asyncio.Task[bool]] = {}

    async def find(self, profile: str, file: str) -> AssetFile:
        """Return a file of a profile; raises AssetUnknown or AssetAltered."""
        stored, part = await self._lookup(profile, file)
        path = self._shelf.path(stored.sha256)
        found = _stat(path)
        mark = None if found is None else Mark.of(found)
        if found is None or not await self._right(stored, mark):
            self._withhold(profile, file, stored.sha256, mark)
        return AssetFile(path, stored.sha256, found.st_size, found, part)

    async def _lookup(self, profile: str, file: str) -> tuple[Stored, str]:
        if not (_PROFILE.fullmatch(profile) and _FILE.fullmatch(file)):
            raise AssetUnknown("no such file")
        version = await self._reader.version()
        if version != self._version or len(self._found) >= KEPT:
            self._found.clear()
            self._version = version
        key = (profile, file)
        found = self._found.get(key)
        if found is None:
            found = await store.boot_asset(self._reader, profile, file)
            if found is None:
                raise AssetUnknown(f"profile {profile} has no file {file}")
            self._found[key] = found
        return found

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

    def _withhold(self, profile: str, file: str, sha256: str, mark: Mark | None) -> NoReturn:
        if sha256 not in self._altered or self._altered[sha256] != mark:
            self._altered[sha256] = mark
            data = {"profile": profile, "file": file, "sha256": sha256}
            record(self._writer, EventKind.ASSET_ALTERED, data=data)
        raise AssetAltered(f"{file} of {profile} is not what was uploaded; upload it again")


def _stat(path: Path) -> os.stat_result | None:
    try:
        found = os.stat(path, follow_symlinks=False)  # noqa: PTH116 - on the hot path
    except OSError:
        return None
    return found if stat.S_ISREG(found.st_mode) else None
