"""Holding a machine back for a person to look at, because what it shows is not what was agreed."""

from datetime import datetime
from typing import Any

from ktizo.core.db import AsyncSession, bump_boot_version
from ktizo.devices import lease, store
from ktizo.devices.lifecycle import Event, State, after


async def hold(
    session: AsyncSession, device_id: int, why: str, *, now: datetime, **found: Any
) -> bool:
    """Take the machine's lease and contest it; False when it was contested or rejected before.

    It is settled as any conflict is (register.resolve), and has to be approved again after that.
    """
    device = await store.get(session, device_id)
    state = State(device.state)
    if state in {State.CONFLICT, State.REJECTED}:
        return False
    await lease.end(session, device, "revoked", now=now)
    device.state_before, device.state = state, after(state, Event.CONFLICT_FOUND)
    device.conflict = {"why": why, "at": now.isoformat(), **found}
    device.updated_at = now
    await bump_boot_version(session)
    return True
