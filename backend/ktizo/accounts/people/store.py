from dataclasses import fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from ktizo.accounts.people.person import NameTaken, Person, PersonNotFound, key
from ktizo.accounts.tables import PersonRow
from ktizo.core.db import IntegrityError

_FIELDS = [f.name for f in fields(Person)]
_COLUMNS = [getattr(PersonRow, name) for name in _FIELDS]
_NO_SYNC = {"synchronize_session": False}  # rows are read as Person, never kept in the session


async def add(
    session: AsyncSession,
    name: str,
    role: str,
    now: datetime,
    *,
    password_hash: str | None = None,
    subject: str | None = None,
) -> Person:
    """Store a new person, with a password or with the subject of a provider; NameTaken."""
    row = PersonRow(
        name=name,
        name_key=key(name),
        role=role,
        source="password" if subject is None else "oidc",
        password_hash=password_hash,
        subject=subject,
        disabled=False,
        created_at=now,
        last_sign_in_at=None,
    )
    session.add(row)
    try:
        await session.flush()
    except IntegrityError as error:
        raise NameTaken(f"somebody is called {name!r} already; take another name") from error
    return Person(**{field: getattr(row, field) for field in _FIELDS})


async def get(session: AsyncSession, person_id: int) -> Person:
    """Return one person; raises PersonNotFound."""
    found = await _one(session, PersonRow.id == person_id)
    if found is None:
        raise PersonNotFound(f"there is no person {person_id}; GET /api/v1/people lists them")
    return found


async def named(session: AsyncSession, name: str) -> tuple[Person, str | None] | None:
    """Return who has this name in any spelling, and the hash of the password."""
    columns = [*_COLUMNS, PersonRow.password_hash]
    row: Any = (
        await session.execute(sa.select(*columns).where(PersonRow.name_key == key(name)))
    ).one_or_none()
    return None if row is None else (_person(row[:-1]), row[-1])


async def by_subject(session: AsyncSession, subject: str) -> Person | None:
    """Return who signs in with this subject of the provider."""
    return await _one(session, PersonRow.subject == subject)


async def password_hash(session: AsyncSession, person_id: int) -> str | None:
    """Return the hash of a person's password; None for who has none."""
    statement = sa.select(PersonRow.password_hash).where(PersonRow.id == person_id)
    found: str | None = await session.scalar(statement)
    return found


async def every(session: AsyncSession) -> list[Person]:
    """Return all people, in the order they came."""
    rows = await session.execute(sa.select(*_COLUMNS).order_by(PersonRow.id))
    return [_person(row) for row in rows]


async def anybody(session: AsyncSession) -> bool:
    """Say whether there is a single person."""
    return await session.scalar(sa.select(PersonRow.id).limit(1)) is not None


async def other_admins(session: AsyncSession, person_id: int) -> bool:
    """Say whether anybody but this person is an administrator who may sign in."""
    statement = sa.select(PersonRow.id).where(
        PersonRow.id != person_id, PersonRow.role == "admin", PersonRow.disabled.is_(False)
    )
    return await session.scalar(statement.limit(1)) is not None


async def change(session: AsyncSession, person_id: int, **values: Any) -> None:
    """Write some columns of one person."""
    statement = sa.update(PersonRow).where(PersonRow.id == person_id).values(**values)
    await session.execute(statement, execution_options=_NO_SYNC)


async def delete(session: AsyncSession, person_id: int) -> None:
    """Forget a person; the sessions go too."""
    statement = sa.delete(PersonRow).where(PersonRow.id == person_id)
    await session.execute(statement, execution_options=_NO_SYNC)


async def _one(session: AsyncSession, which: sa.ColumnElement[bool]) -> Person | None:
    row: Any = (await session.execute(sa.select(*_COLUMNS).where(which))).one_or_none()
    return None if row is None else _person(row)


def _person(row: Any) -> Person:
    return Person(**dict(zip(_FIELDS, row, strict=True)))
