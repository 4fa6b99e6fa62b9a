from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from ktizo.audit.chain import Entry, Head, Line, after, link
from ktizo.audit.tables import EntryRow, HeadRow
from ktizo.core.db import IntegrityError
from ktizo.core.errors import Unavailable

_FIELDS = [f.name for f in fields(Line)]
_COLUMNS = [getattr(EntryRow, name) for name in _FIELDS]


class ChainBroken(Unavailable):
    """Somebody changed the audit's tables by hand."""


async def append(session: AsyncSession, entries: Sequence[Entry]) -> list[Line]:
    """Add `entries` to the end of the one chain, in this transaction.

    The session must be a writing one: there is one writer at a time (core.db), so nobody else adds
    to the same end.
    """
    before = head = await read_head(session)
    lines = []
    for entry in entries:
        lines.append(link(entry, head))
        head = after(lines[-1])
    if lines:
        rows = [{name: getattr(line, name) for name in _FIELDS} for line in lines]
        try:
            await session.execute(sa.insert(EntryRow), rows)
            await _move_head(session, before, head)
        except IntegrityError as error:
            raise ChainBroken(
                "the audit's table and its head do not agree, so nothing is added; restore both "
                "tables (audit_entries, audit_head) from one backup"
            ) from error
    return lines


async def read_head(session: AsyncSession) -> Head:
    """Return where the chain ends."""
    found = (await session.execute(sa.select(HeadRow.count, HeadRow.hash))).one_or_none()
    return Head() if found is None else Head(found[0], found[1])


async def _move_head(session: AsyncSession, before: Head, now: Head) -> None:
    values = {"count": now.count, "hash": now.hash}
    if before == Head():
        await session.execute(sa.insert(HeadRow).values(id=1, **values))
    else:
        await session.execute(
            sa.update(HeadRow).values(values), execution_options={"synchronize_session": False}
        )


async def newest_id(session: AsyncSession) -> int:
    """Return the id of the last line; 0 when there is none."""
    return await session.scalar(sa.select(sa.func.max(EntryRow.id))) or 0


async def page_after(session: AsyncSession, after_id: int, limit: int) -> list[Line]:
    """Return the first `limit` lines after `after_id`, oldest first."""
    statement = sa.select(*_COLUMNS).where(EntryRow.id > after_id).order_by(EntryRow.id)
    return _lines(await session.execute(statement.limit(limit)))


async def newest(
    session: AsyncSession, matching: Mapping[str, Any], *, before_id: int | None, limit: int
) -> list[Line]:
    """Return the last `limit` lines before `before_id`, newest first.

    `matching`: column name -> value; `since` and `until` bound the time, the latter exclusive.
    """
    statement = sa.select(*_COLUMNS).order_by(EntryRow.id.desc()).limit(limit)
    if before_id is not None:
        statement = statement.where(EntryRow.id < before_id)
    for name, value in matching.items():
        if name == "since":
            statement = statement.where(EntryRow.at >= value)
        elif name == "until":
            statement = statement.where(EntryRow.at < value)
        else:
            statement = statement.where(getattr(EntryRow, name) == value)
    return _lines(await session.execute(statement))


def _lines(rows: sa.Result[Any]) -> list[Line]:
    return [Line(**dict(zip(_FIELDS, row, strict=True))) for row in rows]
