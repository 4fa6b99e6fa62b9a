"""Nodes and works as the API shows them: rows of several rooms put together."""

from collections.abc import Sequence

from ktizo.clusters import store as clusters
from ktizo.clusters.reading import store as reading
from ktizo.clusters.reading.store import Membership
from ktizo.core.db import AsyncSession
from ktizo.devices import store as devices
from ktizo.nodes import schemas, store
from ktizo.nodes.tables import WorkRow
from ktizo.nodes.watch.keep import seen_of, shown_of
from ktizo.nodes.watch.news import News
from ktizo.nodes.watch.state import Seen

PAGE = 1000


async def known(session: AsyncSession, news: News) -> list[Seen]:
    """Return what is known of every node: in this process, else as it was stored; by machine."""
    stored = {one: seen_of(row) for one, row in (await store.nodes(session)).items()}
    return [seen for _, seen in sorted((stored | news.known).items())]


async def node_views(
    session: AsyncSession, nodes: Sequence[Seen], cluster_id: int | None = None
) -> list[schemas.NodeView]:
    """Return nodes as people see them; those of one cluster when it is given."""
    ids = [one.device_id for one in nodes]
    facts = await devices.facts_of(session, ids)
    named = {one.id: one.name for one in await clusters.clusters(session)}
    member_of: dict[int, Membership] = {}
    after = 0
    while page := await reading.members(session, cluster_id=cluster_id, after=after, limit=PAGE):
        member_of |= {each.device_id: each for each in page}
        after = page[-1].device_id
    found = []
    for one in nodes:
        device, member = facts.get(one.device_id), member_of.get(one.device_id)
        if device is None or (cluster_id is not None and member is None):
            continue
        found.append(
            schemas.NodeView(
                hostname=device.hostname,
                role=member.role if member else device.role,
                cluster_id=member.cluster_id if member else None,
                cluster=named.get(member.cluster_id) if member else None,
                **shown_of(one),
            )
        )
    return found


def work_view(row: WorkRow, cluster: str) -> schemas.WorkView:
    """Return a work as the API shows it."""
    return schemas.WorkView(
        cluster=cluster,
        **{name: getattr(row, name) for name in schemas.WorkView.model_fields if name != "cluster"},
    )
