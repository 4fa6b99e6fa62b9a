"""Entering machines, changing what is said of them, many at once."""

from fastapi import APIRouter, Request, Response

from ktizo.accounts.api import CurrentActor
from ktizo.core.clock import utc_now
from ktizo.core.db import AsyncSession, WriteSession, bump_boot_version
from ktizo.core.errors import Invalid, KtizoError
from ktizo.devices import approval, inspection, schemas, store
from ktizo.devices.api.decisions import approve, reject, restore
from ktizo.devices.api.traces import DeviceId, note, note_looking_ended, shown
from ktizo.devices.register import register
from ktizo.devices.tables import Device
from ktizo.events.kinds import EventKind

router = APIRouter(prefix="/api/v1/devices")


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
    await note(request, session, actor, EventKind.REGISTERED, device, macs=body.all_macs)
    return await shown(request, session, device)


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
            await approve(request, session, actor, device, what)
        case "reject":
            await reject(request, session, actor, device)
        case "restore":
            await restore(request, session, actor, device)
        case "tag" | "untag":
            _retag(device, body.tags, add=body.action == "tag")
            await note(request, session, actor, EventKind.CHANGED, device, fields=["tags"])
        case "delete":
            await _forget(request, session, actor, device)
            return None
    return device.state


def _retag(device: Device, tags: list[str], *, add: bool) -> None:
    if not tags:
        raise Invalid("give the tags to add or remove")
    kept = [tag for tag in device.tags if tag not in tags]
    device.tags = [*kept, *tags] if add else kept


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
    await note(request, session, actor, EventKind.CHANGED, device, fields=fields)
    return await shown(request, session, device)


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
    await note(request, session, actor, EventKind.REMOVED, device)
    looking = await inspection.end(session, device.id, "decided", utc_now())
    note_looking_ended(request, actor, device, looking)
    await store.delete(session, device)
