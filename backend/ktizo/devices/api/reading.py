"""Machines and what happened to them, for whoever may look."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from ktizo.core.db import ReadSession
from ktizo.devices import schemas, store
from ktizo.devices.api.traces import DeviceId, shown
from ktizo.devices.lifecycle import State
from ktizo.devices.listing.store import SORTS, Sought, search
from ktizo.devices.view import views
from ktizo.events import store as event_store
from ktizo.events.timeline import Boot, boots

router = APIRouter(prefix="/api/v1/devices")


Text = Annotated[str, Query(max_length=100, pattern=r"^[^\x00]*$")]


def sought(  # FastAPI copies the lists
    state: Annotated[list[State], Query(max_length=20)] = [],  # noqa: B006
    role: Annotated[list[schemas.Role], Query(max_length=20)] = [],  # noqa: B006
    arch: Annotated[list[schemas.Arch], Query(max_length=20)] = [],  # noqa: B006
    firmware: Annotated[list[schemas.Firmware], Query(max_length=20)] = [],  # noqa: B006
    q: Annotated[Text, Query(description="Name, MAC, serial, make, notes…")] = "",
    vendor: Annotated[Text, Query(description="Part of the maker's name.")] = "",
    tag: Annotated[str, Query(pattern=r"^[A-Za-z0-9._=/-]{0,63}$")] = "",
) -> Sought:
    """Return the filter named in the query."""
    return Sought(state, role, arch, firmware, text=q, vendor=vendor, tag=tag)


@router.get("")
async def list_devices(
    request: Request,
    session: ReadSession,
    wanted: Annotated[Sought, Depends(sought)],
    sort: Annotated[
        str,
        Query(
            pattern=f"^-?({'|'.join(SORTS)})$",
            description="`-` before it for downwards. Machines without a value come last.",
        ),
    ] = "-last_seen",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> schemas.DevicePage:
    """List machines, one page at a time."""
    found, total = await search(session, wanted, sort=sort, limit=limit, offset=offset)
    items = await views(session, found, request.app.state.pairing_key)
    return schemas.DevicePage(items=items, total=total, by_state=await store.counts(session))


@router.get("/{device_id}")
async def show_device(
    device_id: DeviceId, request: Request, session: ReadSession
) -> schemas.DeviceView:
    """Show one machine."""
    return await shown(request, session, await store.get(session, device_id))


@router.get("/{device_id}/timeline")
async def device_timeline(
    device_id: DeviceId,
    session: ReadSession,
    limit: Annotated[int, Query(ge=1, le=5000)] = 500,
) -> list[Boot]:
    """Return what happened to a machine, boot by boot, each step with its time and duration."""
    await store.get(session, device_id)
    macs = (await store.macs_of(session, [device_id])).get(device_id, [])
    events = await event_store.for_macs(session, macs, limit, device_id=device_id)
    return boots(events)
