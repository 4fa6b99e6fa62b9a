"""Which boot path a machine has to come by."""

from collections.abc import Iterable

from ktizo.core.db import AsyncSession, bump_boot_version
from ktizo.devices import store
from ktizo.devices.tables import Device


async def leave_door(session: AsyncSession, device: Device) -> None:
    """Let a machine be one of the LAN again: its rented server is in nobody's list any more."""
    device.door = None
    await session.flush()
    await bump_boot_version(session)


async def leave_doors(session: AsyncSession, doors: Iterable[int]) -> None:
    """Do so for the machines of several servers."""
    for device in (await store.by_doors(session, doors)).values():
        await leave_door(session, device)
