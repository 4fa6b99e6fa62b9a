"""Leave to look at a machine before anybody decides: Talos in memory, nothing on it is written.

Each change says itself that answers changed (`boot_version`), so no caller can forget it.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal

from ktizo.core.db import AsyncSession, bump_boot_version
from ktizo.devices import store
from ktizo.devices.lifecycle import UNDECIDED, State, WrongState
from ktizo.devices.tables import Device, Inspection

# done: its disks were read; decided: approved, rejected, contested or forgotten meanwhile
How = Literal["done", "cancelled", "expired", "decided"]

_WAY_OUT: dict[State, str] = {
    State.APPROVED: "it is approved, and its next boot installs it; reject and restore it first",
    State.INSTALLING: "it is being installed; reject and restore it first",
    State.INSTALLED: "it is installed, and shows its disks itself, as a node",
    State.RUNNING: "it is running, and shows its disks itself, as a node",
    State.BOOT_LOOP: "it is held in a boot loop; reject and restore it first",
    State.CONFLICT: "its identity is contested; resolve that first",
    State.REJECTED: "it was rejected; restore it first",
}


async def ask(
    session: AsyncSession,
    device: Device,
    by: str,
    schematic: str,
    version: str,
    minutes: int,
    now: datetime,
    *,
    limit: int | None = None,
) -> Inspection:
    """Let `device` boot this build of the mirror to be looked at; asking twice renews the first.

    Raises WrongState, with the way out, once somebody decided about the machine. `limit`: one that
    was booted so often is used up, and another begins.
    """
    insist_undecided(device)
    until = now + timedelta(minutes=minutes)
    held = await store.open_inspection(session, device.id)
    if held is not None and _over(held, now, limit):
        await end(session, device.id, "expired", now)
        held = None
    if held is None:
        held = await store.add_inspection(
            session,
            Inspection(
                device_id=device.id,
                asked_by=by,
                asked_at=now,
                expires_at=until,
                schematic=schematic,
                version=version,
                boots=0,
            ),
        )
    else:
        # Its number stays: the config ticket of a machine that is just booting stays good.
        held.asked_by, held.asked_at, held.expires_at = by, now, until
        held.schematic, held.version = schematic, version
        await session.flush()
    await bump_boot_version(session)
    return held


def insist_undecided(device: Device) -> None:
    """Raise WrongState, with the way out, once somebody decided about the machine."""
    state = State(device.state)
    if state not in UNDECIDED:
        raise WrongState(f"cannot inspect this machine: {_WAY_OUT[state]}", state=state)


def _over(held: Inspection, now: datetime, limit: int | None) -> bool:
    return held.expires_at <= now or (limit is not None and held.boots >= limit)


async def end(session: AsyncSession, device_id: int, how: How, now: datetime) -> Inspection | None:
    """End the machine's open inspection; None when it had none."""
    ended = await end_many(session, [device_id], how, now)
    return ended[0] if ended else None


async def end_many(
    session: AsyncSession, ids: Iterable[int], how: How, now: datetime
) -> list[Inspection]:
    """End the open inspections of these machines and return them."""
    held = list((await store.inspections_of(session, ids)).values())
    for each in held:
        each.ended_at, each.end = now, how
    if held:
        await session.flush()
        await bump_boot_version(session)
    return held


async def expire_overdue_inspections(session: AsyncSession, now: datetime) -> list[Device]:
    """End every inspection whose time is over; returns its machines.

    Only housekeeping: the boot path compares the clock itself and never trusts an overdue one.
    """
    overdue = await store.overdue_inspections(session, now)
    await end_many(session, [device.id for _, device in overdue], "expired", now)
    return [device for _, device in overdue]
