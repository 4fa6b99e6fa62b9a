"""Giving a machine a boot profile by name, as approvals do."""

from ktizo.boot import store
from ktizo.core.db import AsyncSession


async def assign_by_name(session: AsyncSession, device_id: int, profile: str) -> None:
    """Assign `profile`; the machine's own parameters stay. Raises ProfileNotFound."""
    wanted = await store.profile(session, profile)
    held = await store.assignment(session, device_id)
    await store.assign(session, device_id, wanted.id, held.parameters if held else {})
