"""Queries about profiles, their files and assignments. Functions, session first."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from ktizo.boot.builtin import BUILTIN, OF_ROLE, fresh
from ktizo.boot.profile import Profile, ProfileType
from ktizo.boot.tables import AssetRow, AssignmentRow, ProfileRow
from ktizo.core.bootdb import BootReader
from ktizo.core.clock import utc_now
from ktizo.core.db import IntegrityError, bump_boot_version
from ktizo.core.errors import Conflict, NotFound
from ktizo.core.shelf import Mark, Stored


class ProfileNotFound(NotFound):
    """No profile has this name or number."""


class ProfileExists(Conflict):
    """Another profile has this name."""


class AssetNotFound(NotFound):
    """The profile has no file of this name."""


class AssignmentNotFound(NotFound):
    """No profile is assigned to this machine."""


class AlreadyAssigned(Conflict):
    """The machine has a profile; change the assignment instead."""


# Profiles


async def profile(session: AsyncSession, key: str | int) -> ProfileRow:
    """Return a profile by name or number (a name never is a number); raises ProfileNotFound."""
    if str(key).isdecimal():
        found = await session.get(ProfileRow, int(key)) if len(str(key)) < 10 else None
    else:
        found = await session.scalar(sa.select(ProfileRow).where(ProfileRow.name == key))
    if found is None:
        raise ProfileNotFound(f"there is no boot profile {key}")
    return found


async def profiles(session: AsyncSession) -> Sequence[ProfileRow]:
    """Return every profile, by name."""
    return (await session.scalars(sa.select(ProfileRow).order_by(ProfileRow.name))).all()


def as_profile(row: ProfileRow) -> Profile:
    """Return the frozen noun of a row."""
    return Profile(
        id=row.id,
        name=row.name,
        type=ProfileType(row.type),
        kernel=row.kernel,
        initrds=tuple(row.initrds),
        cmdline=row.cmdline,
        config_template=row.config_template,
        config_name=row.config_name,
        parameters=dict(row.parameters),
    )


async def save_profile(
    session: AsyncSession, row: ProfileRow | None, wanted: Profile, *, builtin: bool = False
) -> ProfileRow:
    """Write `wanted` over `row`, or as a new profile; raises ProfileExists."""
    await bump_boot_version(session)  # before anything is pending, for it flushes
    now = utc_now()
    if row is None:
        row = ProfileRow(builtin=builtin, created_at=now)
        session.add(row)
    row.name, row.type, row.kernel = wanted.name, wanted.type.value, wanted.kernel
    row.initrds, row.cmdline = list(wanted.initrds), wanted.cmdline
    row.config_template, row.config_name = wanted.config_template, wanted.config_name
    row.parameters, row.updated_at = dict(wanted.parameters), now
    try:
        await session.flush()
    except IntegrityError as error:
        raise ProfileExists(f"there is a boot profile {wanted.name} already") from error
    return row


async def delete_profile(session: AsyncSession, row: ProfileRow) -> None:
    """Delete a profile and the rows of its files."""
    await bump_boot_version(session)
    await session.delete(row)
    await session.flush()


async def ensure_builtin(session: AsyncSession) -> None:
    """Make the profiles Ktizo starts with, where their names are free; changes nothing else."""
    there = set(await session.scalars(sa.select(ProfileRow.name)))
    for name, type_ in BUILTIN.items():
        if name not in there:
            await save_profile(session, None, fresh(name, type_), builtin=True)


# Files of profiles


async def assets(session: AsyncSession, profile_id: int | None = None) -> Sequence[AssetRow]:
    """Return the files of a profile (None: of all), by name."""
    query = sa.select(AssetRow).order_by(AssetRow.name)
    if profile_id is not None:
        query = query.where(AssetRow.profile_id == profile_id)
    return (await session.scalars(query)).all()


async def asset(session: AsyncSession, profile_id: int, name: str) -> AssetRow | None:
    """Return one file of a profile."""
    found: AssetRow | None = await session.scalar(
        sa.select(AssetRow).where(AssetRow.profile_id == profile_id, AssetRow.name == name)
    )
    return found


async def save_asset(
    session: AsyncSession, profile_id: int, name: str, stored: Stored
) -> tuple[AssetRow, str | None]:
    """Note that `name` is `stored`; returns the row and the checksum it had before, if any."""
    row = await asset(session, profile_id, name)
    before = None if row is None else row.sha256
    if row is None:
        row = AssetRow(profile_id=profile_id, name=name)
        session.add(row)
    row.sha256, row.size, row.created_at = stored.sha256, stored.mark.size, utc_now()
    row.mtime_ns, row.ctime_ns = stored.mark.mtime_ns, stored.mark.ctime_ns
    await session.flush()
    # Rows that share this content now share this copy of it.
    await session.execute(
        sa.update(AssetRow)
        .where(AssetRow.sha256 == stored.sha256)
        .values(mtime_ns=stored.mark.mtime_ns, ctime_ns=stored.mark.ctime_ns)
    )
    return row, before


async def delete_asset(session: AsyncSession, row: AssetRow) -> None:
    """Forget a file of a profile."""
    await bump_boot_version(session)
    await session.delete(row)
    await session.flush()


async def wanted_checksums(session: AsyncSession) -> set[str]:
    """Return the checksums of every content some profile has."""
    return set(await session.scalars(sa.select(AssetRow.sha256).distinct()))


# Assignments


async def assignments(
    session: AsyncSession, profile_id: int | None = None, device_id: int | None = None
) -> list[tuple[AssignmentRow, str]]:
    """Return assignments with the names of their profiles, by machine."""
    query = (
        sa.select(AssignmentRow, ProfileRow.name)
        .join(ProfileRow, ProfileRow.id == AssignmentRow.profile_id)
        .order_by(AssignmentRow.device_id)
    )
    if profile_id is not None:
        query = query.where(AssignmentRow.profile_id == profile_id)
    if device_id is not None:
        query = query.where(AssignmentRow.device_id == device_id)
    return [(row, name) for row, name in await session.execute(query)]


async def assignment(session: AsyncSession, device_id: int) -> AssignmentRow | None:
    """Return what is assigned to a machine."""
    return await session.get(AssignmentRow, device_id)


async def assignment_named(session: AsyncSession, device_id: int) -> tuple[AssignmentRow, str]:
    """Return what is assigned to a machine and its profile's name; raises AssignmentNotFound."""
    found = await assignments(session, device_id=device_id)
    if not found:
        raise AssignmentNotFound(f"machine {device_id} has no profile of its own")
    return found[0]


async def assign(
    session: AsyncSession, device_id: int, profile_id: int, parameters: Mapping[str, str]
) -> AssignmentRow:
    """Give a machine a profile, instead of the one it has."""
    now = utc_now()
    row = await assignment(session, device_id)
    if row is None:
        row = AssignmentRow(device_id=device_id, created_at=now)
        session.add(row)
    row.profile_id, row.parameters, row.updated_at = profile_id, dict(parameters), now
    await bump_boot_version(session)
    await session.flush()
    return row


async def unassign(session: AsyncSession, row: AssignmentRow) -> None:
    """Take the profile from a machine."""
    await bump_boot_version(session)
    await session.delete(row)
    await session.flush()


# What the boot path reads: no ORM, no transaction.

_COLUMNS = (
    ProfileRow.id,
    ProfileRow.name,
    ProfileRow.type,
    ProfileRow.kernel,
    ProfileRow.initrds,
    ProfileRow.cmdline,
    ProfileRow.config_template,
    ProfileRow.config_name,
    ProfileRow.parameters,
)
_BY_NAME = sa.select(*_COLUMNS).where(ProfileRow.name == sa.bindparam("name"))
_BY_ID = sa.select(*_COLUMNS).where(ProfileRow.id == sa.bindparam("id"))
_ALL = sa.select(*_COLUMNS).order_by(ProfileRow.name)
_ASSIGNED = (
    sa.select(*_COLUMNS, AssignmentRow.parameters)
    .join(AssignmentRow, AssignmentRow.profile_id == ProfileRow.id)
    .where(AssignmentRow.device_id == sa.bindparam("device_id"))
)
_ASSET_NAMES = sa.select(AssetRow.name).where(AssetRow.profile_id == sa.bindparam("profile_id"))
_ALL_ASSET_NAMES = sa.select(AssetRow.profile_id, AssetRow.name)
_ASSET = (
    sa.select(
        AssetRow.sha256,
        AssetRow.size,
        AssetRow.mtime_ns,
        AssetRow.ctime_ns,
        ProfileRow.kernel,
        ProfileRow.initrds,
    )
    .join(ProfileRow, ProfileRow.id == AssetRow.profile_id)
    .where(ProfileRow.name == sa.bindparam("profile"), AssetRow.name == sa.bindparam("file"))
)


def _profile(row: tuple[Any, ...]) -> Profile:
    number, name, type_, kernel, initrds, cmdline, template, config_name, parameters = row
    return Profile(
        id=number,
        name=name,
        type=ProfileType(type_),
        kernel=kernel,
        initrds=tuple(initrds),
        cmdline=cmdline,
        config_template=template,
        config_name=config_name,
        parameters=parameters,
    )


async def by_name(reader: BootReader, name: str) -> Profile | None:
    """Return a profile, for the boot path."""
    rows = await reader.rows(_BY_NAME, {"name": name})
    return _profile(rows[0]) if rows else None


async def by_id(reader: BootReader, profile_id: int) -> Profile | None:
    """Return a profile by its number, for the boot path."""
    rows = await reader.rows(_BY_ID, {"id": profile_id})
    return _profile(rows[0]) if rows else None


async def assigned(
    reader: BootReader, device_id: int, role: str | None
) -> tuple[Profile, dict[str, str]] | None:
    """Return a machine's profile and its parameters: the profile's, then the machine's own.

    Without an assignment it is the profile of the machine's role.
    """
    rows = await reader.rows(_ASSIGNED, {"device_id": device_id})
    if rows:
        found = _profile(rows[0][:-1])
        return found, {**found.parameters, **rows[0][-1]}
    by_role = await by_name(reader, OF_ROLE[role]) if role in OF_ROLE else None
    return (by_role, dict(by_role.parameters)) if by_role is not None else None


async def asset_names(reader: BootReader, profile_id: int) -> set[str]:
    """Return the names of the files a profile has."""
    return {row[0] for row in await reader.rows(_ASSET_NAMES, {"profile_id": profile_id})}


async def bootable(reader: BootReader) -> list[tuple[str, ProfileType]]:
    """Return name and type of every profile that has all of its files, by name."""
    there: dict[int, set[str]] = {}
    for profile_id, name in await reader.rows(_ALL_ASSET_NAMES, {}):
        there.setdefault(profile_id, set()).add(name)
    found = [_profile(row) for row in await reader.rows(_ALL, {})]
    return [
        (each.name, each.type)
        for each in found
        if each.kernel and there.get(each.id, set()).issuperset({each.kernel, *each.initrds})
    ]


async def boot_asset(reader: BootReader, profile_name: str, file: str) -> tuple[Stored, str] | None:
    """Return a file of a profile and what it is there: kernel, initrd or file."""
    rows = await reader.rows(_ASSET, {"profile": profile_name, "file": file})
    if not rows:
        return None
    sha256, size, mtime_ns, ctime_ns, kernel, initrds = rows[0]
    part = "kernel" if file == kernel else "initrd" if file in initrds else "file"
    return Stored(sha256, Mark(size, mtime_ns, ctime_ns)), part
