from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from ktizo.accounts.tables import TokenRow
from ktizo.accounts.tokens import Token
from ktizo.core.errors import NotFound

_COLUMNS = [getattr(TokenRow, f.name) for f in fields(Token)]
_NO_SYNC = {"synchronize_session": False}  # rows are read as Token, never kept in the session


class TokenNotFound(NotFound):
    """No token has this id."""


async def add(
    session: AsyncSession,
    hash_: str,
    *,
    name: str,
    scope: str,
    now: datetime,
    expires_at: datetime | None = None,
) -> Token:
    """Store a new token by its hash."""
    row = TokenRow(name=name, hash=hash_, scope=scope, created_at=now, expires_at=expires_at)
    session.add(row)
    await session.flush()
    return Token(row.id, name, scope, now, expires_at)


async def by_hash(session: AsyncSession, hash_: str) -> Token | None:
    """Return the token with this hash, valid or not."""
    return await _one(session, TokenRow.hash == hash_)


async def get(session: AsyncSession, token_id: int) -> Token:
    """Return one token; raises TokenNotFound."""
    found = await _one(session, TokenRow.id == token_id)
    if found is None:
        raise TokenNotFound(f"there is no token {token_id}; GET /api/v1/tokens lists them")
    return found


async def every(session: AsyncSession, *, name: str | None = None) -> list[Token]:
    """Return all tokens, or those of one name, oldest first; revoked ones too."""
    statement = sa.select(*_COLUMNS).order_by(TokenRow.id)
    if name is not None:
        statement = statement.where(TokenRow.name == name)
    return [Token(*tuple(row)) for row in await session.execute(statement)]


async def revoke(session: AsyncSession, token_ids: Sequence[int], now: datetime) -> None:
    """Make these tokens worthless; those revoked before keep their time."""
    statement = (
        sa.update(TokenRow)
        .where(TokenRow.id.in_(token_ids), TokenRow.revoked_at.is_(None))
        .values(revoked_at=now)
    )
    await session.execute(statement, execution_options=_NO_SYNC)


async def note_use(session: AsyncSession, token_id: int, at: datetime) -> None:
    """Remember when the token was last used."""
    statement = sa.update(TokenRow).where(TokenRow.id == token_id).values(last_used_at=at)
    await session.execute(statement, execution_options=_NO_SYNC)


async def _one(session: AsyncSession, which: sa.ColumnElement[bool]) -> Token | None:
    row: Any = (await session.execute(sa.select(*_COLUMNS).where(which))).one_or_none()
    return None if row is None else Token(*tuple(row))
