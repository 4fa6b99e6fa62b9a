"""An operator's own changes to configs: of a whole cluster, of a role, of one machine."""

from collections.abc import Sequence

from ktizo.clusters import sealing, store
from ktizo.clusters.changes import Desk, check_all, check_one
from ktizo.clusters.facts import MACHINE
from ktizo.clusters.tables import ClusterRow, MemberRow
from ktizo.core.seal import Sealer


def of_cluster(sealer: Sealer, row: ClusterRow) -> dict[str, tuple[str, ...]]:
    """Return a cluster's patches by scope: cluster, controlplane, worker."""
    return sealing.open_patches(sealer, row.patches, sealing.cluster_patches(row.id))


def of_member(sealer: Sealer, row: MemberRow) -> tuple[str, ...]:
    """Return a machine's own patches."""
    place = sealing.member_patches(row.device_id)
    return sealing.open_patches(sealer, row.patches, place).get(MACHINE, ())


def put(sealer: Sealer, row: MemberRow, texts: Sequence[str]) -> None:
    """Give a machine's row these patches."""
    place = sealing.member_patches(row.device_id)
    row.patches = sealing.seal_patches(sealer, {MACHINE: tuple(texts)}, place)


async def change_cluster(desk: Desk, row: ClusterRow, scope: str, texts: Sequence[str]) -> None:
    """Replace the patches of one scope; refused when any machine's config would be."""
    patches = of_cluster(desk.sealer, row) | {scope: tuple(texts)}
    place = sealing.cluster_patches(row.id)
    row.patches = sealing.seal_patches(desk.sealer, patches, place)
    await store.save_cluster(desk.session, row)
    await check_all(desk.session, desk.sealer, row.id)
    await desk.note("patched", f"cluster {row.name}", scope=scope, patches=len(texts))


async def change_member(desk: Desk, row: MemberRow, texts: Sequence[str]) -> None:
    """Replace a machine's own patches; refused when its config would be."""
    put(desk.sealer, row, texts)
    await store.save_member(desk.session, row)
    await check_one(desk.session, desk.sealer, row.device_id)
    cluster = await store.cluster(desk.session, row.cluster_id)
    await desk.note(
        "patched",
        f"cluster {cluster.name}",
        row.device_id,
        device=row.device_id,
        patches=len(texts),
    )
