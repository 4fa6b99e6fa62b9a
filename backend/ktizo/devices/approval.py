"""What an operator decides about a machine. Each function is one decision, safe to repeat."""

from datetime import datetime

from ktizo.core.db import AsyncSession, IntegrityError
from ktizo.core.errors import Conflict, Invalid
from ktizo.devices import inspection, lease, store
from ktizo.devices.lifecycle import MAY_INSTALL, PROVED, Event, State, after
from ktizo.devices.tables import Device, Lease


class ConfirmationMissing(Invalid):
    """The operator has not said which machine is to be erased."""


class HostnameTaken(Conflict):
    """Another machine has this hostname."""


async def approve(
    session: AsyncSession, device: Device, *, by: str, minutes: int, now: datetime
) -> Lease:
    """Let `device` install once. Approving twice is the same as once while its lease is live."""
    state = after(State(device.state), Event.APPROVE)
    held = await store.open_lease(session, device.id)
    if State(device.state) in MAY_INSTALL and held is not None and held.expires_at > now:
        return held
    device.state, device.approved_at, device.approved_by = state, now, by
    device.updated_at = now
    await inspection.end(session, device.id, "decided", now)
    return await lease.grant(session, device, reason="approval", by=by, minutes=minutes, now=now)


async def reinstall(
    session: AsyncSession, device: Device, *, by: str, minutes: int, confirm: str, now: datetime
) -> Lease:
    """Let a machine that was installed before be installed again, erasing it.

    `confirm` must name the machine: its hostname, or one of its MACs when it has none.
    """
    await insist_named(session, device, confirm)
    device.state = after(State(device.state), Event.REINSTALL)
    device.approved_at, device.approved_by, device.updated_at = now, by, now
    await inspection.end(session, device.id, "decided", now)
    return await lease.grant(session, device, reason="reinstall", by=by, minutes=minutes, now=now)


async def insist_named(session: AsyncSession, device: Device, confirm: str) -> None:
    """Raise ConfirmationMissing unless `confirm` names the machine that is to be erased."""
    macs = (await store.macs_of(session, [device.id])).get(device.id, [])
    names = [device.hostname] if device.hostname else macs
    if confirm.strip().lower() not in names:
        raise ConfirmationMissing(
            f"this erases the machine; confirm with its name: {names[0] if names else device.id}"
        )


async def disarm(session: AsyncSession, device: Device, *, now: datetime) -> None:
    """Make sure that `device`, wiped, is not installed again by itself; twice is the same as once.

    Its lease and inspection end. From then on a network boot leaves it to its own disk, or waiting
    for a decision. What an operator rejected, or has to look at, stays that.
    """
    await inspection.end(session, device.id, "decided", now)
    await lease.end(session, device, "revoked", now=now)
    if State(device.state) not in {State.REGISTERED, State.REJECTED, State.CONFLICT}:
        device.state, device.updated_at = after(State(device.state), Event.REMOVED), now


async def reject(session: AsyncSession, device: Device, *, now: datetime) -> None:
    """Never let `device` install; an open lease or inspection ends at once."""
    await inspection.end(session, device.id, "decided", now)
    await lease.end(session, device, "revoked", now=now)
    device.state, device.updated_at = after(State(device.state), Event.REJECT), now
    device.conflict = None


async def restore(session: AsyncSession, device: Device, *, now: datetime) -> None:  # noqa: ARG001
    """Take a rejection back: the machine is pending again, not approved."""
    device.state, device.updated_at = after(State(device.state), Event.RESTORE), now


async def prove(session: AsyncSession, device: Device, how: Event, *, now: datetime) -> bool:
    """Note that the machine itself (or an operator who looked) says it is installed or runs.

    Spends the lease, so its next network boot is its own disk. Returns False when there was
    nothing new to note.
    """
    state = State(device.state)
    if state in PROVED and not (how is Event.PROVED_RUNNING and state is State.INSTALLED):
        return False
    device.state, device.updated_at = after(state, how), now
    await inspection.end(session, device.id, "decided", now)
    await lease.end(session, device, "spent", now=now)
    return True


async def rename(session: AsyncSession, device: Device, hostname: str | None) -> None:
    """Give `device` a hostname; raises HostnameTaken."""
    device.hostname = hostname
    try:
        async with session.begin_nested():
            await session.flush()
    except IntegrityError as error:
        raise HostnameTaken(f"another machine is called {hostname}; choose another name") from error
