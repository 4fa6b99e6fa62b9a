"""Finding a profile's file for a machine, and never one whose content is not what was verified.

A file is looked up by exact name in the table, so no path a machine sends ever reaches the disk.
Whether it still is what was verified is asked at every request (core/verify.py).
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from ktizo.boot import store
from ktizo.boot.profile import PROFILE_NAME
from ktizo.core.bootdb import BootReader
from ktizo.core.errors import NotFound
from ktizo.core.shelf import Shelf, Stored
from ktizo.core.urls import FILE_NAME
from ktizo.core.verify import Altered, Verifier
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
        self._verifier = Verifier(self._shelf)

    async def find(self, profile: str, file: str) -> AssetFile:
        """Return a file of a profile; raises AssetUnknown or AssetAltered."""
        stored, part = await self._lookup(profile, file)
        try:
            found = await self._verifier.check(stored)
        except Altered as error:
            if error.news:
                data = {"profile": profile, "file": file, "sha256": stored.sha256}
                record(self._writer, EventKind.ASSET_ALTERED, data=data)
            raise AssetAltered(
                f"{file} of {profile} is not what was uploaded; upload it again"
            ) from error
        return AssetFile(self._shelf.path(stored.sha256), stored.sha256, found.st_size, found, part)

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
