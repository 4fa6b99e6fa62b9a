from dataclasses import fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from ktizo.accounts.people.person import Person
from ktizo.accounts.sessions.session import IDLE, LONGEST, Session
from ktizo.accounts.tables import PersonRow, SessionRow

_FIELDS = [f.name for f in fields(Session)]
_COLUMNS = [getattr(SessionRow, name) for name in _FIELDS]
_PERSON = [f.name for f in fields(Person)]
_NO_SYNC = {"synchronize_session": False}  # rows are read as Session, never kept in the session


async def add(
    session: AsyncSession,
    hash_: str,
    person_id: int,
    now: datetime,
    *,
    address: str,
    user_agent: str,
) -> Session:
    """Store a new session by the hash of its cookie."""
    row = SessionRow(
        person_id=person_id,
        hash=hash_,
        created_at=now,
        last_seen_at=now,
        address=address[:45],
        user_agent=user_agent,
    )
    session.add(row)
    await session.flush()
    return Session(**{name: getattr(row, name) for name in _FIELDS})


async def by_hash(session: AsyncSession, hash_: str) -> tuple[Session, Person] | None:
    """Return the session with this hash and its person, whether or not they are valid."""
    columns = [*_COLUMNS, *(getattr(PersonRow, name) for name in _PERSON)]
    statement = sa.select(*columns).join(PersonRow).where(SessionRow.hash == hash_)
    row: Any = (await session.execute(statement)).one_or_none()
    if row is None:
        return None
    return _session(row[: len(_FIELDS)]), Person(
        **dict(zip(_PERSON, row[len(_FIELDS) :], strict=True))
    )


async def of_person(session: AsyncSession, person_id: int) -> list[Session]:
    """Return a person's sessions, the newest first; those that ran out too."""
    statement = sa.select(*_COLUMNS).where(SessionRow.person_id == person_id)
    return [
        _session(row) for row in await session.execute(statement.order_by(SessionRow.id.desc()))
    ]


async def end(session: AsyncSession, session_id: int) -> None:
    """End one session."""
    await _delete(session, SessionRow.id == session_id)


async def end_all(session: AsyncSession, person_id: int, *, but: int | None = None) -> int:
    """End every session of a person, except the one numbered `but`; returns how many ended."""
    which = SessionRow.person_id == person_id
    if but is not None:
        which &= SessionRow.id != but
    return await _delete(session, which)


async def prune(session: AsyncSession, now: datetime) -> None:
    """Throw away what has run out."""
    await _delete(
        session, (SessionRow.last_seen_at <= now - IDLE) | (SessionRow.created_at <= now - LONGEST)
    )


async def note_seen(session: AsyncSession, session_id: int, at: datetime) -> None:
    """Remember when the session was last seen."""
    statement = sa.update(SessionRow).where(SessionRow.id == session_id).values(last_seen_at=at)
    await session.execute(statement, execution_options=_NO_SYNC)


async def _delete(session: AsyncSession, which: sa.ColumnElement[bool]) -> int:
    statement = sa.delete(SessionRow).where(which)
    gone = await session.execute(statement, execution_options=_NO_SYNC)
    return int(getattr(gone, "rowcount", 0))


def _session(row: Any) -> Session:
    return Session(**dict(zip(_FIELDS, row, strict=True)))
