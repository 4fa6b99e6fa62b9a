"""Rows as the API shows them."""

from collections.abc import Sequence

from ktizo.clusters import patches, store
from ktizo.clusters.changes import Desk
from ktizo.clusters.schemas import ClusterOut, MemberOut
from ktizo.clusters.settings import read
from ktizo.clusters.tables import ClusterRow, MemberRow


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


def member(desk: Desk, row: MemberRow) -> MemberOut:
    """Return a member."""
    names = set(MemberOut.model_fields) - {"patches"}
    values = {name: getattr(row, name) for name in names}
    return MemberOut(**values, patches=len(patches.of_member(desk.sealer, row)))
