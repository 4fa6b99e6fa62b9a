"""Queries about nodes, findings and work. Functions, session first; nothing here decides."""

from collections.abc import Iterable, Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from ktizo.core.errors import NotFound
from ktizo.nodes.tables import BootstrapRow, FindingsRow, NodeRow, WorkRow


class NodeNotSeen(NotFound):
    """The machine's own Talos API was never reached."""


class WorkNotFound(NotFound):
    """No work has this number."""


# Nodes


async def node(session: AsyncSession, device_id: int) -> NodeRow:
    """Return a node as it was last seen; raises NodeNotSeen."""
    found = await session.get(NodeRow, device_id)
    if found is None:
        raise NodeNotSeen(f"the Talos API of machine {device_id} was never reached")
    return found


async def nodes(session: AsyncSession, ids: Iterable[int] | None = None) -> dict[int, NodeRow]:
    """Return nodes by machine; all, or those of `ids` that were seen."""
    query = sa.select(NodeRow).order_by(NodeRow.device_id)
    if ids is not None:
        query = query.where(NodeRow.device_id.in_(list(ids)))
    return {row.device_id: row for row in await session.scalars(query)}


async def forget_node(session: AsyncSession, device_id: int) -> None:
    """Forget what a machine's API showed: it is no node any more."""
    await session.execute(sa.delete(NodeRow).where(NodeRow.device_id == device_id))


# Findings


async def findings(session: AsyncSession, device_id: int) -> FindingsRow | None:
    """Return what the last inspection of a machine found."""
    return await session.get(FindingsRow, device_id)


async def save_findings(session: AsyncSession, row: FindingsRow) -> None:
    """Write what an inspection found, instead of what the one before did."""
    await session.merge(row)
    await session.flush()


async def pins(session: AsyncSession, ids: Iterable[int]) -> dict[int, FindingsRow]:
    """Return the last findings of many machines, by machine."""
    query = sa.select(FindingsRow).where(FindingsRow.device_id.in_(list(ids)))
    return {row.device_id: row for row in await session.scalars(query)}


# Work


async def work(session: AsyncSession, work_id: int) -> WorkRow:
    """Return a work; raises WorkNotFound."""
    found = await session.get(WorkRow, work_id)
    if found is None:
        raise WorkNotFound(f"there is no work {work_id}")
    return found


async def open_work(session: AsyncSession, cluster_id: int) -> WorkRow | None:
    """Return the work of a cluster that has not ended; at most one has not."""
    query = sa.select(WorkRow).where(WorkRow.cluster_id == cluster_id, WorkRow.ended_at.is_(None))
    found: WorkRow | None = await session.scalar(query)
    return found


async def running_works(session: AsyncSession) -> list[int]:
    """Return the numbers of all works that go on."""
    query = sa.select(WorkRow.id).where(WorkRow.ended_at.is_(None), WorkRow.state == "running")
    return list(await session.scalars(query))


async def works(session: AsyncSession, cluster_id: int | None, limit: int) -> Sequence[WorkRow]:
    """Return works, newest first."""
    query = sa.select(WorkRow).order_by(WorkRow.id.desc()).limit(limit)
    if cluster_id is not None:
        query = query.where(WorkRow.cluster_id == cluster_id)
    return (await session.scalars(query)).all()


async def add_work(session: AsyncSession, row: WorkRow) -> WorkRow:
    """Insert a work; raises IntegrityError when one of its cluster is open."""
    session.add(row)
    await session.flush()
    return row


async def bootstrap(session: AsyncSession, cluster_id: int) -> BootstrapRow | None:
    """Return on which machine a cluster's etcd began, or was to begin."""
    return await session.get(BootstrapRow, cluster_id)
