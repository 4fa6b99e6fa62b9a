"""Another Talos for every node, one by one; the first that does not come back ends it.

Up to 1.12 one call installs and reboots. From 1.13 on the image is fetched, installed beside what
runs, and the node is rebooted; then the pods are not drained first, because that takes a client of
Kubernetes (talos.md §10).
"""

from dataclasses import dataclass

from ktizo.core import yaml
from ktizo.core.errors import Invalid, KtizoError
from ktizo.images.image import RELEASE, Arch
from ktizo.images.ready import NotMirrored, network_boot
from ktizo.nodes.client.rules import LIFECYCLE
from ktizo.nodes.errors import Interrupted, NodeError
from ktizo.nodes.work import ordered, turns
from ktizo.nodes.work.ordered import Phase
from ktizo.nodes.work.progress import Step
from ktizo.nodes.work.standing import Standing, here, stand
from ktizo.nodes.work.work import Node, Stopped, Work
from ktizo.talos.compatibility import check_talos_upgrade, parse
from ktizo.talos.documents import KINDS
from ktizo.talos.validate import validate_documents

BACK_S = 1800.0  # a server with much memory, and perhaps a rollback
QUIET_S = 600.0  # an order after which nothing at all happens
CHECK, CONFIGS = Step("check", "What will be done"), Step("configs", "Configs of the nodes")


@dataclass(frozen=True, slots=True)
class Goal:
    """What every node is to run. `schematic` empty: a plain release, any will do."""

    version: str
    schematic: str
    image: str

    def reached(self, standing: Standing) -> bool:
        """Say whether a node runs it."""
        shown = standing.shown
        if shown.talos_version != self.version:
            return False
        return not self.schematic or shown.schematic == self.schematic


async def upgrade_talos(work: Work) -> None:
    """Upgrade the cluster; begin again from here after any interruption."""
    goal = Goal(*(work.params[name] for name in ("version", "schematic", "image")))
    nodes, others = await turns.members(work)
    if not nodes:
        raise Stopped(f"no machine of {work.cluster} is installed; there is nothing to upgrade")
    await work.plan(
        CHECK, *(Step(_step(one), _title(one, goal), device_id=one.id) for one in nodes)
    )
    async with work.step(CHECK.name, CHECK.title):
        said = [f"{len(nodes)} nodes to {goal.version}" + turns.left_out(others)]
        await work.say(CHECK.name, "; ".join([*said, *await _warnings(work, goal)]))
    waiting = {one.id: one for one in nodes}
    while waiting:
        begun = {one for one in waiting if ordered.last(work, _step(waiting[one]))}
        device_id = await turns.following(work, waiting, begun)
        if device_id is None:
            break
        await _one(work, waiting.pop(device_id), goal)
    async with work.step(CONFIGS.name, CONFIGS.title):
        await work.say(CONFIGS.name, await _configs(work))


def _step(node: Node) -> str:
    return f"node_{node.id}"


def _title(node: Node, goal: Goal) -> str:
    return f"{node.name} to {goal.version}"


async def _warnings(work: Work, goal: Goal) -> list[str]:
    """Return what a person should know, and nothing has to be stopped for."""
    found = list(work.params.get("warnings", ()))
    schematic = goal.schematic or RELEASE
    try:
        await network_boot(work.site.reach.reader, schematic, goal.version, Arch.AMD64)
    except NotMirrored as error:
        found.append(f"new machines cannot boot it yet: {error.message}")
    return found


async def _one(work: Work, node: Node, goal: Goal) -> None:
    """See one node through; raises Stopped when it does not come back as what it should be."""
    step = _step(node)
    async with work.step(step, _title(node, goal), node.id):
        standing = await here(work, node.id)
        if standing is not None and goal.reached(standing) and not ordered.last(work, step):
            await turns.ready(work, step, node.id, timeout_s=BACK_S)
            await work.skip(step, f"runs {goal.version} already")
            return
        if _to_be_sent(work, step, standing, goal):
            await _send(work, step, node, goal)
        await _back(work, step, node, goal)
        await turns.ready(work, step, node.id, timeout_s=BACK_S)
        await work.say(step, f"runs {goal.version} and is ready")


def _to_be_sent(work: Work, step: str, standing: Standing | None, goal: Goal) -> bool:
    """Say whether an order is due. One that may have gone out is not given again unasked."""
    before = ordered.last(work, step)
    if before is None or before.phase is Phase.PULLED:
        return standing is None or not goal.reached(standing)
    if standing is None or goal.reached(standing):
        return False
    if ordered.old(work, before):
        return True
    same_boot = standing.boot == before.boot
    if before.phase is Phase.INSTALLING and same_boot:
        raise Stopped(
            f"Ktizo was interrupted while {standing.node.name} ran the installer; it still runs "
            f"{standing.shown.talos_version}. Retry runs the installer again"
        )
    return before.phase is Phase.INSTALLED and same_boot


async def _send(work: Work, step: str, node: Node, goal: Goal) -> None:
    standing = await turns.steady(work, step, node.id)
    if goal.reached(standing):
        return
    _insist_possible(standing, goal)
    await turns.let_another_lead(work, step, standing)
    if await standing.client.minor() >= LIFECYCLE:
        await _in_steps(work, step, standing, goal)
    else:
        await _classic(work, step, standing, goal)


def _insist_possible(standing: Standing, goal: Goal) -> None:
    """Stop where Talos would refuse the step, or could not read the config it finds afterwards."""
    name, running = standing.node.name, standing.shown.talos_version
    try:
        check_talos_upgrade(running, goal.version)
    except Invalid as error:
        raise Stopped(f"{name} cannot go to {goal.version}: {error.message}") from error
    if parse(running)[:2] == parse(goal.version)[:2]:
        return
    try:
        documents = [one for one in yaml.load_all(standing.shown.config) if one and _known(one)]
        validate_documents(documents, goal.version, on_node=True).refuse()
    except KtizoError as error:  # whose reason may quote the config
        raise Stopped(
            f"{name} cannot go to {goal.version}: Talos would refuse the config it runs now; see "
            f"`ktizo nodes plan {name}`, and apply one that fits both versions first"
        ) from error


def _known(document: object) -> bool:
    kind = document.get("kind") if isinstance(document, dict) else None
    return not kind or kind in KINDS


async def _classic(work: Work, step: str, standing: Standing, goal: Goal) -> None:
    await ordered.note(work, step, Phase.UPGRADING, standing.boot)
    await work.say(step, f"{standing.node.name} fetches and installs {goal.image}")
    try:
        await standing.client.installing.upgrade(goal.image)
    except Interrupted:
        await work.say(step, "its answer was lost; looking what became of it")


async def _in_steps(work: Work, step: str, standing: Standing, goal: Goal) -> None:
    client, boot = standing.client, standing.boot
    before = ordered.last(work, step)
    done = before.phase if before is not None and before.boot == boot else None
    if done not in {Phase.INSTALLED, Phase.REBOOTING}:
        await work.say(step, f"{standing.node.name} fetches {goal.image}")
        async for _ in client.installing.pull(goal.image):
            pass  # to the end; a broken line raises
        await ordered.note(work, step, Phase.PULLED, boot)
        await ordered.note(work, step, Phase.INSTALLING, boot)
        await _install(work, step, standing, goal)
        await ordered.note(work, step, Phase.INSTALLED, boot)
    await ordered.note(work, step, Phase.REBOOTING, boot)
    await work.say(step, f"{standing.node.name} reboots")
    try:
        await client.reboot()
    except Interrupted:
        await work.say(step, "its answer was lost; looking what became of it")


async def _install(work: Work, step: str, standing: Standing, goal: Goal) -> None:
    last = ""
    try:
        async for line in standing.client.installing.install_upgrade(goal.image):
            last = line.message or last
    except NodeError as error:
        said = f"; its last line: {last}" if last else ""
        raise Stopped(
            f"{error.message}{said}. {standing.node.name} still runs "
            f"{standing.shown.talos_version}; retry runs the installer again"
        ) from error
    await work.say(step, f"{standing.node.name} has {goal.version} installed beside what runs")


async def _back(work: Work, step: str, node: Node, goal: Goal) -> None:
    """Wait until a node that was told to comes back as what it should be."""
    before = ordered.last(work, step)
    quiet = work.clock() + QUIET_S

    async def check() -> tuple[bool | None, str]:
        try:
            standing = await stand(work, node.id)
        except NodeError:
            return None, (
                f"{node.name} has not come back since its order; look at its console, then retry"
            )
        version = standing.shown.talos_version
        if goal.reached(standing):
            return True, ""
        if before is not None and standing.boot != before.boot:
            raise Stopped(
                f"{node.name} came back with Talos {version}, not {goal.version}: it has rolled "
                "back, the new one did not boot there. Look at its console; retry sends it again"
            )
        if standing.ready and work.clock() > quiet:
            raise Stopped(
                f"{node.name} still runs Talos {version} and has not rebooted since its order; "
                "retry sends it again"
            )
        return None, f"{node.name} still runs Talos {version}"

    await work.until(step, check, timeout_s=BACK_S)


async def _configs(work: Work) -> str:
    """Say whose config is not the one of the new version; nothing breaks as long as it stays."""
    nodes, _ = await turns.members(work)
    seen = [(one, await here(work, one.id)) for one in nodes]
    differ = [
        node
        for node, standing in seen
        if standing is not None
        and (news := work.site.news.of(node.id))
        and any(what == "config" for what, *_ in news.drift)
    ]
    if not differ:
        return "as intended"
    return (
        f"{len(differ)} of {len(nodes)} run the config from before, which the new Talos takes; "
        "`ktizo clusters apply-config` gives them the new one"
    )
