"""Machines, for people and automation: `/api/v1/devices`."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from ktizo.accounts.api import CurrentActor, address_of
from ktizo.audit.record import Entry, append
from ktizo.core.clock import utc_now
from ktizo.core.db import AsyncSession, ReadSession, WriteSession, bump_boot_version
from ktizo.core.errors import Invalid, KtizoError
from ktizo.devices import approval, schemas, store
from ktizo.devices.admit import Assign, admit
from ktizo.devices.lifecycle import Event, State
from ktizo.devices.register import register, resolve
from ktizo.devices.tables import Device
from ktizo.devices.view import views
from ktizo.events import store as event_store
from ktizo.events.kinds import EventKind
from ktizo.events.record import record
from ktizo.events.timeline import Boot, boots

router = APIRouter(prefix="/api/v1/devices", tags=["devices"])


DeviceId = Annotated[int, Path(ge=1, lt=2**31)]


async def _shown(request: Request, session: AsyncSession, device: Device) -> schemas.DeviceView:
    return (await views(session, [device], request.app.state.pairing_key))[0]


async def _note(
    request: Request,
    session: AsyncSession,
    actor: CurrentActor,
    kind: EventKind,
    device: Device,
    **data: Any,
) -> None:
    """Leave both traces of a change: the audit line in its transaction, the event on the timeline.

    The event goes out with the writer's next flush, so the stream never runs ahead of the rows.
    """
    entry = Entry(
        at=utc_now(),
        actor=actor.name,
        address=address_of(request),
        action=f"devices.{kind}",
        subject=f"device {device.id}",
        outcome="ok",
        data=data,
    )
    await append(session, entry)
    record(
        request.app.state.writer,
        kind,
        mac=device.boot_mac,
        device_id=device.id,
        data={"by": actor.name, **data},
    )


async def _assign(
    request: Request, session: AsyncSession, device: Device, profile: str | None
) -> None:
    if profile is not None:
        assign: Assign = request.app.state.assign
        await assign(session, device.id, profile)


@router.get("")
async def list_devices(
    request: Request,
    session: ReadSession,
    state: Annotated[list[State], Query(max_length=20)] = [],  # noqa: B006 - FastAPI copies it
    q: Annotated[
        str,
        Query(max_length=100, pattern=r"^[^\x00]*$", description="Name, MAC, serial, make, notes…"),
    ] = "",
    tag: Annotated[str, Query(pattern=r"^[A-Za-z0-9._=/-]{0,63}$")] = "",
    sort: Annotated[
        str, Query(pattern=r"^-?(id|hostname|state|first_seen|last_seen)$")
    ] = "-last_seen",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> schemas.DevicePage:
    """List machines, one page at a time."""
    found, total = await store.search(
        session, state=state, text=q, tag=tag, sort=sort, limit=limit, offset=offset
    )
    items = await views(session, found, request.app.state.pairing_key)
    return schemas.DevicePage(items=items, total=total, by_state=await store.counts(session))


@router.post("", status_code=201)
async def register_device(
    body: schemas.Register, request: Request, session: WriteSession, actor: CurrentActor
) -> schemas.DeviceView:
    """Enter a machine by its MACs before it is first switched on."""
    device = await register(
        session,
        body.all_macs,
        utc_now(),
        hostname=body.hostname,
        role=body.role,
        notes=body.notes,
        tags=body.tags,
        handover=body.handover,
    )
    await bump_boot_version(session)
    await _note(request, session, actor, EventKind.REGISTERED, device, macs=body.all_macs)
    return await _shown(request, session, device)


@router.post("/bulk")
async def bulk(
    body: schemas.Bulk, request: Request, session: WriteSession, actor: CurrentActor
) -> list[schemas.BulkResult]:
    """Do one thing to many machines. One that cannot is reported; the others are done."""
    results = []
    for device_id in dict.fromkeys(body.ids):
        try:
            async with session.begin_nested():
                state = await _bulk_one(body, request, session, actor, device_id)
            results.append(schemas.BulkResult(id=device_id, ok=True, state=state))
        except KtizoError as error:
            results.append(
                schemas.BulkResult(id=device_id, ok=False, code=error.code, message=error.message)
            )
    await bump_boot_version(session)
    return results


async def _bulk_one(
    body: schemas.Bulk, request: Request, session: AsyncSession, actor: CurrentActor, device_id: int
) -> str | None:
    device = await store.get(session, device_id)
    match body.action:
        case "approve":
            what = schemas.Approve(
                role=body.role,
                profile=body.profile,
                cluster=body.cluster,
                lease_minutes=body.lease_minutes,
            )
            await _approve(request, session, actor, device, what)
        case "reject":
            await _reject(request, session, actor, device)
        case "restore":
            await _restore(request, session, actor, device)
        case "tag" | "untag":
            _retag(device, body.tags, add=body.action == "tag")
            await _note(request, session, actor, EventKind.CHANGED, device, fields=["tags"])
        case "delete":
            await _forget(request, session, actor, device)
            return None
    return device.state


def _retag(device: Device, tags: list[str], *, add: bool) -> None:
    if not tags:
        raise Invalid("give the tags to add or remove")
    kept = [tag for tag in device.tags if tag not in tags]
    device.tags = [*kept, *tags] if add else kept


@router.get("/{device_id}")
async def show_device(
    device_id: DeviceId, request: Request, session: ReadSession
) -> schemas.DeviceView:
    """Show one machine."""
    return await _shown(request, session, await store.get(session, device_id))


@router.patch("/{device_id}")
async def change_device(
    device_id: DeviceId,
    body: schemas.Change,
    request: Request,
    session: WriteSession,
    actor: CurrentActor,
) -> schemas.DeviceView:
    """Change what an operator says of a machine; fields left out stay as they are."""
    device = await store.get(session, device_id)
    changes = body.model_dump(exclude_unset=True)
    if "hostname" in changes:
        await approval.rename(session, device, changes.pop("hostname"))
    for name, value in changes.items():
        if value is None and name != "role":
            raise Invalid(f"{name} cannot be null; leave it out to keep it as it is")
        setattr(device, name, value)
    device.updated_at = utc_now()
    await bump_boot_version(session)
    fields = sorted(body.model_fields_set)
    await _note(request, session, actor, EventKind.CHANGED, device, fields=fields)
    return await _shown(request, session, device)


@router.delete("/{device_id}", status_code=204, response_class=Response)
async def forget_device(
    device_id: DeviceId, request: Request, session: WriteSession, actor: CurrentActor
) -> None:
    """Forget a machine. When it knocks again it is unknown: it boots from its own disk."""
    device = await store.get(session, device_id)
    await _forget(request, session, actor, device)
    await bump_boot_version(session)


async def _forget(
    request: Request, session: AsyncSession, actor: CurrentActor, device: Device
) -> None:
    await _note(request, session, actor, EventKind.REMOVED, device)
    await store.delete(session, device)


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
    await _approve(request, session, actor, device, body)
    await bump_boot_version(session)
    return await _shown(request, session, device)


async def _approve(
    request: Request,
    session: AsyncSession,
    actor: CurrentActor,
    device: Device,
    body: schemas.Approve,
) -> None:
    rooms = request.app.state.rooms_for(request.app.state.writer, actor, address_of(request))
    what = await admit(session, device, body, rooms, by=actor.name)
    await _note(request, session, actor, EventKind.APPROVED, device, **what)


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
    held = await approval.reinstall(
        session, device, by=actor.name, minutes=minutes, confirm=body.confirm, now=utc_now()
    )
    await _assign(request, session, device, body.profile)
    await bump_boot_version(session)
    until = held.expires_at.isoformat()
    await _note(request, session, actor, EventKind.LEASE_GRANTED, device, until=until)
    return await _shown(request, session, device)


@router.post("/{device_id}/reject")
async def reject_device(
    device_id: DeviceId, request: Request, session: WriteSession, actor: CurrentActor
) -> schemas.DeviceView:
    """Never let this machine install; a running permission ends at once."""
    device = await store.get(session, device_id)
    await _reject(request, session, actor, device)
    await bump_boot_version(session)
    return await _shown(request, session, device)


async def _reject(
    request: Request, session: AsyncSession, actor: CurrentActor, device: Device
) -> None:
    await approval.reject(session, device, now=utc_now())
    await _note(request, session, actor, EventKind.REJECTED, device)


@router.post("/{device_id}/restore")
async def restore_device(
    device_id: DeviceId, request: Request, session: WriteSession, actor: CurrentActor
) -> schemas.DeviceView:
    """Take a rejection back; the machine is pending again, not approved."""
    device = await store.get(session, device_id)
    await _restore(request, session, actor, device)
    await bump_boot_version(session)
    return await _shown(request, session, device)


async def _restore(
    request: Request, session: AsyncSession, actor: CurrentActor, device: Device
) -> None:
    await approval.restore(session, device, now=utc_now())
    await _note(request, session, actor, EventKind.RESTORED, device)


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
    await _note(request, session, actor, EventKind.CONFLICT_RESOLVED, remains, keep=body.keep)
    return await _shown(request, session, remains)


@router.post("/{device_id}/ran")
async def mark_running(
    device_id: DeviceId, request: Request, session: WriteSession, actor: CurrentActor
) -> schemas.DeviceView:
    """Note that an operator saw the machine run. Spends its lease: from now on its own disk."""
    device = await store.get(session, device_id)
    if await approval.prove(session, device, Event.PROVED_RUNNING, now=utc_now()):
        await bump_boot_version(session)
        await _note(request, session, actor, EventKind.LEASE_SPENT, device, how="operator")
    return await _shown(request, session, device)


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
