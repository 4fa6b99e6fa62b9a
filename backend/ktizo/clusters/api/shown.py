"""Rows as the API shows them."""

from collections.abc import Sequence

from ktizo.clusters import patches, store
from ktizo.clusters.changes import Desk
from ktizo.clusters.schemas import ClusterOut, MemberOut
from ktizo.clusters.settings import read
from ktizo.clusters.tables import ClusterRow, MemberRow
from ktizo.devices import store as devices

OWN = set(MemberOut.model_fields) - {"patches", "hostname", "boot_mac", "state"}


async def clusters(desk: Desk, rows: Sequence[ClusterRow]) -> list[ClusterOut]:
    """Return clusters with how many machines they have."""
    counts = await store.member_counts(desk.session)
    return [
        ClusterOut(
            **read(row),
            id=row.id,
            version=row.version,
            control_planes=counts.get((row.id, "controlplane"), 0),
            workers=counts.get((row.id, "worker"), 0),
            has_secrets=bool(row.secrets),
            patches={
                scope: len(texts) for scope, texts in patches.of_cluster(desk.sealer, row).items()
            },
            created_at=row.created_at,
            updated_at=row.updated_at,
        )
        for row in rows
    ]


async def cluster(desk: Desk, row: ClusterRow) -> ClusterOut:
    """Return one cluster."""
    return (await clusters(desk, [row]))[0]


async def members(desk: Desk, rows: Sequence[MemberRow]) -> list[MemberOut]:
    """Return members with what people know them by."""
    known = await devices.facts_of(desk.session, [row.device_id for row in rows])
    found = []
    for row in rows:
        device = known.get(row.device_id)
        found.append(
            MemberOut(
                **{name: getattr(row, name) for name in OWN},
                hostname=device.hostname if device else None,
                boot_mac=device.boot_mac if device else None,
                state=device.state if device else None,
                patches=len(patches.of_member(desk.sealer, row)),
            )
        )
    return found


async def member(desk: Desk, row: MemberRow) -> MemberOut:
    """Return a member."""
    return (await members(desk, [row]))[0]
