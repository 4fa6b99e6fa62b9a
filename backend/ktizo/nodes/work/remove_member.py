"""Taking a node out: leave etcd, wipe, forget its place in the cluster.

Disarmed first: Reset wipes META too, and a machine that asks the network afterwards, offered a
complete config, would install itself again (talos.md §10). So its lease ends and it is pending
before anything is ordered. Then it is rebooted, not switched off: pending, it gets its own disk, or
waits at the network, and can be inspected or approved anew without anybody going there.
"""

import re

from ktizo.accounts.actor import OPERATOR, Actor
from ktizo.audit.record import Entry, append
from ktizo.clusters import join
from ktizo.clusters import store as clusters
from ktizo.clusters.changes import Desk
from ktizo.core.clock import utc_now
from ktizo.core.db import bump_boot_version
from ktizo.devices import approval
from ktizo.devices import store as devices
from ktizo.events.kinds import EventKind
from ktizo.events.record import record
from ktizo.nodes import store
from ktizo.nodes.client import Maintenance, NodeClient
from ktizo.nodes.client.results import Wipe
from ktizo.nodes.errors import Interrupted, NodeError
from ktizo.nodes.reach import insist
from ktizo.nodes.watch.state import NodeState
from ktizo.nodes.work import leaving, ordered
from ktizo.nodes.work.ordered import Phase
from ktizo.nodes.work.progress import Step
from ktizo.nodes.work.standing import Standing, here, there
from ktizo.nodes.work.work import Node, Stopped, Work

GONE_S = 1800.0  # drains its pods, wipes, reboots
SILENT_S = 60.0
LEFT_S = 300.0
PLAN = (
    Step("check", "What the cluster would lose"),
    Step("disarm", "It can never install itself again by itself"),
    Step("reset", "It leaves etcd and is wiped"),
    Step("etcd", "etcd does not list it any more"),
    Step("forget", "Its place in the cluster is forgotten"),
)
_BARE = "bare"  # among the notes: it had no config when it was taken out
_REAL_DISK = re.compile(r"/dev/(sd|nvme|vd|xvd|hd|mmcblk)[a-z0-9]+")


async def remove_member(work: Work) -> None:
    """Take one machine out of its cluster; begin again from here after any interruption."""
    await work.plan(*PLAN)
    node = await _member(work)
    if node is not None:
        await _step_check(work, node)
        async with work.step("disarm", PLAN[1].title):
            await _disarm(work, node)
        async with work.step("reset", PLAN[2].title):
            await _reset(work, node)
        async with work.step("etcd", PLAN[3].title):
            await _out_of_etcd(work, node)
    async with work.step("forget", PLAN[4].title):
        await _forget(work, there=node is not None)
        await work.say("forget", _what_remains(work))


def _what_remains(work: Work) -> str:
    name = work.params["name"]
    said = f"Kubernetes still lists it: `kubectl delete node {name}`"
    if not ordered.last(work, "reset") and not work.notes.get(_BARE):
        said += (
            "; it was never wiped and keeps its config: should it come back, it joins again. Wipe "
            "it before it is switched on in this network"
        )
    return said


async def _member(work: Work) -> Node | None:
    device_id = work.params["device_id"]
    return next((one for one in await work.nodes() if one.id == device_id), None)


# What the cluster would lose -----------------------------------------------------------------


async def _step_check(work: Work, node: Node) -> None:
    async with work.step("check", PLAN[0].title):
        if not node.is_control_plane:
            await work.say("check", "a worker has no vote in etcd")
            return
        if ordered.last(work, "reset"):
            return  # it is on its way out, and was looked at before
        found = await leaving.asked(work)
        await work.say("check", await leaving.insist(work, node, found))


# Before any order ----------------------------------------------------------------------------


async def _disarm(work: Work, node: Node) -> None:
    now = utc_now()
    async with work.site.database.write() as session:
        device = await devices.get(session, node.id)
        before = device.state
        await approval.disarm(session, device, now=now)
        await bump_boot_version(session)
        if before != device.state:
            entry = Entry(
                at=now,
                actor=work.asked_by,
                address=None,
                action="nodes.disarmed",
                subject=f"device {node.id}",
                outcome=device.state,
                data={"before": before, "work": work.id},
            )
            await append(session, entry)
    data = {"cluster": work.cluster, "change": "disarmed", "by": work.asked_by}
    record(work.site.writer, EventKind.CLUSTER_CHANGED, device_id=node.id, data=data)
    await work.say("disarm", f"{node.name} is {device.state}, without a lease")


# The order -----------------------------------------------------------------------------------


async def _reset(work: Work, node: Node) -> None:
    before = ordered.last(work, "reset")
    if before is None or ordered.old(work, before):
        standing = await there(work, node.id)
        if isinstance(standing, Standing):
            if standing.shown.status.state is not NodeState.RESETTING:
                await ordered.note(work, "reset", Phase.RESETTING, standing.boot)
                await _order(work, node, standing.client)
        elif await _in_maintenance(work, node):
            await work.remember(**{_BARE: True})
            await work.skip("reset", f"{node.name} has no config, and waits in memory")
            return
        elif before is None:
            if not work.params["force"]:
                raise Stopped(
                    f"{node.name} does not answer, so it cannot leave etcd and be wiped "
                    f"({standing}). Bring it up and retry; or, if it is dead, abandon this and "
                    "remove it with force, which takes its member out of etcd and wipes nothing"
                )
            await work.skip("reset", f"{node.name} does not answer: taken out by force, not wiped")
            return
    await _gone(work, node)


async def _order(work: Work, node: Node, client: NodeClient) -> None:
    wipe = Wipe(work.params["wipe"])
    disks: tuple[str, ...] = ()
    if wipe is Wipe.ALL:
        disks = tuple(
            one.name
            for one in await client.disks()
            if _REAL_DISK.fullmatch(one.name) and not one.readonly and not one.system_disk
        )
    await work.say("reset", f"{node.name} leaves etcd, is wiped and reboots")
    try:
        await client.reset(graceful=True, reboot=True, wipe=wipe, user_disks=disks)
    except Interrupted:
        await work.say("reset", "its answer was lost; looking what became of it")
        return
    noted = ordered.last(work, "reset")
    await ordered.note(work, "reset", Phase.RESET, noted.boot if noted else "")


async def _gone(work: Work, node: Node) -> None:
    """Wait until the machine is no node of this cluster any more."""
    before = ordered.last(work, "reset")
    silent_since: float | None = None

    async def check() -> tuple[bool | None, str]:
        nonlocal silent_since
        standing = await here(work, node.id)
        if standing is not None:
            silent_since = None
            state = standing.shown.status.state
            if before is not None and standing.boot != before.boot:
                raise Stopped(
                    f"{node.name} came back with its config: it was not wiped. Retry sends it again"
                )
            return None, f"{node.name} is {state}"
        if await _in_maintenance(work, node):
            return True, ""
        silent_since = work.clock() if silent_since is None else silent_since
        certain = before is not None and before.phase is Phase.RESET
        if certain and work.clock() - silent_since >= SILENT_S:
            return True, ""
        if node.is_control_plane and await leaving.unlisted(work, node):
            return True, ""
        said = "" if certain else ", and its answer to the order was lost: look at its console"
        return None, f"{node.name} does not answer any more{said}"

    await work.until("reset", check, timeout_s=GONE_S)
    await work.say("reset", f"{node.name} is wiped")


async def _in_maintenance(work: Work, node: Node) -> bool:
    """Say whether this very machine waits in memory, without a config."""
    if node.seen is None or node.seen.address is None:
        return False
    client = work.site.reach.client(node.seen.address, Maintenance())
    try:
        await insist(client, node.device.uuid)
    except NodeError:
        return False
    finally:
        await client.hang_up()
    return True


# Afterwards ----------------------------------------------------------------------------------


async def _out_of_etcd(work: Work, node: Node) -> None:
    if not node.is_control_plane:
        await work.skip("etcd", "a worker is not in etcd")
        return

    async def check() -> tuple[bool | None, str]:
        found = await leaving.asked(work, but=node.id)
        if not found.members:
            gone = await leaving.never_began(work)
            return (True, "") if gone else (None, "no control plane says who is in etcd")
        own = leaving.member_on(found, node)
        if own is None:
            unknown = await leaving.unknown(work, node, found)
            return (None, f"etcd lists {unknown}") if unknown else (True, "")
        if not work.params["force"]:
            return None, (
                f"etcd still lists {node.name} ({own.id:x}). It may be about to leave; else "
                "abandon this and remove it with force"
            )
        return None, await leaving.vote_out(work, node, found, own)

    await work.until("etcd", check, timeout_s=LEFT_S)
    await work.say("etcd", f"{node.name} is not listed")


async def _forget(work: Work, *, there: bool) -> None:
    site, device_id = work.site, work.params["device_id"]
    site.news.forget(device_id)
    await site.writer.flush()  # what was seen of it before, so that its row does not come back
    async with site.database.write() as session:
        if there:
            row = await clusters.cluster(session, work.cluster_id)
            actor = Actor(work.asked_by, OPERATOR, 0)
            desk = Desk(session, site.reach.sealer, site.writer, actor, "")
            await join.leave(desk, row, device_id)
        await store.forget_node(session, device_id)
