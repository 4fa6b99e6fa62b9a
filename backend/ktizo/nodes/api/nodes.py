"""Nodes as they are now."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from ktizo.accounts.api import CallerAddress, CurrentActor, needs_operator
from ktizo.clusters import store as clusters
from ktizo.clusters.api.desk import Key
from ktizo.clusters.reading import store as reading
from ktizo.core.db import ReadSession
from ktizo.core.errors import Conflict
from ktizo.devices import store as devices
from ktizo.devices.api.traces import DeviceId
from ktizo.nodes import schemas, store
from ktizo.nodes.client import NodeClient
from ktizo.nodes.health import health
from ktizo.nodes.open import Nodes
from ktizo.nodes.orders import order
from ktizo.nodes.plan import plan
from ktizo.nodes.reach import insist
from ktizo.nodes.view import known, node_views
from ktizo.nodes.watch.keep import seen_of

router = APIRouter(prefix="/api/v1")


class NotANode(Conflict):
    """The machine has no Talos API that Ktizo may ask."""


def nodes_of(request: Request) -> Nodes:
    """Return what watches over nodes."""
    found: Nodes = request.app.state.nodes
    return found


TheNodes = Annotated[Nodes, Depends(nodes_of)]


@router.get("/nodes")
async def list_nodes(
    session: ReadSession,
    ours: TheNodes,
    cluster: Annotated[
        str | None, Query(max_length=63, description="Name or number; default: all.")
    ] = None,
) -> list[schemas.NodeView]:
    """List every machine whose own Talos API was reached."""
    wanted = (await clusters.cluster(session, cluster)).id if cluster is not None else None
    return await node_views(session, await known(session, ours.news), wanted)


@router.get("/nodes/{device_id}")
async def show_node(device_id: DeviceId, session: ReadSession, ours: TheNodes) -> schemas.NodeView:
    """Show one node."""
    return await shown(session, ours, device_id)


async def shown(session: ReadSession, ours: Nodes, device_id: int) -> schemas.NodeView:
    """Return one node as the API shows it; raises NodeNotSeen."""
    seen = ours.news.of(device_id)
    if seen is None:
        seen = seen_of(await store.node(session, device_id))
    found = await node_views(session, [seen])
    if not found:  # the machine was removed a moment ago
        raise store.NodeNotSeen(f"there is no machine {device_id}")
    return found[0]


@router.get("/nodes/{device_id}/services")
async def node_services(
    device_id: DeviceId, session: ReadSession, ours: TheNodes
) -> list[schemas.ServiceView]:
    """Ask a node for its services."""
    async with await client_of(session, ours, device_id) as client:
        return [schemas.ServiceView.model_validate(one) for one in await client.services()]


@router.post("/nodes/{device_id}/order")
async def order_node(
    device_id: DeviceId,
    body: schemas.NodeOrder,
    ours: TheNodes,
    actor: CurrentActor,
    address: CallerAddress,
) -> schemas.NodeView:
    """Restart or switch off one node; refused when etcd would lose its quorum, unless forced."""
    await order(ours.site, device_id, body, actor=actor, address=address)
    async with ours.site.database.read() as session:
        return await shown(session, ours, device_id)


@router.get("/nodes/{device_id}/config-plan", dependencies=[Depends(needs_operator)])
async def config_plan(device_id: DeviceId, ours: TheNodes) -> schemas.ConfigPlan:
    """Ask a node what it would do with the config it should have; nothing is changed."""
    return await plan(ours.site, device_id)


@router.get("/clusters/{key}/health")
async def cluster_health(key: Key, session: ReadSession, ours: TheNodes) -> schemas.Health:
    """Ask how a cluster is: etcd through its control planes, and every node."""
    row = await clusters.cluster(session, key)
    return await health(session, ours.reach, ours.news, row.id)


async def client_of(session: ReadSession, ours: Nodes, device_id: int) -> NodeClient:
    """Return a client of a configured node, sure to be that machine; raises NotANode."""
    device = await devices.get(session, device_id)
    member = await reading.member(reading.of_session(session), device_id)
    seen = ours.news.of(device_id)
    if member is None or seen is None or seen.address is None:
        raise NotANode(f"machine {device_id} is no node that was reached; see its state")
    access = await ours.reach.access(member.cluster_id)
    client = ours.reach.client(seen.address, access)
    try:
        await insist(client, device.uuid)
    except BaseException:
        client.close()
        raise
    return client
