"""Using a lease in the transaction of whoever sends the installer, not a moment later.

The boot path counts in memory and lets the batch writer follow, for it may not wait. Where a config
is pushed to a machine there is time, and what is sent cannot be taken back.
"""

from datetime import datetime

from ktizo.core.db import AsyncSession, bump_boot_version
from ktizo.core.errors import Conflict
from ktizo.devices import store
from ktizo.devices.facts import DeviceFacts
from ktizo.devices.lifecycle import MAY_INSTALL, Event, State, after


class NoLongerPermitted(Conflict):
    """What allowed the installation ended meanwhile."""


async def still(
    session: AsyncSession, device_id: int, lease_id: int, *, now: datetime
) -> DeviceFacts:
    """Return the machine if this very lease lets it install now; raises NoLongerPermitted."""
    device = (await store.facts_of(session, [device_id])).get(device_id)
    if device is None:
        raise NoLongerPermitted("meanwhile the machine was removed")
    if device.state not in MAY_INSTALL:
        raise NoLongerPermitted(f"meanwhile the machine became {device.state}")
    if device.lease is None or device.lease.id != lease_id or not device.lease.live(now):
        raise NoLongerPermitted("its permission to install ended meanwhile")
    return device


async def use(
    session: AsyncSession, device_id: int, count: int, *, limit: int, now: datetime
) -> None:
    """Note that an installer goes out to a permitted machine, its `count`th of `limit`."""
    device = await store.get(session, device_id)
    lease = await store.open_lease(session, device_id)
    if lease is not None:
        lease.offers = max(lease.offers, count)
    device.state, device.updated_at = after(State(device.state), Event.INSTALLER_SENT), now
    if count >= limit:  # what its next network boot is told has changed
        await bump_boot_version(session)
