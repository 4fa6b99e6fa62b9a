from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from ktizo.accounts.setup.link import Link
from ktizo.accounts.tables import SetupLinkRow

_NO_SYNC = {"synchronize_session": False}


async def put(session: AsyncSession, hash_: str, link: Link) -> None:
    """Store a link by the hash of its secret; every older one is worthless from now on."""
    await session.execute(sa.delete(SetupLinkRow), execution_options=_NO_SYNC)
    session.add(SetupLinkRow(hash=hash_, recover=link.recover, expires_at=link.expires_at))
    await session.flush()


async def find(session: AsyncSession, hash_: str) -> Link | None:
    """Return the link with this hash."""
    statement = sa.select(SetupLinkRow.recover, SetupLinkRow.expires_at)
    row = (await session.execute(statement.where(SetupLinkRow.hash == hash_))).one_or_none()
    return None if row is None else Link(row[0], row[1])


async def any_valid(session: AsyncSession, now: datetime) -> bool:
    """Say whether a link is out that still works."""
    statement = sa.select(SetupLinkRow.hash).where(SetupLinkRow.expires_at > now).limit(1)
    return await session.scalar(statement) is not None


async def drop(session: AsyncSession) -> None:
    """Make the link that is out worthless."""
    await session.execute(sa.delete(SetupLinkRow), execution_options=_NO_SYNC)
