"""Queries about schematics, the mirror's files and the factory's answers. Session first."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from ktizo.core.bootdb import BootReader
from ktizo.core.clock import utc_now
from ktizo.core.db import IntegrityError
from ktizo.core.errors import Conflict, NotFound
from ktizo.core.shelf import Mark, Stored
from ktizo.images.image import Arch, Image, Part
from ktizo.images.tables import AnswerRow, FileRow, SchematicRow


class SchematicNotFound(NotFound):
    """No schematic has this name, number or id."""


class SchematicExists(Conflict):
    """A schematic of this name, or with this content, is there."""


class FileNotInMirror(NotFound):
    """The mirror has no such file, nor is it to have one."""


# Schematics


async def schematics(session: AsyncSession) -> Sequence[SchematicRow]:
    """Return every schematic, by name."""
    return (await session.scalars(sa.select(SchematicRow).order_by(SchematicRow.name))).all()


async def find_schematic(session: AsyncSession, key: str) -> SchematicRow | None:
    """Return a schematic by name, number or id (64 hex digits)."""
    if key.isdecimal() and len(key) < 10:
        return await session.get(SchematicRow, int(key))
    column = SchematicRow.schematic_id if len(key) == 64 else SchematicRow.name
    found: SchematicRow | None = await session.scalar(sa.select(SchematicRow).where(column == key))
    return found


async def schematic(session: AsyncSession, key: str) -> SchematicRow:
    """Return a schematic by name, number or id; raises SchematicNotFound."""
    found = await find_schematic(session, key)
    if found is None:
        raise SchematicNotFound(f"there is no schematic {key[:64]}")
    return found


async def add_schematic(session: AsyncSession, row: SchematicRow) -> SchematicRow:
    """Keep a new schematic; raises SchematicExists, naming the one in the way."""
    same = await find_schematic(session, row.schematic_id)
    if same is not None:
        raise SchematicExists(f"this is {same.name} already; use that one", name=same.name)
    session.add(row)
    try:
        await session.flush()
    except IntegrityError as error:
        raise SchematicExists(f"there is a schematic {row.name} already") from error
    return row


async def delete_schematic(session: AsyncSession, row: SchematicRow) -> None:
    """Forget a schematic."""
    await session.delete(row)
    await session.flush()


async def registered(session: AsyncSession, schematic_id: str, at: datetime) -> None:
    """Note that a factory has this schematic."""
    await session.execute(
        sa.update(SchematicRow)
        .where(SchematicRow.schematic_id == schematic_id)
        .values(registered_at=at)
    )


# The mirror's files


def image_of(row: FileRow) -> Image:
    """Return the frozen noun of a row."""
    return Image(
        schematic=row.schematic,
        version=row.version,
        arch=Arch(row.arch),
        part=Part(row.part),
        secureboot=row.secureboot,
    )


def stored_of(row: FileRow) -> Stored | None:
    """Return where a row's content lies and how it looked; None while it is not there."""
    if row.sha256 is None or row.size is None or row.mtime_ns is None or row.ctime_ns is None:
        return None
    return Stored(row.sha256, Mark(row.size, row.mtime_ns, row.ctime_ns))


async def files(
    session: AsyncSession, *, schematic: str | None = None, version: str | None = None
) -> Sequence[FileRow]:
    """Return the mirror's files, there or not, by build and name."""
    query = sa.select(FileRow).order_by(FileRow.schematic, FileRow.version, FileRow.name)
    if schematic is not None:
        query = query.where(FileRow.schematic == schematic)
    if version is not None:
        query = query.where(FileRow.version == version)
    return (await session.scalars(query)).all()


async def unfinished(session: AsyncSession) -> Sequence[FileRow]:
    """Return the files that are still to come, the oldest wish first."""
    query = sa.select(FileRow).where(FileRow.sha256.is_(None), FileRow.given_up.is_(False))
    return (await session.scalars(query.order_by(FileRow.id))).all()


async def file(session: AsyncSession, file_id: int) -> FileRow:
    """Return a file by number; raises FileNotInMirror."""
    found = await session.get(FileRow, file_id)
    if found is None:
        raise FileNotInMirror(f"the mirror has no file {file_id}")
    return found


async def find(session: AsyncSession, image: Image) -> FileRow | None:
    """Return the row of a file, there or not."""
    found: FileRow | None = await session.scalar(
        sa.select(FileRow).where(
            FileRow.schematic == image.schematic,
            FileRow.version == image.version,
            FileRow.name == image.name,
        )
    )
    return found


async def wish(session: AsyncSession, image: Image) -> FileRow:
    """Return the row of a file, made when there is none."""
    row = await find(session, image)
    if row is None:
        row = FileRow(
            schematic=image.schematic,
            version=image.version,
            arch=image.arch.value,
            part=image.part.value,
            secureboot=image.secureboot,
            name=image.name,
            created_at=utc_now(),
        )
        session.add(row)
        await session.flush()
    return row


async def arrived(
    session: AsyncSession, row: FileRow, stored: Stored, line: str | None, source: str
) -> None:
    """Note that a row's content is in its place; from now on it must have this checksum."""
    row.sha256, row.size, row.stored_at = stored.sha256, stored.mark.size, utc_now()
    row.mtime_ns, row.ctime_ns = stored.mark.mtime_ns, stored.mark.ctime_ns
    row.line, row.problem, row.given_up = line, "", False
    if row.expected is None:
        row.expected, row.expected_from = stored.sha256, source
    await session.flush()
    # Rows that share this content now share this copy of it.
    await session.execute(
        sa.update(FileRow)
        .where(FileRow.sha256 == stored.sha256)
        .values(mtime_ns=stored.mark.mtime_ns, ctime_ns=stored.mark.ctime_ns)
    )


async def delete_files(session: AsyncSession, ids: Collection[int]) -> None:
    """Forget these files; their contents go with `keep.clear`."""
    await session.execute(sa.delete(FileRow).where(FileRow.id.in_(ids)))


async def wanted_checksums(session: AsyncSession) -> set[str]:
    """Return the checksums of every content the mirror has."""
    found = await session.scalars(sa.select(FileRow.sha256).distinct())
    return {checksum for checksum in found if checksum is not None}


async def mirrored(session: AsyncSession) -> Sequence[tuple[str, str, str]]:
    """Return schematic, version and name of every file that is there."""
    query = sa.select(FileRow.schematic, FileRow.version, FileRow.name)
    rows = await session.execute(query.where(FileRow.sha256.is_not(None)))
    return [(row[0], row[1], row[2]) for row in rows]


# What the boot path reads: no ORM, no transaction.

_THERE = FileRow.sha256.is_not(None)
_OF_BUILD = sa.select(FileRow.name, FileRow.line).where(
    FileRow.schematic == sa.bindparam("schematic"),
    FileRow.version == sa.bindparam("version"),
    _THERE,
)
_ONE = sa.select(FileRow.sha256, FileRow.size, FileRow.mtime_ns, FileRow.ctime_ns).where(
    FileRow.schematic == sa.bindparam("schematic"),
    FileRow.version == sa.bindparam("version"),
    FileRow.name == sa.bindparam("name"),
    _THERE,
)


async def boot_files(reader: BootReader, schematic: str, version: str) -> dict[str, str | None]:
    """Return the files of a build that are there: name, and the command line if it is one."""
    rows = await reader.rows(_OF_BUILD, {"schematic": schematic, "version": version})
    return {row[0]: row[1] for row in rows}


async def boot_file(reader: BootReader, schematic: str, version: str, name: str) -> Stored | None:
    """Return where a file's content lies and how it looked; None when it is not there."""
    asked = {"schematic": schematic, "version": version, "name": name}
    rows = await reader.rows(_ONE, asked)
    if not rows:
        return None
    sha256, size, mtime_ns, ctime_ns = rows[0]
    return Stored(sha256, Mark(size, mtime_ns, ctime_ns))


# What the factory last said


async def answer(session: AsyncSession, factory: str, question: str) -> AnswerRow | None:
    """Return the factory's last answer to `question`."""
    return await session.get(AnswerRow, (factory, question))


async def save_answer(
    session: AsyncSession, factory: str, question: str, said: Any, at: datetime
) -> None:
    """Keep what the factory says, instead of what it said before."""
    await session.merge(AnswerRow(factory=factory, question=question, answer=said, fetched_at=at))
    await session.flush()
