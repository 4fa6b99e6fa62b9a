"""Beginning a work, trying it again, giving it up: what people decide about it."""

from typing import Any

from ktizo.clusters.changes import Desk
from ktizo.clusters.store import Cluster
from ktizo.core.clock import utc_now
from ktizo.core.db import IntegrityError
from ktizo.core.errors import Conflict
from ktizo.events.kinds import EventKind
from ktizo.events.record import record
from ktizo.nodes import store
from ktizo.nodes.tables import WorkRow

RETRIES = "retries"  # among a work's notes: how often a person said "again"


class WorkUnderWay(Conflict):
    """Another work on this cluster has not ended."""


class WorkNotStopped(Conflict):
    """The work goes on, or has ended."""


async def begin(desk: Desk, cluster: Cluster, kind: str, **params: Any) -> WorkRow:
    """Write a work down; whoever asked starts it once that is committed. Raises WorkUnderWay."""
    await insist_idle(desk, cluster)
    now = utc_now()
    row = WorkRow(
        cluster_id=cluster.id,
        kind=kind,
        params=params,
        state="running",
        steps=[],
        notes={},
        said="",
        asked_by=desk.actor.name,
        asked_at=now,
        updated_at=now,
    )
    try:
        await store.add_work(desk.session, row)
    except IntegrityError as error:
        raise WorkUnderWay(f"another work on {cluster.name} has just begun") from error
    await desk.note(f"{kind}_begun", f"cluster {cluster.name}", work=row.id, params=params)
    data = {"work": row.id, "kind": kind, "cluster": cluster.name, "by": desk.actor.name}
    record(desk.writer, EventKind.WORK_STARTED, data=data)
    return row


async def insist_idle(desk: Desk, cluster: Cluster) -> None:
    """Raise WorkUnderWay when a work of the cluster has not ended."""
    held = await store.open_work(desk.session, cluster.id)
    if held is not None:
        raise WorkUnderWay(_under_way(cluster.name, held))


async def retry(desk: Desk, cluster: Cluster, row: WorkRow) -> WorkRow:
    """Let a stopped work go on; it looks at everything again."""
    if row.state != "stopped":
        raise WorkNotStopped(f"work {row.id} is {row.state}; only one that stopped can be retried")
    row.state, row.said, row.updated_at = "running", "", utc_now()
    # What an order was noted under: a person may have one sent again, a restart may not.
    row.notes = dict(row.notes) | {RETRIES: int(row.notes.get(RETRIES, 0)) + 1}
    await desk.note("work_retried", f"cluster {cluster.name}", work=row.id)
    data = {"work": row.id, "kind": row.kind, "cluster": cluster.name, "by": desk.actor.name}
    record(desk.writer, EventKind.WORK_STARTED, data=data)
    return row


async def abandon(desk: Desk, cluster: Cluster, row: WorkRow) -> WorkRow:
    """Give a work up where it stands; nothing is taken back."""
    if row.ended_at is not None:
        raise WorkNotStopped(f"work {row.id} is {row.state} already")
    row.state, row.updated_at = "abandoned", utc_now()
    row.ended_at = row.updated_at
    await desk.note("work_abandoned", f"cluster {cluster.name}", work=row.id)
    data = {"work": row.id, "kind": row.kind, "cluster": cluster.name, "state": "abandoned"}
    record(desk.writer, EventKind.WORK_ENDED, data=data)
    return row


def _under_way(cluster: str, row: WorkRow) -> str:
    now = "goes on" if row.state == "running" else "has stopped"
    return (
        f"{row.kind.replace('_', ' ')} of {cluster} (work {row.id}) {now}; wait for it, retry or "
        "abandon it first"
    )
