"""`/api/v1/clusters`: several clusters, and the patches of each."""

from fastapi import APIRouter, Depends, status

from ktizo.accounts.api import needs_admin, needs_operator
from ktizo.clusters import create, patches, settings, store
from ktizo.clusters.api import shown
from ktizo.clusters.api.desk import Key, Reading, Writing
from ktizo.clusters.schemas import (
    ClusterOut,
    NewCluster,
    PatchesIn,
    Scope,
    SettingsChange,
)

router = APIRouter(prefix="/clusters")


@router.get("")
async def list_clusters(desk: Reading) -> list[ClusterOut]:
    """Every cluster, by name."""
    return await shown.clusters(desk, await store.clusters(desk.session))


@router.post("", status_code=status.HTTP_201_CREATED)
async def create_cluster(body: NewCluster, desk: Writing) -> ClusterOut:
    """Make a cluster with its secrets."""
    return await shown.cluster(desk, await create.create(desk, body))


@router.get("/{key}")
async def show_cluster(key: Key, desk: Reading) -> ClusterOut:
    """One cluster."""
    return await shown.cluster(desk, await store.cluster(desk.session, key))


@router.patch("/{key}")
async def change_cluster(key: Key, body: SettingsChange, desk: Writing) -> ClusterOut:
    """Change some settings. What would break a machine's config is refused, and nothing changes."""
    row = await store.cluster(desk.session, key)
    return await shown.cluster(desk, await settings.change(desk, row, body.model_extra or {}))


@router.delete(
    "/{key}", status_code=status.HTTP_204_NO_CONTENT, dependencies=[Depends(needs_admin)]
)
async def delete_cluster(key: Key, desk: Writing) -> None:
    """Forget a cluster and its secrets; refused while machines belong to it."""
    await create.delete(desk, await store.cluster(desk.session, key))


# Patches may hold secrets in clear, which a preview would only show as fingerprints.
@router.get("/{key}/patches", dependencies=[Depends(needs_operator)])
async def show_patches(key: Key, desk: Reading) -> dict[str, list[str]]:
    """The patches of a cluster, by scope. They apply in the order cluster, role, machine."""
    row = await store.cluster(desk.session, key)
    found = patches.of_cluster(desk.sealer, row)
    return {scope: list(texts) for scope, texts in found.items()}


@router.put("/{key}/patches/{scope}")
async def change_patches(key: Key, scope: Scope, body: PatchesIn, desk: Writing) -> ClusterOut:
    """Replace all patches of one scope."""
    row = await store.cluster(desk.session, key)
    await patches.change_cluster(desk, row, scope, body.patches)
    return await shown.cluster(desk, row)
