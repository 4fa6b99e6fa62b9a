"""Deleting a profile, and only one that nothing needs."""

from collections.abc import Sequence

from ktizo.boot import store
from ktizo.boot.tables import ProfileRow
from ktizo.core.db import AsyncSession
from ktizo.core.errors import Conflict
from ktizo.devices import store as devices

NAMED = 10  # machines named in the message


class ProfileInUse(Conflict):
    """Machines would lose what they boot."""


class BuiltinProfile(Conflict):
    """The profiles Ktizo starts with can be changed, not removed."""


async def retire(session: AsyncSession, row: ProfileRow) -> set[str]:
    """Delete a profile; returns the checksums of the files it had."""
    if row.builtin:
        raise BuiltinProfile(f"{row.name} comes with Ktizo; change it, or leave it unused")
    users = [each.device_id for each, _ in await store.assignments(session, row.id)]
    if users:
        names = ", ".join(await _names(session, users[:NAMED]))
        more = f" and {len(users) - NAMED} more" if len(users) > NAMED else ""
        raise ProfileInUse(
            f"{row.name} is assigned to {names}{more}; give them another profile first",
            device_ids=users,
        )
    had = {asset.sha256 for asset in await store.assets(session, row.id)}
    await store.delete_profile(session, row)
    return had


async def _names(session: AsyncSession, ids: Sequence[int]) -> list[str]:
    macs = await devices.macs_of(session, ids)
    names = []
    for device_id in ids:
        hostname = (await devices.get(session, device_id)).hostname
        names.append(hostname or next(iter(macs.get(device_id, [])), f"machine {device_id}"))
    return names
