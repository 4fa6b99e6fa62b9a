"""What an editor needs to know beforehand: versions, document kinds; and whether patches fit."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from ktizo.clusters import kinds, rehearse, store
from ktizo.clusters.api.desk import DeviceId, Key, Reading
from ktizo.clusters.kinds import KnownDocuments, TalosRelease
from ktizo.clusters.rehearse import PatchVerdict
from ktizo.clusters.schemas import PatchesIn, Scope

router = APIRouter()

Version = Annotated[
    str, Query(max_length=40, examples=["v1.12.11"], description="v1.12 or v1.12.11.")
]


@router.get("/cluster/versions")
async def list_versions() -> list[TalosRelease]:
    """Every Talos a cluster may be of, the newest first, with the Kubernetes it runs."""
    return kinds.releases()


@router.get("/cluster/documents")
async def list_documents(talos_version: Version) -> KnownDocuments:
    """Every kind of document a Talos knows, and its fields."""
    return kinds.known(talos_version)


@router.post("/clusters/{key}/patches/{scope}/check")
async def check_patches(
    key: Key, scope: Annotated[Scope, Path()], body: PatchesIn, desk: Reading
) -> PatchVerdict:
    """Say what saving these patches would say; nothing is saved."""
    row = await store.cluster(desk.session, key)
    return await rehearse.cluster_patches(desk, row, scope, body.patches)


@router.post("/clusters/devices/{device_id}/patches/check")
async def check_machine_patches(
    device_id: DeviceId, body: PatchesIn, desk: Reading
) -> PatchVerdict:
    """Say what saving a machine's own patches would say; nothing is saved."""
    row = await store.member(desk.session, device_id)
    return await rehearse.member_patches(desk, row, body.patches)
