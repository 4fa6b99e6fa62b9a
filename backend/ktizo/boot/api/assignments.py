"""Which machine boots which profile, for people."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, status

from ktizo.boot import store
from ktizo.boot.api.trace import trace
from ktizo.boot.check import check_assignment
from ktizo.boot.schemas import AssignmentIn, AssignmentOut, NewAssignment
from ktizo.boot.tables import AssignmentRow
from ktizo.core.db import AsyncSession, ReadSession, WriteSession
from ktizo.devices import store as devices
from ktizo.events.kinds import EventKind
from ktizo.events.record import record

router = APIRouter()

DeviceId = Annotated[int, Path(ge=1, le=2**31 - 1)]


def _out(row: AssignmentRow, profile: str) -> AssignmentOut:
    return AssignmentOut(
        device_id=row.device_id,
        profile=profile,
        parameters=row.parameters,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


async def _assign(
    session: AsyncSession, device_id: int, body: AssignmentIn, request: Request
) -> AssignmentOut:
    await devices.get(session, device_id)
    profile = store.as_profile(await store.profile(session, body.profile))
    check_assignment(profile, body.parameters)
    row = await store.assign(session, device_id, profile.id, body.parameters)
    data = {"profile": profile.name}
    record(request.app.state.writer, EventKind.ASSIGNED, device_id=device_id, data=data)
    trace(request, "assigned", f"device {device_id}", **data, parameters=sorted(body.parameters))
    return _out(row, profile.name)


@router.get("/assignments")
async def list_assignments(
    session: ReadSession,
    profile: str | None = None,
    device_id: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
) -> list[AssignmentOut]:
    """Which machine boots which profile; those of one profile with `profile`.

    With `device_id` it is the one of that machine, or none: not having one is no error.
    """
    wanted = None if profile is None else (await store.profile(session, profile)).id
    return [_out(row, name) for row, name in await store.assignments(session, wanted, device_id)]


@router.post("/assignments", status_code=status.HTTP_201_CREATED)
async def create_assignment(
    body: NewAssignment, session: WriteSession, request: Request
) -> AssignmentOut:
    """Give a machine its profile; refused when it has one."""
    if await store.assignment(session, body.device_id) is not None:
        raise store.AlreadyAssigned(f"machine {body.device_id} has a profile; PUT changes it")
    return await _assign(session, body.device_id, body, request)


@router.get("/assignments/{device_id}")
async def show_assignment(device_id: DeviceId, session: ReadSession) -> AssignmentOut:
    """Which profile this machine has of its own; 404 when its role decides."""
    return _out(*await store.assignment_named(session, device_id))


@router.put("/assignments/{device_id}")
async def put_assignment(
    device_id: DeviceId, body: AssignmentIn, session: WriteSession, request: Request
) -> AssignmentOut:
    """Give a machine a profile, instead of the one it may have."""
    return await _assign(session, device_id, body, request)


@router.delete("/assignments/{device_id}", status_code=status.HTTP_204_NO_CONTENT)
async def delete_assignment(device_id: DeviceId, session: WriteSession, request: Request) -> None:
    """Take a machine's profile away; the one of its role, if it has one, applies again."""
    row, _ = await store.assignment_named(session, device_id)
    await store.unassign(session, row)
    trace(request, "unassigned", f"device {device_id}")
