"""`/api/v1/volume/configs`: how volumes are laid out, per cluster, role and machine."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, status

from ktizo.clusters import store, volumes
from ktizo.clusters.api.desk import Reading, Which, Writing
from ktizo.clusters.schemas import Role, VolumeIn, VolumeOut

router = APIRouter(prefix="/volume/configs")
Number = Annotated[int, Path(ge=1, lt=2**31)]
Name = Annotated[str, Path(max_length=34)]


@router.get("")
async def list_volumes(desk: Reading, cluster: Which = None) -> list[VolumeOut]:
    """Every volume config of a cluster; none when there is no cluster yet."""
    rows = await store.clusters(desk.session)
    if cluster is None and not rows:
        return []
    found = await store.cluster(desk.session, cluster)
    return [VolumeOut.model_validate(each) for each in await store.volumes(desk.session, found.id)]


@router.post("", status_code=status.HTTP_201_CREATED)
async def create_volume(body: VolumeIn, desk: Writing) -> VolumeOut:
    """Make a volume config; `IMAGE-CACHE` is stored as Talos calls it, `IMAGECACHE`."""
    return VolumeOut.model_validate(await volumes.create(desk, body))


@router.get("/name/{name}")
async def show_volume_named(
    name: Name,
    desk: Reading,
    cluster: Which = None,
    role: Role | None = None,
    device_id: Annotated[int | None, Query(ge=1, lt=2**31)] = None,
) -> VolumeOut:
    """One volume config by name: the cluster's, or that of a role or a machine."""
    place = volumes.place_of(role, device_id)
    if device_id is not None and cluster is None:
        row = await store.member(desk.session, device_id)
        cluster_id = row.cluster_id
    else:
        cluster_id = (await store.cluster(desk.session, cluster)).id
    found = await store.volume_named(desk.session, cluster_id, place, volumes.spelled(name))
    return VolumeOut.model_validate(found)


@router.get("/{volume_id}")
async def show_volume(volume_id: Number, desk: Reading) -> VolumeOut:
    """One volume config."""
    return VolumeOut.model_validate(await store.volume(desk.session, volume_id))


@router.put("/{volume_id}")
async def change_volume(volume_id: Number, body: VolumeIn, desk: Writing) -> VolumeOut:
    """Replace a volume config; refused when any machine's config would be."""
    row = await store.volume(desk.session, volume_id)
    return VolumeOut.model_validate(await volumes.change(desk, row, body))


@router.delete("/{volume_id}", status_code=status.HTTP_204_NO_CONTENT)
async def delete_volume(volume_id: Number, desk: Writing) -> None:
    """Delete a volume config."""
    await volumes.delete(desk, await store.volume(desk.session, volume_id))
