"""Restarting one node, or switching it off: never so that etcd loses its quorum, unless forced."""

from ktizo.accounts.actor import Actor
from ktizo.audit.record import Entry, append
from ktizo.core.clock import utc_now
from ktizo.core.errors import Conflict
from ktizo.events.kinds import EventKind
from ktizo.events.record import record
from ktizo.nodes import etcd, store
from ktizo.nodes.client import NodeClient
from ktizo.nodes.client.results import RebootMode
from ktizo.nodes.quorum import insist_restart
from ktizo.nodes.roster import line, lines, node_of, roster
from ktizo.nodes.schemas import NodeOrder
from ktizo.nodes.work.begin import WorkUnderWay
from ktizo.nodes.work.work import Node, Site


class QuorumUnknown(Conflict):
    """Nobody says whether etcd can do without the node."""


async def order(
    site: Site, device_id: int, wanted: NodeOrder, *, actor: Actor, address: str | None
) -> None:
    """Give one order to one node, once.

    Raises QuorumLost with the arithmetic, WorkUnderWay, NotInACluster or NodeError. Call it outside
    a transaction: a node may take a minute to answer.
    """
    async with site.database.read() as session:
        node = await node_of(session, site.news, device_id)
        others = await roster(session, site.news, node.member.cluster_id)
        work = await store.open_work(session, node.member.cluster_id)
    if not wanted.force:
        if work is not None and work.state == "running":
            raise WorkUnderWay(
                f"{work.kind.replace('_', ' ')} of its cluster (work {work.id}) goes on and may "
                "count on this node; wait for it, or force"
            )
        await _insist(site, node, others)
    async with line(site.reach, node) as client:
        await _note(site, node, wanted, actor, address)  # before: an answer may be lost
        await _give(client, wanted)
    data = {"order": wanted.order, "force": wanted.force, "by": actor.name}
    record(site.writer, EventKind.NODE_ORDER, device_id=device_id, data=data)


async def _insist(site: Site, node: Node, others: list[Node]) -> None:
    """Raise unless etcd can do without a control plane for a while."""
    if not node.is_control_plane:
        return
    async with lines(site.reach, [one for one in others if one.is_control_plane]) as clients:
        found = await etcd.ask(clients)
    own = found.member_on(node.id)
    if own is not None:
        insist_restart(found.voters, own.hostname or f"{own.id:x}")
    elif not found.members:
        async with site.database.read() as session:
            begun = await store.bootstrap(session, node.member.cluster_id)
        if begun is not None:
            raise QuorumUnknown(
                "no control plane says who is in etcd; bring one up first, or force"
            )


async def _give(client: NodeClient, wanted: NodeOrder) -> None:
    if wanted.order == "shutdown":
        await client.shutdown(force=wanted.force)
        return
    power_cycle = wanted.order == "powercycle"
    await client.reboot(RebootMode.POWERCYCLE if power_cycle else RebootMode.DEFAULT)


async def _note(
    site: Site, node: Node, wanted: NodeOrder, actor: Actor, address: str | None
) -> None:
    entry = Entry(
        at=utc_now(),
        actor=actor.name,
        address=address,
        action=f"nodes.{wanted.order}",
        subject=f"device {node.id}",
        outcome="ok",
        data={"force": wanted.force},
    )
    async with site.database.write() as session:
        await append(session, entry)
