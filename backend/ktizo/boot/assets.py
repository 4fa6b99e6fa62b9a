"""Finding a profile's file for a machine, and never one whose content is not what was verified.

A file is looked up by exact name in the table, so no path a machine sends ever reaches the disk.
Whether it still is what was verified is asked at every request (core/verify.py).
"""

import os
import re
from collections.abc import Awaitable, Callable
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
from ktizo.images import ready
from ktizo.images.image import SCHEMATIC, VERSION, Part, build_key

KEPT = 4096  # lookups remembered
_PROFILE, _FILE = re.compile(PROFILE_NAME), re.compile(FILE_NAME)
_SCHEMATIC, _VERSION = re.compile(SCHEMATIC), re.compile(VERSION)
_PARTS: dict[Part | None, str] = {Part.KERNEL: "kernel", Part.INITRAMFS: "initrd"}
Look = Callable[[], Awaitable[tuple[Stored, str] | None]]


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
        if not (_PROFILE.fullmatch(profile) and _FILE.fullmatch(file)):
            raise AssetUnknown("no such file")
        stored, part = await self._lookup(
            (profile, file), lambda: store.boot_asset(self._reader, profile, file)
        )
        return await self._verified(
            stored, part, f"{file} of {profile}", {"profile": profile, "file": file}
        )

    async def find_image(self, schematic: str, version: str, file: str) -> AssetFile:
        """Return a file of the mirror; raises AssetUnknown or AssetAltered."""
        build = build_key(schematic, version)
        if not (
            _SCHEMATIC.fullmatch(schematic)
            and _VERSION.fullmatch(version)
            and _FILE.fullmatch(file)
        ):
            raise AssetUnknown("no such file")
        stored, part = await self._lookup(
            (build, file), lambda: self._of_mirror(schematic, version, file)
        )
        return await self._verified(
            stored, part, f"{file} of {build}", {"build": build, "file": file}
        )

    async def _verified(
        self, stored: Stored, part: str, what: str, data: dict[str, object]
    ) -> AssetFile:
        try:
            found = await self._verifier.check(stored)
        except Altered as error:
            if error.news:
                data |= {"sha256": stored.sha256}
                record(self._writer, EventKind.ASSET_ALTERED, data=data)
            raise AssetAltered(f"{what} is not what was stored; bring it again") from error
        return AssetFile(self._shelf.path(stored.sha256), stored.sha256, found.st_size, found, part)

    async def _of_mirror(
        self, schematic: str, version: str, file: str
    ) -> tuple[Stored, str] | None:
        stored = await ready.find(self._reader, schematic, version, file)
        part = _PARTS.get(ready.part_of(schematic, version, file), "file")
        return (stored, part) if stored is not None else None

    async def _lookup(self, key: tuple[str, str], look: Look) -> tuple[Stored, str]:
        version = await self._reader.version()
        if version != self._version or len(self._found) >= KEPT:
            self._found.clear()
            self._version = version
        found = self._found.get(key)
        if found is None:
            found = await look()
            if found is None:
                raise AssetUnknown(f"{key[0]} has no file {key[1]}")
            self._found[key] = found
        return found
