"""Asking for files to be in the mirror, and taking that back."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta

from ktizo.core.clock import utc_now
from ktizo.core.db import AsyncSession, Database, bump_boot_version
from ktizo.core.errors import Conflict, Invalid
from ktizo.core.verify import Altered, Verifier
from ktizo.images import store
from ktizo.images.image import Image
from ktizo.images.keep import InUse, Source, refuse_other
from ktizo.images.prune import Held, unused
from ktizo.images.tables import FileRow

NAMED = 10  # files named in a message


class FileInUse(Conflict):
    """A profile or cluster would lose what it boots."""


class SchematicInUse(Conflict):
    """Files, profiles or clusters are of this schematic."""


async def altered(database: Database, images: Iterable[Image], verifier: Verifier) -> set[int]:
    """Return the rows whose files are not what was stored; may read them whole, so ask first."""
    async with database.read() as session:
        rows = [await store.find(session, image) for image in images]
    found = set()
    for row in rows:
        stored = store.stored_of(row) if row is not None else None
        if row is not None and stored is not None:
            try:
                await verifier.check(stored)
            except Altered:
                found.add(row.id)
    return found


async def wish(
    session: AsyncSession,
    images: Iterable[Image],
    checksums: Mapping[str, str],
    altered_ids: Collection[int] = (),
) -> Sequence[FileRow]:
    """Want these files; asking again tries again what was given up, and mends what was altered.

    `checksums`: SHA-256 by file name, where the operator knows them. Raises ChecksumPinned.
    """
    await bump_boot_version(session)  # the lock: two who want the same file make one row
    rows = []
    for image in images:
        row = await store.wish(session, image)
        given = checksums.get(image.name)
        if given is not None:
            refuse_other(row, given.lower())
            row.expected, row.expected_from = given.lower(), Source.OPERATOR.value
        if row.id in altered_ids:
            row.sha256 = row.size = row.stored_at = None
        if row.sha256 is None:
            row.problem, row.given_up = "", False
        rows.append(row)
    unknown = checksums.keys() - {row.name for row in rows}
    if unknown:
        raise Invalid(f"a checksum is given for {sorted(unknown)[0]}, which was not asked for")
    await session.flush()
    return rows


async def prune(
    session: AsyncSession, in_use: InUse, *, older_than: timedelta, dry_run: bool
) -> list[FileRow]:
    """Take off the list what nobody needs; returns the rows as they were.

    The lock comes first: what is in use cannot change between looking and deleting.
    """
    await bump_boot_version(session)
    rows = await store.files(session)
    ids = set(unused(map(_held, rows), await in_use(session), utc_now() - older_than))
    gone = [row for row in rows if row.id in ids]
    if not dry_run:
        await store.delete_files(session, ids)
    return gone


async def remove(session: AsyncSession, row: FileRow, in_use: InUse) -> None:
    """Take one file off the list; raises FileInUse."""
    await bump_boot_version(session)
    image = store.image_of(row)
    if await in_use(session) & {row.sha256, image.build, image.schematic}:
        user = "a profile, a cluster or an inspection"
        raise FileInUse(f"{row.name} of {image.build} is used by {user}")
    await store.delete_files(session, {row.id})


async def retire_schematic(session: AsyncSession, key: str, in_use: InUse) -> str:
    """Delete a schematic nothing is of; returns its name."""
    await bump_boot_version(session)
    row = await store.schematic(session, key)
    _refuse_users(row.name, await store.files(session, schematic=row.schematic_id))
    used = [one for one in await in_use(session) if one.startswith(row.schematic_id)]
    if used:
        raise SchematicInUse(f"{row.name} is used by a cluster or a boot profile")
    await store.delete_schematic(session, row)
    return row.name


def _refuse_users(name: str, files: Collection[FileRow]) -> None:
    if files:
        some = ", ".join(f"{row.version}/{row.name}" for row in list(files)[:NAMED])
        raise SchematicInUse(f"{name} has files in the mirror: {some}; remove them first")


def _held(row: FileRow) -> Held:
    image = store.image_of(row)
    return Held(
        id=row.id,
        schematic=row.schematic,
        build=image.build,
        part=row.part,
        sha256=row.sha256,
        coming=row.sha256 is None and not row.given_up,
        since=row.stored_at or row.created_at,
    )
