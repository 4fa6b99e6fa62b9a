"""Leases: the one thing that lets a machine near an installer. One-shot, expiring, revocable."""

from datetime import datetime, timedelta

from ktizo.core.db import AsyncSession
from ktizo.devices import store
from ktizo.devices.lifecycle import Event, State, after
from ktizo.devices.tables import Device, Lease


async def grant(
    session: AsyncSession, device: Device, *, reason: str, by: str, minutes: int, now: datetime
) -> Lease:
    """Give `device` a fresh lease; an open one is revoked first, so there is never a second."""
    await end(session, device, "revoked", now=now)
    return await store.add_lease(
        session,
        Lease(
            device_id=device.id,
            reason=reason,
            granted_by=by,
            granted_at=now,
            expires_at=now + timedelta(minutes=minutes),
            offers=0,
        ),
    )


async def end(session: AsyncSession, device: Device, how: str, *, now: datetime) -> Lease | None:
    """End the machine's open lease as `spent`, `expired` or `revoked`; None when it had none."""
    lease = await store.open_lease(session, device.id)
    if lease is not None:
        lease.ended_at, lease.end = now, how
        await session.flush()
    return lease


async def expire_overdue(session: AsyncSession, now: datetime) -> list[Device]:
    """End every lease whose time is over and mark its machine lapsed; returns those machines.

    Only housekeeping: the boot path compares the clock itself and never trusts an overdue lease.
    """
    lapsed = []
    for lease, device in await store.overdue_leases(session, now):
        lease.ended_at, lease.end = now, "expired"
        if State(device.state) in {State.APPROVED, State.INSTALLING}:
            device.state = after(State(device.state), Event.LEASE_EXPIRED)
            device.updated_at = now
            lapsed.append(device)
    await session.flush()
    return lapsed
