"""What people call a machine, for lists that show no more of it than that."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from ktizo.core.db import AsyncSession
from ktizo.devices import store
from ktizo.devices.lifecycle import State
from ktizo.devices.listing.store import Sought, search
from ktizo.devices.tables import Device

AT_ONCE = 500  # machines of one question


@dataclass(frozen=True, slots=True)
class Named:
    """A machine, as much of it as it takes to know which one.

    `name`: hostname, else make and model, else its MAC. `since`: when it was first seen while
    nobody has decided, else when something about it was last decided.
    """

    id: int
    name: str
    mac: str | None
    state: str
    since: datetime | None


def named(device: Device) -> Named:
    """Return `device` as a line of a list."""
    make = " ".join(part for part in (device.vendor, device.product) if part)
    undecided = device.state in {State.PENDING, State.REGISTERED}
    return Named(
        id=device.id,
        name=device.hostname or make or device.boot_mac or f"machine {device.id}",
        mac=device.boot_mac,
        state=device.state,
        since=(device.first_seen or device.created_at) if undecided else device.updated_at,
    )


async def in_state(session: AsyncSession, state: State, limit: int) -> tuple[list[Named], int]:
    """Return the first `limit` machines in `state`, seen first before the others, and the total."""
    found, total = await search(session, Sought(state=[state]), sort="first_seen", limit=limit)
    return [named(device) for device in found], total


async def by_ids(session: AsyncSession, ids: Collection[int]) -> dict[int, Named]:
    """Return these machines, those that are still there."""
    asked = list(ids)
    found: dict[int, Named] = {}
    for start in range(0, len(asked), AT_ONCE):
        some = await store.by_ids(session, asked[start : start + AT_ONCE])
        found |= {device_id: named(device) for device_id, device in some.items()}
    return found
