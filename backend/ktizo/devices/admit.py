"""Everything one approval does: permission, role, name, boot profile and place in a cluster.

Leaves no trace of itself, so that it can also be tried and taken back.
"""

from dataclasses import dataclass
from typing import Any, Protocol

from ktizo.core.clock import utc_now
from ktizo.core.db import AsyncSession
from ktizo.core.errors import Invalid
from ktizo.devices import approval, schemas
from ktizo.devices.tables import Device


class Assign(Protocol):
    """Gives a machine a boot profile; the boot room does it, app.py brings the two together."""

    async def __call__(self, session: AsyncSession, device_id: int, profile: str) -> None:
        """Assign `profile` by name; raises NotFound."""


class Join(Protocol):
    """Takes a machine into a cluster; the clusters room does it."""

    async def __call__(
        self, session: AsyncSession, device_id: int, cluster: str, install_disk: str | None
    ) -> None:
        """Join `cluster`, by name or number, in the machine's role; raises NotFound or Invalid."""


class ClusterMissing(Invalid):
    """An install disk is a member's, and no cluster was named."""


@dataclass(frozen=True)
class Rooms:
    """What other rooms do for an approval. `minutes`: how long it holds when nobody says."""

    assign: Assign
    join: Join
    minutes: int


async def admit(
    session: AsyncSession, device: Device, wanted: schemas.Approve, rooms: Rooms, *, by: str
) -> dict[str, Any]:
    """Let `device` install once, as `wanted`; returns what was decided, for the audit."""
    if wanted.install_disk is not None and wanted.cluster is None:
        raise ClusterMissing("install_disk belongs to a cluster's machine; name its cluster too")
    minutes = wanted.lease_minutes or rooms.minutes
    held = await approval.approve(session, device, by=by, minutes=minutes, now=utc_now())
    if wanted.role is not None:
        device.role = wanted.role
    if wanted.hostname is not None:
        await approval.rename(session, device, wanted.hostname)
    await session.flush()
    if wanted.profile is not None:
        await rooms.assign(session, device.id, wanted.profile)
    if wanted.cluster is not None:
        await rooms.join(session, device.id, wanted.cluster, wanted.install_disk)
    return {
        "role": device.role,
        "profile": wanted.profile,
        "cluster": wanted.cluster,
        "until": held.expires_at.isoformat(),
    }
