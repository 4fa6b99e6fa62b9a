from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import fields, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from ktizo.events.kinds import EVERYTHING, Event, Wanted
from ktizo.events.tables import EventRow

PRUNED_AT_ONCE = 5_000
DECISION = ("action", "rule", "profile")  # of a DECIDED's data

_COLUMNS = [getattr(EventRow, f.name) for f in fields(Event)]
_STORED = [f.name for f in fields(Event) if f.name != "id"]


async def insert(session: AsyncSession, events: Sequence[Event]) -> list[Event]:
    """Store `events` in their order; returns them with their ids.

    There is one writer at a time (core.db), so ids appear in the order they were given out: a
    reader that has seen id 7 will never find a 6 later.
    """
    if not events:
        return []
    # Rows go in one by one in their order, so the ids that are new are theirs, in that order.
    # RETURNING promises no order, and asking SQLAlchemy for one costs 90 microseconds a row here
    # instead of 10: SQLite then gets a statement for each.
    _, before = await span(session)
    rows = [{name: getattr(event, name) for name in _STORED} for event in events]
    await session.execute(sa.insert(EventRow), rows)
    new = sa.select(EventRow.id).where(EventRow.id > before).order_by(EventRow.id)
    ids = await session.scalars(new)
    return [replace(event, id=id_) for event, id_ in zip(events, ids, strict=True)]


async def span(session: AsyncSession) -> tuple[int, int]:
    """Return the oldest and the newest id kept; (1, 0) when there is none."""
    # Two questions in one: SQLite answers min() or max() from the index, both together by reading
    # every row.
    ends = [sa.select(end(EventRow.id)).scalar_subquery() for end in (sa.func.min, sa.func.max)]
    oldest, newest = (await session.execute(sa.select(*ends))).one()
    return (1, 0) if newest is None else (oldest, newest)


async def between(
    session: AsyncSession, after: int, upto: int | None, wanted: Wanted, limit: int
) -> list[Event]:
    """Return the first `limit` events with after < id <= upto, oldest first."""
    statement = _select(wanted).where(EventRow.id > after)
    if upto is not None:
        statement = statement.where(EventRow.id <= upto)
    return _events(await session.execute(statement.order_by(EventRow.id).limit(limit)))


async def latest(session: AsyncSession, upto: int, wanted: Wanted, limit: int) -> list[Event]:
    """Return the last `limit` events with id <= upto, oldest first."""
    statement = _select(wanted).where(EventRow.id <= upto).order_by(EventRow.id.desc())
    return _events(await session.execute(statement.limit(limit)))[::-1]


async def for_macs(
    session: AsyncSession, macs: Collection[str], limit: int = 500, *, device_id: int | None = None
) -> list[Event]:
    """Return the last `limit` events of the machine with these MACs, oldest first.

    With `device_id` also those that name the device but no MAC, such as an approval.
    """
    its_own: sa.ColumnElement[bool] = EventRow.mac.in_(macs)
    if device_id is not None:
        its_own = sa.or_(its_own, EventRow.device_id == device_id)
    statement = _select(EVERYTHING).where(its_own).order_by(EventRow.id.desc()).limit(limit)
    return _events(await session.execute(statement))[::-1]


async def steps(
    session: AsyncSession, after: int, upto: int, kinds: Collection[str], limit: int
) -> list[Event]:
    """Return the first `limit` events of `kinds` with after < id <= upto, for counting: oldest
    first, and of `data` no more than what was decided.
    """
    columns = (EventRow.id, EventRow.at, EventRow.kind, EventRow.mac, EventRow.device_id)
    said = [EventRow.data[name].as_string() for name in DECISION]
    statement = sa.select(*columns, *said).where(EventRow.id > after, EventRow.id <= upto)
    statement = statement.where(EventRow.kind.in_(kinds)).order_by(EventRow.id).limit(limit)
    return [
        Event(id_, at, kind, mac, device_id, data=dict(zip(DECISION, decision, strict=True)))
        for id_, at, kind, mac, device_id, *decision in await session.execute(statement)
    ]


async def prune(session: AsyncSession, keep: int) -> int:
    """Delete the oldest events beyond the newest `keep`, at most PRUNED_AT_ONCE; returns how many.

    Call again while it returns PRUNED_AT_ONCE: small bites, so that other writers get their turn.
    """
    oldest, newest = await span(session)
    if newest - oldest < keep:
        return 0  # so there cannot be more; counting them would read half a million
    beyond = sa.select(EventRow.id).order_by(EventRow.id.desc()).offset(keep).limit(1)
    last = await session.scalar(beyond)
    if last is None:
        return 0
    bite = sa.select(EventRow.id).where(EventRow.id <= last).order_by(EventRow.id)
    gone = sa.delete(EventRow).where(EventRow.id.in_(bite.limit(PRUNED_AT_ONCE)))
    done = await session.execute(gone, execution_options={"synchronize_session": False})
    return int(getattr(done, "rowcount", 0))


class StoredHistory:
    """The events table as the broker reads it: a short transaction for each question."""

    def __init__(self, read: Callable[[], AbstractAsyncContextManager[AsyncSession]]) -> None:
        self._read = read

    async def span(self) -> tuple[int, int]:
        """See `span` above."""
        async with self._read() as session:
            return await span(session)

    async def between(
        self, after: int, upto: int | None, wanted: Wanted, limit: int
    ) -> list[Event]:
        """See `between` above."""
        async with self._read() as session:
            return await between(session, after, upto, wanted, limit)


def _select(wanted: Wanted) -> sa.Select[Any]:
    statement = sa.select(*_COLUMNS)
    if wanted.kinds:
        statement = statement.where(EventRow.kind.in_(wanted.kinds))
    if wanted.mac is not None:
        statement = statement.where(EventRow.mac == wanted.mac)
    return statement


def _events(rows: sa.Result[Any]) -> list[Event]:
    return [Event(*tuple(row)) for row in rows]
