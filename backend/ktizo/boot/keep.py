"""Making a received file a profile's, and clearing away what nothing refers to.

The row that counts boot versions is locked first, by every change here: so a content is never
removed while another request is about to refer to it.
"""

import asyncio
from collections.abc import Iterable

from ktizo.boot import store
from ktizo.boot.tables import AssetRow
from ktizo.core.db import AsyncSession, Database, bump_boot_version
from ktizo.core.shelf import Incoming, Shelf
from ktizo.images import store as images


async def keep(
    session: AsyncSession, shelf: Shelf, profile_id: int, name: str, incoming: Incoming
) -> tuple[AssetRow, str | None]:
    """Put a finished file in place as `name` of a profile; returns what was there before."""
    await bump_boot_version(session)
    await store.profile(session, profile_id)  # it may have been deleted during the upload
    stored = await asyncio.to_thread(shelf.place, incoming)
    return await store.save_asset(session, profile_id, name, stored)


async def clear(database: Database, shelf: Shelf, checksums: Iterable[str | None]) -> None:
    """Remove those contents nobody has any more. Call after the change was committed."""
    gone = {checksum for checksum in checksums if checksum}
    if not gone:
        return
    async with database.write() as session:
        await bump_boot_version(session)
        for checksum in gone - await _wanted(session):
            await asyncio.to_thread(shelf.drop, checksum)


async def tidy(database: Database, shelf: Shelf) -> int:
    """Remove what a crash left half done; at start, before anything is uploaded."""
    async with database.write() as session:
        await bump_boot_version(session)
        return await asyncio.to_thread(shelf.sweep, await _wanted(session))


async def _wanted(session: AsyncSession) -> set[str]:
    """Return the contents somebody has: profiles, and the mirror of Talos' images."""
    return await store.wanted_checksums(session) | await images.wanted_checksums(session)
