"""Putting a received file in its place in the mirror, and clearing away what nobody refers to.

The row that counts boot versions is locked first, by every change here, as in boot/keep.py: the
two rooms share the shelf, and a content is never removed while one is about to refer to it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from enum import StrEnum

from ktizo.core.cmdline import KERNEL_BYTES
from ktizo.core.db import AsyncSession, Database, bump_boot_version
from ktizo.core.errors import Conflict
from ktizo.core.shelf import Incoming, Shelf
from ktizo.images import store
from ktizo.images.cmdline import command_line
from ktizo.images.image import Image, Part
from ktizo.images.tables import FileRow

# What rooms to the left use: SHA-256 of contents, ids of schematics, and builds (image.build_key).
InUse = Callable[[AsyncSession], Awaitable[set[str]]]


class ChecksumPinned(Conflict):
    """The file has had another checksum before."""


class Source(StrEnum):
    """Who said what a file's checksum must be."""

    OPERATOR = "operator"
    LISTED = "listed"  # the place it comes from, or the SHA256SUMS of an import
    FIRST = "first"  # nobody: recorded when it first came


async def keep(
    database: Database, shelf: Shelf, wanted: int | Image, incoming: Incoming, source: Source
) -> FileRow:
    """Put a finished file in place as a file of the mirror, by number or as a new one.

    Raises FileNotInMirror when a number was taken off the list meanwhile, ChecksumPinned, and
    CommandLineRefused for a cmdline file that is none.
    """
    async with database.write() as session:
        await bump_boot_version(session)
        if isinstance(wanted, Image):
            row = await store.wish(session, wanted)
        else:
            row = await store.file(session, wanted)
        refuse_other(row, incoming.sha256)
        line = await asyncio.to_thread(_line, incoming) if row.part == Part.CMDLINE else None
        stored = await asyncio.to_thread(shelf.place, incoming)
        await store.arrived(session, row, stored, line, source)
    return row


def refuse_other(row: FileRow, sha256: str) -> None:
    """Raise ChecksumPinned when a file must have another checksum than `sha256`."""
    if row.expected is not None and row.expected != sha256:
        raise ChecksumPinned(
            f"{row.name} of {row.schematic}/{row.version} has the SHA-256 {row.expected} "
            f"({row.expected_from}), not {sha256}; if the new one is right, delete the old first"
        )


def _line(incoming: Incoming) -> str:
    with incoming.path.open("rb") as file:
        text = file.read(KERNEL_BYTES + 64).decode(errors="replace")
    return command_line(text)


async def clear(
    database: Database, shelf: Shelf, checksums: Iterable[str | None], in_use: InUse
) -> None:
    """Remove those contents nobody has any more. Call after the change was committed."""
    gone = {checksum for checksum in checksums if checksum}
    if not gone:
        return
    async with database.write() as session:
        await bump_boot_version(session)
        wanted = await store.wanted_checksums(session) | await in_use(session)
        for checksum in gone - wanted:
            await asyncio.to_thread(shelf.drop, checksum)
