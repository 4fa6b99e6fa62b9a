"""Node by node: whose turn it is, and whether it can be away for a while.

Control planes first, etcd's leader last among them, then workers; whoever was begun with before a
restart goes before all others, so that never two are away at once.
"""

from collections.abc import Collection

from ktizo.devices.lifecycle import PROVED
from ktizo.nodes import etcd
from ktizo.nodes.errors import NodeError
from ktizo.nodes.quorum import QuorumLost, insist_restart
from ktizo.nodes.work.standing import Standing, here, stand
from ktizo.nodes.work.work import Node, Work, names

SETTLE_S = 600.0  # for etcd to be whole again after the node before
LEADER_S = 60.0


async def members(work: Work) -> tuple[list[Node], list[Node]]:
    """Return the members that have been installed, and those that were not (yet)."""
    found = await work.nodes()
    return (
        [one for one in found if one.device.state in PROVED],
        [one for one in found if one.device.state not in PROVED],
    )


def left_out(nodes: list[Node]) -> str:
    """Return who is not part of this, for people; empty when everybody is."""
    return f"; left out, not installed: {names(nodes)}" if nodes else ""


async def following(work: Work, waiting: Collection[int], begun: Collection[int]) -> int | None:
    """Return whose turn it is of those `waiting`; None when none of them is a member any more."""
    nodes = [one for one in await work.nodes() if one.id in waiting]
    if not nodes:
        return None
    leader = None
    if sum(one.is_control_plane for one in nodes) > 1:
        found = await _etcd(work)
        leader = found.machine_of(found.leader)

    def turn(node: Node) -> tuple[bool, bool, bool, int]:
        return node.id not in begun, not node.is_control_plane, node.id == leader, node.id

    return min(nodes, key=turn).id


async def steady(work: Work, step: str, device_id: int) -> Standing:
    """Wait until a node is ready and can be away; raises Stopped with the arithmetic of etcd."""

    async def check() -> tuple[Standing | None, str]:
        try:
            standing = await stand(work, device_id)
        except NodeError as error:
            return None, error.message
        if not standing.ready:
            return None, f"{standing.waits_for}; nothing was sent to it"
        why = await quorum_without(work, standing.node)
        return (None, f"{why}; nothing was sent to it") if why else (standing, "")

    return await work.until(step, check, timeout_s=SETTLE_S)


async def quorum_without(work: Work, node: Node) -> str:
    """Return why a control plane cannot be away now, with the arithmetic; empty when it can."""
    if not node.is_control_plane:
        return ""
    found = await _etcd(work)
    own = found.member_on(node.id)
    if own is None:
        return f"{node.name} is no member of etcd: {found.refused.get(node.id, 'it is not listed')}"
    if len(found.members) == 1:
        return ""  # nobody is there to wait for; Talos has it the same way
    try:
        insist_restart(found.voters, own.hostname or f"{own.id:x}")
    except QuorumLost as error:
        return error.message
    return ""


async def let_another_lead(work: Work, step: str, standing: Standing) -> None:
    """Hand etcd's leadership over, if the node has it and somebody can take it."""
    device_id = standing.node.id
    if not standing.node.is_control_plane:
        return

    async def check() -> tuple[bool | None, str]:
        found = await _etcd(work)
        own = found.member_on(device_id)
        if own is None or len(found.voters) < 2 or found.leader != own.id:
            return True, ""
        name = standing.node.name
        try:
            await standing.client.etcd.forfeit_leadership()
        except NodeError as error:
            return None, f"{name} leads etcd and does not let go: {error.message}"
        return None, f"{name} has led etcd; another member takes over"

    await work.until(step, check, timeout_s=LEADER_S)


async def ready(work: Work, step: str, device_id: int, *, timeout_s: float) -> Standing:
    """Wait until a node is ready; raises Stopped with what it misses."""

    async def check() -> tuple[Standing | None, str]:
        standing = await here(work, device_id)
        if standing is None:
            return None, "it does not answer; look at its console, then retry"
        return (standing, "") if standing.ready else (None, standing.waits_for)

    return await work.until(step, check, timeout_s=timeout_s)


async def _etcd(work: Work) -> etcd.Etcd:
    return await etcd.ask(await work.clients(await work.nodes(control_planes=True)))
