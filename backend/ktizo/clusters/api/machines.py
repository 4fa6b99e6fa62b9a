"""What one machine gets: preview, difference, history; and every machine's again."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from ktizo.accounts.api import needs_admin, needs_operator
from ktizo.clusters import patches, preview, store, volumes
from ktizo.clusters.api import shown
from ktizo.clusters.api.desk import DeviceId, Reading, Writing
from ktizo.clusters.preview import diff as difference
from ktizo.clusters.schemas import (
    Diff,
    MemberOut,
    PatchesIn,
    Preview,
    Reason,
    Regenerated,
    ServedOut,
    VolumeOut,
)
from ktizo.devices import store as devices

router = APIRouter()


@router.post("/devices/regenerate")
async def regenerate(request: Request) -> Regenerated:
    """Make every member's config again and write down those that changed.

    Machines do not wait for this: what they fetch is always made from what is in force.
    """
    return Regenerated(**vars(await request.app.state.regenerator.run()))


@router.get("/clusters/devices/{device_id}/preview")
async def show_preview(device_id: DeviceId, desk: Reading) -> Preview:
    """Show what a machine would be served now, with fingerprints in place of secrets."""
    return await preview.preview(desk, device_id, None)


@router.post("/clusters/devices/{device_id}/preview", dependencies=[Depends(needs_admin)])
async def show_exactly(
    device_id: DeviceId,
    response: Response,
    desk: Writing,
    reason: Annotated[Reason, Query()],
) -> Preview:
    """Show the very bytes a machine would be served, secrets and all; for administrators."""
    response.headers["Cache-Control"] = "no-store"
    return await preview.preview(desk, device_id, reason)


@router.get("/clusters/devices/{device_id}/diff")
async def show_diff(
    device_id: DeviceId,
    desk: Reading,
    served: Annotated[int | None, Query(ge=1, description="Default: the last.")] = None,
) -> Diff:
    """Show how what a machine would get now differs from what it was given."""
    return await difference(desk.session, desk.sealer, device_id, served)


@router.get("/clusters/devices/{device_id}/history")
async def show_history(
    device_id: DeviceId,
    desk: Reading,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> list[ServedOut]:
    """Show what a machine was given, newest first."""
    await devices.get(desk.session, device_id)
    found = await store.served_list(desk.session, device_id, limit)
    return [ServedOut.model_validate(row) for row in found]


@router.get("/clusters/devices/{device_id}/patches", dependencies=[Depends(needs_operator)])
async def show_patches(device_id: DeviceId, desk: Reading) -> list[str]:
    """Show a machine's own patches."""
    row = await store.member(desk.session, device_id)
    return list(patches.of_member(desk.sealer, row))


@router.put("/clusters/devices/{device_id}/patches")
async def change_patches(device_id: DeviceId, body: PatchesIn, desk: Writing) -> MemberOut:
    """Replace a machine's own patches; they come after those of its cluster and role."""
    row = await store.member(desk.session, device_id)
    await patches.change_member(desk, row, body.patches)
    return await shown.member(desk, row)


@router.get("/clusters/devices/{device_id}/volumes")
async def show_volumes(device_id: DeviceId, desk: Reading) -> list[VolumeOut]:
    """Show the volume configs that hold for a machine, each with where it comes from."""
    row = await store.member(desk.session, device_id)
    rows = await store.volumes(desk.session, row.cluster_id)
    found = volumes.in_force(rows, row.role, device_id)
    return [VolumeOut.model_validate(each) for each in found]
