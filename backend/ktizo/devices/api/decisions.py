"""What operators decide about a machine."""

from fastapi import APIRouter, Request

from ktizo.accounts.api import CurrentActor, address_of
from ktizo.core.clock import utc_now
from ktizo.core.db import AsyncSession, WriteSession, bump_boot_version
from ktizo.devices import approval, schemas, store
from ktizo.devices.admit import Assign, admit
from ktizo.devices.api.traces import DeviceId, note, note_looking_ended, shown
from ktizo.devices.lifecycle import Event
from ktizo.devices.register import resolve
from ktizo.devices.tables import Device
from ktizo.events.kinds import EventKind

router = APIRouter(prefix="/api/v1/devices")


@router.post("/{device_id}/approve")
async def approve_device(
    device_id: DeviceId,
    body: schemas.Approve,
    request: Request,
    session: WriteSession,
    actor: CurrentActor,
) -> schemas.DeviceView:
    """Let a machine install once: its next network boot gets the installer."""
    device = await store.get(session, device_id)
    await approve(request, session, actor, device, body)
    await bump_boot_version(session)
    return await shown(request, session, device)


async def approve(
    request: Request,
    session: AsyncSession,
    actor: CurrentActor,
    device: Device,
    body: schemas.Approve,
) -> None:
    """Let `device` install once, as `body` says, and leave the traces of it."""
    rooms = request.app.state.rooms_for(request.app.state.writer, actor, address_of(request))
    looking = await store.open_inspection(session, device.id)
    what = await admit(session, device, body, rooms, by=actor.name)
    await note(request, session, actor, EventKind.APPROVED, device, **what)
    note_looking_ended(request, actor, device, looking)


@router.post("/{device_id}/reinstall")
async def reinstall_device(
    device_id: DeviceId,
    body: schemas.Reinstall,
    request: Request,
    session: WriteSession,
    actor: CurrentActor,
) -> schemas.DeviceView:
    """Let an installed machine be erased and installed again; `confirm` names it."""
    device = await store.get(session, device_id)
    minutes = body.lease_minutes or request.app.state.settings.lease_minutes
    looking = await store.open_inspection(session, device.id)
    held = await approval.reinstall(
        session, device, by=actor.name, minutes=minutes, confirm=body.confirm, now=utc_now()
    )
    await _assign(request, session, device, body.profile)
    await bump_boot_version(session)
    until = held.expires_at.isoformat()
    await note(request, session, actor, EventKind.LEASE_GRANTED, device, until=until)
    note_looking_ended(request, actor, device, looking)
    return await shown(request, session, device)


@router.post("/{device_id}/reject")
async def reject_device(
    device_id: DeviceId, request: Request, session: WriteSession, actor: CurrentActor
) -> schemas.DeviceView:
    """Never let this machine install; a running permission ends at once."""
    device = await store.get(session, device_id)
    await reject(request, session, actor, device)
    await bump_boot_version(session)
    return await shown(request, session, device)


async def reject(
    request: Request, session: AsyncSession, actor: CurrentActor, device: Device
) -> None:
    """Never let `device` install, and leave the traces of it."""
    looking = await store.open_inspection(session, device.id)
    await approval.reject(session, device, now=utc_now())
    await note(request, session, actor, EventKind.REJECTED, device)
    note_looking_ended(request, actor, device, looking)


@router.post("/{device_id}/restore")
async def restore_device(
    device_id: DeviceId, request: Request, session: WriteSession, actor: CurrentActor
) -> schemas.DeviceView:
    """Take a rejection back; the machine is pending again, not approved."""
    device = await store.get(session, device_id)
    await restore(request, session, actor, device)
    await bump_boot_version(session)
    return await shown(request, session, device)


async def restore(
    request: Request, session: AsyncSession, actor: CurrentActor, device: Device
) -> None:
    """Take a rejection back, and leave the traces of it."""
    await approval.restore(session, device, now=utc_now())
    await note(request, session, actor, EventKind.RESTORED, device)


@router.post("/{device_id}/resolve")
async def resolve_device(
    device_id: DeviceId,
    body: schemas.Resolve,
    request: Request,
    session: WriteSession,
    actor: CurrentActor,
) -> schemas.DeviceView:
    """Settle a contested identity; the answer is the record that remains."""
    device = await store.get(session, device_id)
    remains = await resolve(session, device, body.keep, utc_now())
    await bump_boot_version(session)
    await note(request, session, actor, EventKind.CONFLICT_RESOLVED, remains, keep=body.keep)
    return await shown(request, session, remains)


@router.post("/{device_id}/ran")
async def mark_running(
    device_id: DeviceId, request: Request, session: WriteSession, actor: CurrentActor
) -> schemas.DeviceView:
    """Note that an operator saw the machine run. Spends its lease: from now on its own disk."""
    device = await store.get(session, device_id)
    if await approval.prove(session, device, Event.PROVED_RUNNING, now=utc_now()):
        await bump_boot_version(session)
        await note(request, session, actor, EventKind.LEASE_SPENT, device, how="operator")
    return await shown(request, session, device)


async def _assign(
    request: Request, session: AsyncSession, device: Device, profile: str | None
) -> None:
    if profile is not None:
        assign: Assign = request.app.state.assign
        await assign(session, device.id, profile)
