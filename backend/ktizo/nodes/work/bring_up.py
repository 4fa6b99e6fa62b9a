"""From machines with configs to a cluster: etcd begins on one control plane, and exactly once.

What keeps it to once: the machine is written down before the order goes out, and no other machine
is ever told while that row stands. The same machine may be told again, after a crash or a broken
line: Talos refuses when etcd has data there (talos.md §7, Bootstrap).
"""

from collections.abc import Sequence

from ktizo.core.clock import utc_now
from ktizo.devices.lifecycle import MAY_INSTALL, PROVED
from ktizo.nodes import etcd, store
from ktizo.nodes.errors import AlreadyDone, Busy, Interrupted, NodeError
from ktizo.nodes.quorum import needed
from ktizo.nodes.tables import BootstrapRow
from ktizo.nodes.watch.state import NodeState
from ktizo.nodes.work.progress import Step
from ktizo.nodes.work.work import Node, Stopped, Work, names

INSTALL_S = 3600.0  # a slow disk and a slow registry
ETCD_S = 1200.0
READY_S = 3600.0
PLAN = (
    Step("control_planes", "Control planes answer"),
    Step("etcd", "etcd begins on one of them"),
    Step("etcd_healthy", "etcd is healthy"),
    Step("joining", "Every control plane joins etcd"),
    Step("ready", "Every node is ready"),
    Step("kubeconfig", "The cluster gives out its kubeconfig"),
)


async def bring_up(work: Work) -> None:
    """See a cluster through to Ready; begin again from here after any interruption."""
    await work.plan(*PLAN)
    async with work.step("control_planes", PLAN[0].title):
        await work.until("control_planes", lambda: _enough(work), timeout_s=INSTALL_S)
    async with work.step("etcd", PLAN[1].title):
        chosen = await _chosen(work)
        if chosen.done_at is None:
            await work.until("etcd", lambda: _begun(work, chosen.device_id), timeout_s=ETCD_S)
    async with work.step("etcd_healthy", PLAN[2].title):
        await work.until("etcd_healthy", lambda: _healthy(work, chosen.device_id), timeout_s=ETCD_S)
        await _note(work, done=True)
    async with work.step("joining", PLAN[3].title):
        await work.until("joining", lambda: _joined(work), timeout_s=INSTALL_S)
    async with work.step("ready", PLAN[4].title):
        await work.until("ready", lambda: _ready(work), timeout_s=READY_S)
    async with work.step("kubeconfig", PLAN[5].title):
        await work.until("kubeconfig", lambda: _kubeconfig(work), timeout_s=ETCD_S)


async def _enough(work: Work) -> tuple[list[Node] | None, str]:
    """Find the control planes that answer: more than half, and every one that ran before."""
    planes = await work.nodes(control_planes=True)
    if not planes:
        raise Stopped(f"{work.cluster} has no control plane; approve a machine as one first")
    up = [one for one in planes if _up(one)]
    # One that ran may hold etcd's data; without its word nobody knows that etcd never began.
    missing = [one for one in planes if not _up(one) and one.device.state in PROVED]
    said = f"{len(up)} of {len(planes)} answer; {needed(len(planes))} are needed"
    if missing:
        return None, f"{said}; {names(missing)} ran before and must answer too"
    first = work.params.get("first")
    if first is not None and first not in {one.id for one in up}:
        return None, f"{said}; machine {first}, where etcd is to begin, does not yet"
    return (up, said) if len(up) >= needed(len(planes)) else (None, said)


def _up(node: Node) -> bool:
    return (
        node.answers
        and node.seen is not None
        and node.seen.state in {NodeState.BOOTING, NodeState.RUNNING}
        and node.device.state in PROVED
    )


async def _chosen(work: Work) -> BootstrapRow:
    """Return the machine etcd begins on: as written down, else written down now."""
    planes = await work.nodes(control_planes=True)
    async with work.site.database.read() as session:
        row = await store.bootstrap(session, work.cluster_id)
    if row is not None and (row.done_at or row.sent_at):
        if row.done_at is None and row.device_id not in {one.id for one in planes}:
            return await _choose_anew(work, row, planes)
        return row
    found = await etcd.ask(await work.clients(planes))
    if found.members:  # it began without us: by talosctl, or before our database was restored
        device_id = next(iter(found.status))
        await work.say("etcd", f"etcd has {len(found.members)} members already")
        return await _write(work, device_id, done=True)
    first = work.params.get("first") or min(one.id for one in planes if _up(one))
    return await _write(work, first)


async def _choose_anew(work: Work, row: BootstrapRow, planes: Sequence[Node]) -> BootstrapRow:
    """Begin on another machine, when the first was taken out before etcd was healthy there."""
    first = work.params.get("first")
    if first is None:
        raise Stopped(
            f"etcd was to begin on machine {row.device_id}, which has left the cluster since. If "
            "no control plane has etcd's data, bring the cluster up again and name the machine to "
            "begin on (--first)"
        )
    silent = [one for one in planes if not _up(one) and one.device.state in PROVED]
    found = await etcd.ask(await work.clients(planes))
    if silent or found.members:
        raise Stopped(
            f"etcd may live: {names(silent) or 'a control plane'} "
            f"{'does not answer' if silent else 'knows members'}; nothing was begun anew"
        )
    return await _write(work, first)


async def _write(work: Work, device_id: int, *, done: bool = False) -> BootstrapRow:
    now = utc_now()
    async with work.site.database.write() as session:
        row = await store.bootstrap(session, work.cluster_id)
        if row is None:
            row = BootstrapRow(cluster_id=work.cluster_id)
            session.add(row)
        row.device_id, row.asked_by, row.chosen_at = device_id, work.asked_by, now
        row.sent_at, row.done_at = None, now if done else None
    return row


async def _note(work: Work, *, sent: bool = False, done: bool = False) -> None:
    now = utc_now()
    async with work.site.database.write() as session:
        row = await store.bootstrap(session, work.cluster_id)
        if row is None:
            raise Stopped("what was written down about etcd's beginning is gone; look at it")
        row.sent_at = row.sent_at or (now if sent else None)
        row.done_at = row.done_at or (now if done else None)


async def _begun(work: Work, device_id: int) -> tuple[bool | None, str]:
    """See whether etcd runs anywhere; tell the chosen machine to begin when it does not."""
    planes = await work.nodes(control_planes=True)
    silent = [one for one in planes if one.device.state in PROVED and not one.answers]
    if silent:
        return None, f"{names(silent)} may hold etcd's data and does not answer"
    found = await etcd.ask(await work.clients(planes))
    if found.members:
        return True, f"etcd has {len(found.members)} members"
    node = await work.node(device_id)
    try:
        client = await work.client(node)
        # Before it goes out: whatever happens from here on, no other machine is told.
        await _note(work, sent=True)
        await client.bootstrap()
    except AlreadyDone:
        return True, f"{node.name} says that etcd has begun"
    except Busy as error:
        return None, f"{node.name} is not ready for it: {error.message}"
    except Interrupted:
        return None, f"the line to {node.name} broke; looking whether it has begun"
    except NodeError as error:
        return None, error.message
    return True, f"{node.name} begins etcd"


async def _healthy(work: Work, device_id: int) -> tuple[bool | None, str]:
    """See whether the chosen machine's etcd leads, or follows, with a quorum."""
    node = await work.node(device_id)
    try:
        found = await etcd.ask({node.id: await work.client(node)})
    except NodeError as error:
        return None, error.message
    if node.id in found.refused:
        # A node that lost its answer to the order may not have begun: tell it again, itself alone.
        begun, said = await _begun(work, device_id)
        return None, said if begun is None else found.refused[node.id]
    own = found.member_on(node.id)
    good = own is not None and own.id in found.up
    return (True if good else None), f"{node.name}: {len(found.members)} members"


async def _joined(work: Work) -> tuple[bool | None, str]:
    planes = [one for one in await work.nodes(control_planes=True) if _expected(one)]
    found = await etcd.ask(await work.clients(planes))
    voting = [one for one in planes if (own := found.member_on(one.id)) and not own.learner]
    said = f"{len(voting)} of {len(planes)} are members"
    missing = [one for one in planes if one not in voting]
    if missing:
        return None, f"{said}; {names(missing)} not yet"
    return (True if found.healthy else None), said


async def _ready(work: Work) -> tuple[bool | None, str]:
    nodes = await work.nodes()
    expected = [one for one in nodes if _expected(one)]
    missing = [one for one in expected if not (one.answers and one.seen and one.seen.ready)]
    said = f"{len(expected) - len(missing)} of {len(expected)} are ready"
    if len(expected) < len(nodes):
        said += f", {len(nodes) - len(expected)} are not approved"
    if missing:
        said += f"; {names(missing)} not yet"
    return (None if missing else True), said


def _expected(node: Node) -> bool:
    """Whether a machine is on its way into the cluster, or in it."""
    return node.device.state in MAY_INSTALL | PROVED


async def _kubeconfig(work: Work) -> tuple[bool | None, str]:
    said = "no control plane answers"
    for node in await work.nodes(control_planes=True):
        if not node.answers:
            continue
        try:
            size = len(await (await work.client(node)).kubeconfig())
        except NodeError as error:
            said = error.message
            continue
        return True, f"{node.name} gave {size} bytes"
    return None, said
