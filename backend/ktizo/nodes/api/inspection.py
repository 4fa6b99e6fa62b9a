"""Looking at a machine before it is approved: ask, see, take back."""

from datetime import datetime

from fastapi import APIRouter, Request

from ktizo.accounts.api import CurrentActor
from ktizo.core.clock import utc_now
from ktizo.core.db import AsyncSession, ReadSession, WriteSession
from ktizo.devices import inspection
from ktizo.devices import store as devices
from ktizo.devices.api.traces import DeviceId, note
from ktizo.events.kinds import EventKind
from ktizo.images import ready
from ktizo.images.image import build_key
from ktizo.nodes.inspect import keep
from ktizo.nodes.schemas import InspectIn, InspectionView

router = APIRouter(prefix="/api/v1/devices")


@router.post("/{device_id}/inspect")
async def inspect_device(
    device_id: DeviceId,
    body: InspectIn,
    request: Request,
    session: WriteSession,
    actor: CurrentActor,
) -> InspectionView:
    """Let a machine boot Talos in memory, once it asks, so that its disks can be read.

    Nothing on it is written. Asked again, its time begins anew.
    """
    device = await devices.get(session, device_id)
    inspection.insist_undecided(device)
    schematic, version = await ready.newest(session, device.arch, body.schematic, body.version)
    settings = request.app.state.settings
    held = await inspection.ask(
        session,
        device,
        actor.name,
        schematic,
        version,
        body.minutes or settings.inspection_minutes,
        utc_now(),
        limit=settings.boot_loop_limit,
    )
    what = {"build": build_key(schematic, version), "until": held.expires_at.isoformat()}
    await note(request, session, actor, EventKind.INSPECTION_ASKED, device, **what)
    return await _view(session, device_id, utc_now())


@router.get("/{device_id}/inspection")
async def show_inspection(device_id: DeviceId, session: ReadSession) -> InspectionView:
    """Show how far the inspection of a machine is, and what the last one found."""
    await devices.get(session, device_id)
    return await _view(session, device_id, utc_now())


@router.delete("/{device_id}/inspection")
async def cancel_inspection(
    device_id: DeviceId, request: Request, session: WriteSession, actor: CurrentActor
) -> InspectionView:
    """Take it back: the next network boot is as before. What was found stays."""
    device = await devices.get(session, device_id)
    ended = await inspection.end(session, device_id, "cancelled", utc_now())
    if ended is not None:
        await note(request, session, actor, EventKind.INSPECTION_ENDED, device, how="cancelled")
    return await _view(session, device_id, utc_now())


async def _view(session: AsyncSession, device_id: int, now: datetime) -> InspectionView:
    """Return the open inspection, else what the last one found.

    asked: its next network boot will be it; booting: it was given the script; looking: it fetched
    its config, and its disks are read as soon as its API answers.
    """
    found = await keep.read(session, device_id)
    held = await devices.open_inspection(session, device_id)
    if held is None or held.expires_at <= now:
        return InspectionView(state="done" if found else "none", findings=found)
    begun = "booting" if held.boots else "asked"
    return InspectionView(
        state="looking" if held.address else begun,
        asked_by=held.asked_by,
        asked_at=held.asked_at,
        expires_at=held.expires_at,
        schematic=held.schematic,
        version=held.version,
        boots=held.boots,
        findings=found,
    )
