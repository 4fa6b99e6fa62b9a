"""Rows to facts, without the ORM: through the boot path's reader, or through a session as one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from ktizo.clusters import sealing
from ktizo.clusters.facts import ClusterFacts, VolumeFacts
from ktizo.clusters.tables import ClusterRow, MemberRow, VolumeRow
from ktizo.core.bootdb import BootReader, Row
from ktizo.core.seal import Sealer

_PLAIN = (
    "id",
    "name",
    "version",
    "edition",
    "endpoint",
    "vip",
    "dns_domain",
    "cni",
    "talos_version",
    "kubernetes_version",
    "schematic",
    "install_image",
    "install_disk",
    "install_disk_selector",
    "install_disk_match",
    "gateway",
    "registry_mirrors",
    "schedule_on_control_planes",
    "discovery",
    "kubespan",
)
_LISTS = (
    "pod_subnets",
    "service_subnets",
    "cni_urls",
    "nameservers",
    "time_servers",
    "cert_sans",
)
_CLUSTER = sa.select(
    *(getattr(ClusterRow, name) for name in (*_PLAIN, *_LISTS)),
    ClusterRow.patches,
    ClusterRow.secrets,
).where(ClusterRow.id == sa.bindparam("id"))
_MEMBER_COLUMNS = (
    MemberRow.device_id,
    MemberRow.cluster_id,
    MemberRow.role,
    MemberRow.edition,
    MemberRow.mac,
    MemberRow.address,
    MemberRow.install_disk,
    MemberRow.patches,
    ClusterRow.edition,
)
_JOINED = sa.select(*_MEMBER_COLUMNS).join(ClusterRow, ClusterRow.id == MemberRow.cluster_id)
_MEMBER = _JOINED.where(MemberRow.device_id == sa.bindparam("device_id"))
_MEMBERS = _JOINED.where(MemberRow.device_id > sa.bindparam("after")).order_by(MemberRow.device_id)
_BUILD = (
    sa.select(ClusterRow.schematic, ClusterRow.talos_version)
    .join(MemberRow, MemberRow.cluster_id == ClusterRow.id)
    .where(MemberRow.device_id == sa.bindparam("device_id"))
)
_VOLUME_COLUMNS = (
    VolumeRow.place,
    VolumeRow.name,
    VolumeRow.kind,
    VolumeRow.disk_selector_match,
    VolumeRow.min_size,
    VolumeRow.max_size,
    VolumeRow.grow,
)
_SHARED_VOLUMES = (
    sa.select(*_VOLUME_COLUMNS)
    .where(VolumeRow.cluster_id == sa.bindparam("cluster_id"), VolumeRow.device_id.is_(None))
    .order_by(VolumeRow.name)
)
_OWN_VOLUMES = (
    sa.select(*_VOLUME_COLUMNS)
    .where(VolumeRow.device_id == sa.bindparam("device_id"))
    .order_by(VolumeRow.name)
)


@dataclass(frozen=True, slots=True)
class Membership:
    """A member's row with its cluster's edition; `patches` are still sealed."""

    device_id: int
    cluster_id: int
    role: str
    edition: str
    mac: str | None
    address: str | None
    install_disk: str | None
    patches: str
    cluster_edition: str


class SessionReader:
    """A session that answers like the boot path's reader, so that both ask the same questions."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def version(self) -> int:
        """Not asked of a session: it always looks."""
        return 0

    async def rows(
        self, statement: sa.Select[*tuple[Any, ...]], params: Mapping[str, Any]
    ) -> list[Row]:
        """See BootReader."""
        return [tuple(row) for row in await self._session.execute(statement, dict(params))]


def of_session(session: AsyncSession) -> BootReader:
    """Return a reader over what `session` sees, including what it has not committed."""
    return SessionReader(session)


async def member(reader: BootReader, device_id: int) -> Membership | None:
    """Return the membership of a machine; None when it belongs to no cluster."""
    rows = await reader.rows(_MEMBER, {"device_id": device_id})
    return Membership(*rows[0]) if rows else None


async def build(reader: BootReader, device_id: int) -> tuple[str | None, str] | None:
    """Return schematic (None: a plain release) and Talos version of a machine's cluster."""
    rows = await reader.rows(_BUILD, {"device_id": device_id})
    return (rows[0][0], rows[0][1]) if rows else None


async def members(
    session: AsyncSession, *, cluster_id: int | None = None, after: int = 0, limit: int = 1000
) -> list[Membership]:
    """Return memberships by machine, one page of them, after machine `after`."""
    query = _MEMBERS if cluster_id is None else _MEMBERS.where(MemberRow.cluster_id == cluster_id)
    rows = await session.execute(query.limit(limit), {"after": after})
    return [Membership(*row) for row in rows]


async def cluster(
    reader: BootReader, sealer: Sealer, cluster_id: int
) -> tuple[ClusterFacts, str] | None:
    """Return a cluster with its shared volumes and opened patches, and its secrets, sealed."""
    rows = await reader.rows(_CLUSTER, {"id": cluster_id})
    if not rows:
        return None
    row = rows[0]
    fields: dict[str, Any] = dict(zip(_PLAIN, row, strict=False))
    for name, value in zip(_LISTS, row[len(_PLAIN) : -2], strict=True):
        fields[name] = tuple(value)
    patches = sealing.open_patches(sealer, row[-2], sealing.cluster_patches(cluster_id))
    found = await reader.rows(_SHARED_VOLUMES, {"cluster_id": cluster_id})
    volumes: dict[str, tuple[VolumeFacts, ...]] = {}
    for place, *more in found:
        volumes[place] = (*volumes.get(place, ()), VolumeFacts(*more))
    return ClusterFacts(**fields, patches=patches, volumes=volumes), row[-1]


async def own_volumes(reader: BootReader, device_id: int) -> tuple[VolumeFacts, ...]:
    """Return the volumes of one machine alone."""
    rows = await reader.rows(_OWN_VOLUMES, {"device_id": device_id})
    return tuple(VolumeFacts(*row[1:]) for row in rows)


async def volumes_of_machines(
    session: AsyncSession, ids: Iterable[int]
) -> dict[int, tuple[VolumeFacts, ...]]:
    """Return the volumes of many machines alone, by machine; those without are left out."""
    query = sa.select(VolumeRow.device_id, *_VOLUME_COLUMNS[1:])
    query = query.where(VolumeRow.device_id.in_(list(ids))).order_by(VolumeRow.name)
    found: dict[int, tuple[VolumeFacts, ...]] = {}
    for device_id, *fields in await session.execute(query):
        found[device_id] = (*found.get(device_id, ()), VolumeFacts(*fields))
    return found
