"""Rows of clusters, members, volumes and history. Functions, session first; nothing decides."""

import secrets
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from ktizo.clusters.tables import ClusterRow, MemberRow, ServedRow, VolumeRow
from ktizo.core.clock import utc_now
from ktizo.core.db import IntegrityError, bump_boot_version
from ktizo.core.errors import Conflict, NotFound

# What other rooms hold in hand: they read its id and name, and give it back to this room.
Cluster = ClusterRow


class ClusterNotFound(NotFound):
    """No cluster has this name or number."""


class ClusterExists(Conflict):
    """Another cluster has this name."""


class NotAMember(NotFound):
    """The machine belongs to no cluster, or to another one."""


class AddressTaken(Conflict):
    """Another machine has this address."""


class VolumeNotFound(NotFound):
    """No volume config has this number or name."""


class VolumeExists(Conflict):
    """There is a config for this volume in the same place."""


def new_edition() -> str:
    """Return a text that was never an edition before."""
    return secrets.token_hex(16)


async def _bump(session: AsyncSession) -> None:
    with session.no_autoflush:  # what the caller changed is flushed where its errors are expected
        await bump_boot_version(session)


# Clusters


async def clusters(session: AsyncSession) -> Sequence[ClusterRow]:
    """Return every cluster, by name."""
    return (await session.scalars(sa.select(ClusterRow).order_by(ClusterRow.name))).all()


async def cluster(session: AsyncSession, key: str | int | None) -> ClusterRow:
    """Return a cluster by name or number; None is the default one, the first that was made."""
    if key is None:
        found = await session.scalar(sa.select(ClusterRow).order_by(ClusterRow.id).limit(1))
    elif str(key).isdecimal():
        found = await session.get(ClusterRow, int(key)) if len(str(key)) < 10 else None
    else:
        found = await session.scalar(sa.select(ClusterRow).where(ClusterRow.name == key))
    if found is None:
        what = "no cluster yet; make one first" if key is None else f"no cluster {key}"
        raise ClusterNotFound(f"there is {what}")
    return found


async def save_cluster(session: AsyncSession, row: ClusterRow) -> None:
    """Write a new or changed cluster under a new edition; raises ClusterExists."""
    await _bump(session)
    row.version = (row.version or 0) + 1
    row.edition, row.updated_at = new_edition(), utc_now()
    session.add(row)
    name = row.name  # after a failed flush the row cannot be asked any more
    try:
        await session.flush()
    except IntegrityError as error:
        raise ClusterExists(f"there is a cluster {name} already") from error


async def delete_cluster(session: AsyncSession, row: ClusterRow) -> None:
    """Forget a cluster, its secrets and volumes; it must have no members."""
    await bump_boot_version(session)
    await session.delete(row)
    await session.flush()


# Members


async def member(session: AsyncSession, device_id: int) -> MemberRow:
    """Return a machine's membership; raises NotAMember."""
    found = await session.get(MemberRow, device_id)
    if found is None:
        raise NotAMember(f"machine {device_id} belongs to no cluster")
    return found


async def find_member(session: AsyncSession, device_id: int) -> MemberRow | None:
    """Return a machine's membership."""
    return await session.get(MemberRow, device_id)


async def members(
    session: AsyncSession, cluster_id: int, *, after: int = 0, limit: int = 1000
) -> Sequence[MemberRow]:
    """Return members of a cluster by machine, after machine `after`."""
    query = (
        sa.select(MemberRow)
        .where(MemberRow.cluster_id == cluster_id, MemberRow.device_id > after)
        .order_by(MemberRow.device_id)
        .limit(limit)
    )
    return (await session.scalars(query)).all()


async def places(session: AsyncSession, ids: Sequence[int]) -> list[dict[str, Any]]:
    """Return cluster and role of those of `ids` that are members."""
    query = (
        sa.select(
            MemberRow.device_id,
            MemberRow.cluster_id,
            ClusterRow.name.label("cluster"),
            MemberRow.role,
        )
        .join(ClusterRow, ClusterRow.id == MemberRow.cluster_id)
        .where(MemberRow.device_id.in_(ids))
        .order_by(MemberRow.device_id)
    )
    return [dict(row) for row in (await session.execute(query)).mappings()]


async def member_counts(session: AsyncSession) -> dict[tuple[int, str], int]:
    """Return how many members there are, by cluster and role."""
    rows = await session.execute(
        sa.select(MemberRow.cluster_id, MemberRow.role, sa.func.count()).group_by(
            MemberRow.cluster_id, MemberRow.role
        )
    )
    return {(row[0], row[1]): row[2] for row in rows}


async def save_member(session: AsyncSession, row: MemberRow) -> None:
    """Write a new or changed member under a new edition; raises AddressTaken."""
    await _bump(session)
    row.edition, row.updated_at = new_edition(), utc_now()
    session.add(row)
    ip = row.ip
    try:
        await session.flush()
    except IntegrityError as error:
        raise AddressTaken(f"{ip} is the address of another machine") from error


async def delete_member(session: AsyncSession, row: MemberRow) -> None:
    """Take a machine out of its cluster, with its own volumes and patches."""
    await bump_boot_version(session)
    await session.delete(row)
    await session.flush()


async def builds(session: AsyncSession) -> list[tuple[str | None, str]]:
    """Return schematic (None: a plain release) and Talos version of every cluster, once each."""
    query = sa.select(ClusterRow.schematic, ClusterRow.talos_version).distinct()
    return [(row[0], row[1]) for row in await session.execute(query)]


# Volumes


async def volumes(session: AsyncSession, cluster_id: int) -> Sequence[VolumeRow]:
    """Return all volume configs of a cluster, by place and name."""
    query = sa.select(VolumeRow).where(VolumeRow.cluster_id == cluster_id)
    return (await session.scalars(query.order_by(VolumeRow.place, VolumeRow.name))).all()


async def volume(session: AsyncSession, volume_id: int) -> VolumeRow:
    """Return a volume config by number; raises VolumeNotFound."""
    found = await session.get(VolumeRow, volume_id)
    if found is None:
        raise VolumeNotFound(f"there is no volume config {volume_id}")
    return found


async def volume_named(session: AsyncSession, cluster_id: int, place: str, name: str) -> VolumeRow:
    """Return a volume config by place and name; raises VolumeNotFound."""
    found: VolumeRow | None = await session.scalar(
        sa.select(VolumeRow).where(
            VolumeRow.cluster_id == cluster_id, VolumeRow.place == place, VolumeRow.name == name
        )
    )
    if found is None:
        raise VolumeNotFound(f"there is no config of a volume {name} for {place}")
    return found


async def save_volume(session: AsyncSession, row: VolumeRow) -> None:
    """Write a volume config; raises VolumeExists. The caller gives its place a new edition."""
    row.updated_at = utc_now()
    session.add(row)
    name, place = row.name, row.place
    try:
        await session.flush()
    except IntegrityError as error:
        raise VolumeExists(
            f"there is a config of volume {name} for {place} already; change that one"
        ) from error


async def delete_volume(session: AsyncSession, row: VolumeRow) -> None:
    """Forget a volume config. The caller gives its place a new edition."""
    await session.delete(row)
    await session.flush()


# What was served


async def newest_served(session: AsyncSession, device_id: int) -> ServedRow | None:
    """Return what a machine was given last."""
    return await served(session, device_id)


async def served(
    session: AsyncSession, device_id: int, served_id: int | None = None
) -> ServedRow | None:
    """Return one entry of a machine's history; None asks for the newest."""
    query = sa.select(ServedRow).where(ServedRow.device_id == device_id)
    if served_id is not None:
        query = query.where(ServedRow.id == served_id)
    found: ServedRow | None = await session.scalar(query.order_by(ServedRow.id.desc()).limit(1))
    return found


async def last_served(session: AsyncSession) -> dict[int, str]:
    """Return the SHA-256 of the config each machine was given last, by machine."""
    newest = sa.select(sa.func.max(ServedRow.id)).group_by(ServedRow.device_id)
    query = sa.select(ServedRow.device_id, ServedRow.sha256).where(ServedRow.id.in_(newest))
    return {row[0]: row[1] for row in await session.execute(query)}


async def served_list(session: AsyncSession, device_id: int, limit: int) -> Sequence[ServedRow]:
    """Return a machine's history, newest first."""
    query = sa.select(ServedRow).where(ServedRow.device_id == device_id)
    return (await session.scalars(query.order_by(ServedRow.id.desc()).limit(limit))).all()


async def add_served(session: AsyncSession, row: ServedRow, *, keep: int) -> None:
    """Add to a machine's history and let go of what is beyond `keep`."""
    session.add(row)
    await session.flush()
    old = (
        sa.select(ServedRow.id)
        .where(ServedRow.device_id == row.device_id)
        .order_by(ServedRow.id.desc())
        .offset(keep)
    )
    ids = (await session.scalars(old)).all()
    if ids:
        await session.execute(sa.delete(ServedRow).where(ServedRow.id.in_(ids)))


# Resealing after the key was changed


async def sealed(
    session: AsyncSession,
) -> tuple[Sequence[ClusterRow], Sequence[MemberRow]]:
    """Return every cluster, and every member that has patches."""
    clusters_ = (await session.scalars(sa.select(ClusterRow))).all()
    members_ = (await session.scalars(sa.select(MemberRow).where(MemberRow.patches != ""))).all()
    return clusters_, members_


async def sealed_otherwise(
    session: AsyncSession, prefix: str, limit: int = 500
) -> Sequence[ServedRow]:
    """Return some of the history whose sealed text does not begin with `prefix`."""
    query = sa.select(ServedRow).where(ServedRow.config.not_like(f"{prefix}.%")).limit(limit)
    return (await session.scalars(query)).all()
