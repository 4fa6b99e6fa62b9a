"""Filling the mirror without internet: files of a folder or tar below data/import.

Which file of which build it is comes from its name: `<schematic>/<version>/<name>`, or the plain
name where the operator says schematic and version. The name may be the factory's or a release's.
Only what a SHA256SUMS (or a release's sha256sum.txt) beside it lists is taken.
"""

import asyncio
import re
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from ktizo.core.errors import Invalid, KtizoError
from ktizo.core.importing import (
    CHECKSUMS,
    CHECKSUMS_BYTES,
    ChecksumsUnreadable,
    checksums_in,
    copy,
)
from ktizo.core.shelf import Incoming
from ktizo.core.upload import Announced
from ktizo.images.archive import Bundle, open_bundle
from ktizo.images.image import SCHEMATIC, VERSION, Image, named, version_tag
from ktizo.images.keep import Source, keep
from ktizo.images.mirror import Mirror
from ktizo.images.tables import FileRow

_SCHEMATIC, _VERSION = re.compile(SCHEMATIC), re.compile(VERSION)
WHOLE = CHECKSUMS[0]  # lists what is there; a release's own list has much that nobody copied


class NoChecksums(Invalid):
    """Nothing says what the files' checksums must be."""


@dataclass(frozen=True)
class Build:
    """What the plain names in an import belong to."""

    schematic: str
    version: str


@dataclass
class Imported:
    """What became of an import, by name inside it."""

    taken: dict[str, FileRow] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Import:
    mirror: Mirror
    bundle: Bundle
    build: Build | None
    sums: dict[str, str]

    async def take(self, name: str, done: Imported) -> None:
        """Take one file, or note why not; raises only what is every file's fault."""
        image, expected = self._image(name), self.sums.get(name)
        if image is None:
            done.refused[name] = "its name is not that of a file of a build, as kernel-amd64"
        elif expected is None:
            done.refused[name] = "no SHA256SUMS beside it lists it"
        else:
            try:
                done.taken[name] = await self._keep(name, image, expected)
            except KtizoError as error:
                if error.status >= 500:
                    raise
                done.refused[name] = error.message
            except OSError:
                done.refused[name] = "not a plain file that can be read"

    async def _keep(self, name: str, image: Image, expected: str) -> FileRow:
        incoming = await self._copy(name, image, expected)
        try:
            row = await keep(
                self.mirror.database, self.mirror.shelf, image, incoming, Source.LISTED
            )
        finally:
            await asyncio.to_thread(incoming.discard)
        self.mirror.tell_stored(row)
        return row

    async def _copy(self, name: str, image: Image, expected: str) -> Incoming:
        file, size = await asyncio.to_thread(self.bundle.open, name)
        try:
            return await copy(
                self.mirror.shelf,
                file.read,
                size,
                Announced(self.mirror.limit, size, expected),
                lambda so_far: self.mirror.tell_progress(image, so_far, size),
            )
        finally:
            await asyncio.to_thread(file.close)

    def _image(self, name: str) -> Image | None:
        path = PurePosixPath(name)
        above = path.parts[-3:-1]
        if len(above) == 2 and _SCHEMATIC.fullmatch(above[0]) and _VERSION.fullmatch(above[1]):
            return named(above[0], version_tag(above[1]), path.name)
        if self.build is None:
            return None
        return named(self.build.schematic, version_tag(self.build.version), path.name)


async def take(mirror: Mirror, root: Path, path: str, build: Build | None) -> Imported:
    """Import the folder or tar `root`/`path`. What is good is kept, whatever else is in it."""
    bundle = await asyncio.to_thread(open_bundle, root, path)
    try:
        sums, promised = await asyncio.to_thread(_sums, bundle)
        if not sums:
            raise NoChecksums(f"there is no {WHOLE} in {path}; make one with sha256sum")
        done = Imported(refused=dict(bundle.refused))
        work = _Import(mirror, bundle, build, sums)
        for name in bundle.names:
            if PurePosixPath(name).name not in CHECKSUMS:
                await work.take(name, done)
        for name in promised - set(bundle.names) - bundle.refused.keys():
            done.refused[name] = "its checksum is listed, and the file is not there"
    finally:
        await asyncio.to_thread(bundle.close)
    await mirror.let_go(row.id for row in done.taken.values())
    await mirror.sweep()
    return done


def _sums(bundle: Bundle) -> tuple[dict[str, str], set[str]]:
    """Return the checksums by name inside the bundle, and which names must be there."""
    found: dict[str, str] = {}
    promised: set[str] = set()
    for name in bundle.names:
        path = PurePosixPath(name)
        if path.name in CHECKSUMS:
            file, size = bundle.open(name)
            with file:
                if size > CHECKSUMS_BYTES:
                    raise ChecksumsUnreadable(f"{name} is too large")
                text = file.read(CHECKSUMS_BYTES).decode(errors="replace")
            listed = checksums_in(name, text)
            here = {str(path.parent / each): sha256 for each, sha256 in listed.items()}
            found |= here
            promised |= here.keys() if path.name == WHOLE else set()
    return found, promised
