"""Nodes and works as the API shows them: rows of several rooms put together."""

from collections.abc import Sequence

from ktizo.clusters import store as clusters
from ktizo.clusters.reading import store as reading
from ktizo.clusters.reading.store import Membership
from ktizo.core.db import AsyncSession
from ktizo.devices import store as devices
from ktizo.nodes import schemas
from ktizo.nodes.tables import NodeRow, WorkRow
from ktizo.nodes.watch.keep import shown_of
from ktizo.nodes.watch.news import News

PAGE = 1000


async def node_views(
    session: AsyncSession, news: News, rows: Sequence[NodeRow], cluster_id: int | None = None
) -> list[schemas.NodeView]:
    """Return nodes as they are known now; those of one cluster when it is given."""
    ids = [row.device_id for row in rows]
    facts = await devices.facts_of(session, ids)
    named = {one.id: one.name for one in await clusters.clusters(session)}
    member_of: dict[int, Membership] = {}
    after = 0
    while page := await reading.members(session, cluster_id=cluster_id, after=after, limit=PAGE):
        member_of |= {one.device_id: one for one in page}
        after = page[-1].device_id
    found = []
    for row in rows:
        device, member = facts.get(row.device_id), member_of.get(row.device_id)
        if device is None or (cluster_id is not None and member is None):
            continue
        found.append(
            schemas.NodeView(
                hostname=device.hostname,
                role=member.role if member else device.role,
                cluster_id=member.cluster_id if member else None,
                cluster=named.get(member.cluster_id) if member else None,
                **shown_of(row, news.of(row.device_id)),
            )
        )
    return found


def work_view(row: WorkRow, cluster: str) -> schemas.WorkView:
    """Return a work as the API shows it."""
    return schemas.WorkView(
        cluster=cluster,
        **{name: getattr(row, name) for name in schemas.WorkView.model_fields if name != "cluster"},
    )
