"""Entering a machine before its first power-on, and settling who is who afterwards."""

from datetime import datetime
from typing import Any, Literal

from ktizo.core.db import AsyncSession, IntegrityError
from ktizo.core.errors import Conflict
from ktizo.devices import lease, store
from ktizo.devices.lifecycle import Event, State, WrongState, after
from ktizo.devices.tables import Device


class MacTaken(Conflict):
    """A machine with this network card exists already."""


async def register(session: AsyncSession, macs: list[str], now: datetime, **fields: Any) -> Device:
    """Enter a machine by its MACs. It may be approved before it was ever seen."""
    taken = await store.by_macs(session, macs)
    if taken:
        mac, owner = next(iter(taken.items()))
        raise MacTaken(f"{mac} belongs to machine {owner.id} already", device_id=owner.id)
    device = Device(state=State.REGISTERED, created_at=now, updated_at=now, **fields)
    try:
        async with session.begin_nested():
            return await store.add(session, device, macs)
    except IntegrityError as error:
        raise Conflict("its hostname or one of its MACs is taken by another machine") from error


Keep = Literal["recorded", "claimed", "separate", "merge"]


async def resolve(session: AsyncSession, device: Device, keep: Keep, now: datetime) -> Device:
    """Settle a contested machine and return the record that remains.

    recorded  the record is right, the other claim was wrong: back to where it stood
    claimed   the hardware changed: take over the new marks; it must be approved again
    separate  a machine of its own that happens to share a UUID: pending
    merge     this record is only another card of the machine it resembles: one record remains
    """
    conflict = device.conflict or {}
    if State(device.state) is not State.CONFLICT:
        raise WrongState(f"nothing is contested: the machine is {device.state}", state=device.state)
    newcomer = "like" in conflict
    if newcomer is not (keep in {"separate", "merge"}):
        ways = "separate or merge" if newcomer else "recorded or claimed"
        raise Conflict(f"this conflict can be settled by: {ways}")
    if keep == "merge":
        return await _merge(session, device, int(conflict["like"]), now)
    if keep == "recorded":
        before = State(device.state_before) if device.state_before else None
        device.state = after(State.CONFLICT, Event.RESOLVED_KEEP, before_conflict=before)
        if device.state != before:
            await lease.end(session, device, "revoked", now=now)
    else:
        for field in ("uuid", "serial"):
            if keep == "claimed" and conflict.get(field):
                setattr(device, field, conflict[field])
        device.state = after(State.CONFLICT, Event.RESOLVED_CHANGED)
        await lease.end(session, device, "revoked", now=now)
    device.conflict, device.state_before, device.updated_at = None, None, now
    return device


async def _merge(session: AsyncSession, device: Device, target_id: int, now: datetime) -> Device:
    target = await store.get(session, target_id)
    await store.move_macs(session, device.id, target.id)
    await store.delete(session, device)
    target.updated_at = now
    return target
