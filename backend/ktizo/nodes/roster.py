"""The machines of a cluster with what is known of each now, and lines to them for one question."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from ktizo.clusters.reading import store as clusters
from ktizo.core.db import AsyncSession
from ktizo.core.errors import Conflict
from ktizo.devices import store as devices
from ktizo.nodes.client import NodeClient
from ktizo.nodes.errors import NodeError, Unreachable
from ktizo.nodes.reach import Reach, insist
from ktizo.nodes.watch.news import News
from ktizo.nodes.work.work import Node, known


class NotInACluster(Conflict):
    """The machine belongs to no cluster, so Ktizo has no key to its API."""


async def roster(session: AsyncSession, news: News, cluster_id: int) -> list[Node]:
    """Return a cluster's machines as they are decided and seen now, by number."""
    members = await clusters.members(session, cluster_id=cluster_id)
    ids = [one.device_id for one in members]
    facts = await devices.facts_of(session, ids)
    seen = await known(session, news, ids)
    return [
        Node(one, facts[one.device_id], seen.get(one.device_id))
        for one in members
        if one.device_id in facts
    ]


async def node_of(session: AsyncSession, news: News, device_id: int) -> Node:
    """Return one machine as a node; raises NotInACluster."""
    member = await clusters.member(clusters.of_session(session), device_id)
    device = (await devices.facts_of(session, [device_id])).get(device_id)
    if member is None or device is None:
        raise NotInACluster(f"machine {device_id} belongs to no cluster; approve it into one first")
    seen = await known(session, news, [device_id])
    return Node(member, device, seen.get(device_id))


@asynccontextmanager
async def line(reach: Reach, node: Node) -> AsyncIterator[NodeClient]:
    """Give a client that has made sure it talks to this very machine; raises NodeError."""
    if node.seen is None or node.seen.address is None:
        raise Unreachable(f"{node.name} was never reached")
    access = await reach.access(node.member.cluster_id)
    async with reach.client(node.seen.address, access) as client:
        await insist(client, node.device.uuid)
        yield client


@asynccontextmanager
async def lines(reach: Reach, nodes: Sequence[Node]) -> AsyncIterator[dict[int, NodeClient]]:
    """Give clients of those that can be reached now, by machine."""
    found: dict[int, NodeClient] = {}
    try:
        for node in nodes:
            if node.seen is None or node.seen.address is None:
                continue
            access = await reach.access(node.member.cluster_id)
            client = found[node.id] = reach.client(node.seen.address, access)
            try:
                await insist(client, node.device.uuid)
            except NodeError:  # its state says so already, to the same people
                await client.hang_up()
                del found[node.id]
        yield found
    finally:
        for client in found.values():
            await client.hang_up()
