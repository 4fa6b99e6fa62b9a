"""Volume configs: made, changed and deleted, each checked in every config it goes into."""

from collections.abc import Iterable

from ktizo.clusters import store
from ktizo.clusters.changes import Desk, check_all, check_one
from ktizo.clusters.facts import CLUSTER
from ktizo.clusters.schemas import VolumeIn
from ktizo.clusters.tables import ClusterRow, VolumeRow
from ktizo.core.clock import utc_now
from ktizo.core.errors import Invalid

# What people write for the image cache, as the seed does; Talos's own name is refused nowhere.
SPELLINGS = {"IMAGE-CACHE": "IMAGECACHE"}


class CannotMove(Invalid):
    """A volume config stays where it is."""


def spelled(name: str) -> str:
    """Return a volume's name as Talos has it."""
    return SPELLINGS.get(name.upper(), name)


def place_of(role: str | None, device_id: int | None) -> str:
    """Return the text that says what a volume config is for."""
    return f"device:{device_id}" if device_id is not None else role or CLUSTER


def in_force(rows: Iterable[VolumeRow], role: str, device_id: int) -> list[VolumeRow]:
    """Return those of a cluster's configs that hold for a machine: its own before the role's."""
    order = [CLUSTER, role, place_of(None, device_id)]
    mine = [row for row in rows if row.place in order]
    mine.sort(key=lambda row: order.index(row.place))
    return list({row.name: row for row in mine}.values())


async def create(desk: Desk, wanted: VolumeIn) -> VolumeRow:
    """Make a volume config."""
    cluster = await _cluster_of(desk, wanted)
    row = VolumeRow(
        cluster_id=cluster.id,
        place=place_of(wanted.role, wanted.device_id),
        device_id=wanted.device_id,
        created_at=utc_now(),
    )
    return await _save(desk, cluster, row, wanted, "volume_created")


async def change(desk: Desk, row: VolumeRow, wanted: VolumeIn) -> VolumeRow:
    """Replace a volume config; what is left out goes back to its default."""
    elsewhere = place_of(wanted.role, wanted.device_id) != row.place
    if elsewhere and (wanted.role is not None or wanted.device_id is not None):
        raise CannotMove(f"this config is for {row.place}; make another one instead")
    cluster = await store.cluster(desk.session, row.cluster_id)
    if wanted.cluster not in {None, cluster.name, str(cluster.id)}:
        raise CannotMove(f"this config is of cluster {cluster.name}; make another one instead")
    return await _save(desk, cluster, row, wanted, "volume_changed")


async def delete(desk: Desk, row: VolumeRow) -> None:
    """Delete a volume config; machines get what is more general, or Talos's own choice."""
    cluster = await store.cluster(desk.session, row.cluster_id)
    await store.delete_volume(desk.session, row)
    await _recheck(desk, cluster, row.device_id)
    await _note(desk, cluster, row, "volume_deleted")


async def _cluster_of(desk: Desk, wanted: VolumeIn) -> ClusterRow:
    if wanted.device_id is None:
        return await store.cluster(desk.session, wanted.cluster)
    member = await store.member(desk.session, wanted.device_id)
    cluster = await store.cluster(desk.session, member.cluster_id)
    if wanted.cluster not in {None, cluster.name, str(cluster.id)}:
        raise store.NotAMember(
            f"machine {wanted.device_id} belongs to {cluster.name}, not to {wanted.cluster}"
        )
    return cluster


async def _save(
    desk: Desk, cluster: ClusterRow, row: VolumeRow, wanted: VolumeIn, action: str
) -> VolumeRow:
    row.name, row.kind, row.grow = spelled(wanted.name), wanted.kind, wanted.grow
    row.disk_selector_match = wanted.disk_selector_match or None
    row.min_size, row.max_size = wanted.min_size or None, wanted.max_size or None
    await store.save_volume(desk.session, row)
    await _recheck(desk, cluster, row.device_id)
    await _note(desk, cluster, row, action)
    return row


async def _recheck(desk: Desk, cluster: ClusterRow, device_id: int | None) -> None:
    if device_id is None:
        await store.save_cluster(desk.session, cluster)
        await check_all(desk.session, desk.sealer, cluster.id)
    else:
        await store.save_member(desk.session, await store.member(desk.session, device_id))
        await check_one(desk.session, desk.sealer, device_id)


async def _note(desk: Desk, cluster: ClusterRow, row: VolumeRow, action: str) -> None:
    what = {"volume": row.name, "place": row.place}
    await desk.note(action, f"cluster {cluster.name}", row.device_id, **what)
