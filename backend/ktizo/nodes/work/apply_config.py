"""Giving running nodes the config they should have: only those that differ, one at a time.

Each is asked first, in a dry run, how it would apply it. One that will reboot must be able to be
away, and must be back and ready before the next; the others go on at once.
"""

from ktizo.nodes.client.results import ApplyMode
from ktizo.nodes.errors import Interrupted, NodeError, Unreachable
from ktizo.nodes.watch.drift import Intended, same_config
from ktizo.nodes.work import ordered, turns
from ktizo.nodes.work.ordered import Phase
from ktizo.nodes.work.progress import Step
from ktizo.nodes.work.standing import Standing, clean, here, intended, stand
from ktizo.nodes.work.work import Node, Stopped, Work, names

ANSWER_S = 300.0
APPLY_S = 300.0  # a config that comes into force at once, until the node is ready with it
BACK_S = 1800.0
CHECK = Step("check", "Whose config differs")


async def apply_config(work: Work) -> None:
    """Give every node asked for its config; begin again from here after any interruption."""
    mode = ApplyMode(work.params["mode"])
    await work.plan(CHECK)
    async with work.step(CHECK.name, CHECK.title):
        differing = await _differing(work)
    await work.plan(CHECK, *(Step(_step(one), one.name, device_id=one.id) for one in differing))
    waiting = {one.id: one for one in differing}
    while waiting:
        begun = {one for one in waiting if ordered.last(work, _step(waiting[one]))}
        device_id = await turns.following(work, waiting, begun)
        if device_id is None:
            return
        await _one(work, waiting.pop(device_id), mode)


def _step(node: Node) -> str:
    return f"node_{node.id}"


async def _differing(work: Work) -> list[Node]:
    """Return the nodes to be given their config, and those a restart interrupted at it."""
    wanted = set(work.params["device_ids"])
    nodes, others = await turns.members(work)
    missing = wanted - {one.id for one in nodes}
    if missing:
        raise Stopped(f"machines {sorted(missing)} are no installed members of {work.cluster}")
    nodes = [one for one in nodes if not wanted or one.id in wanted]
    differing, silent = [], []
    for node in nodes:
        standing = await here(work, node.id)
        config = await intended(work, node.id)
        if ordered.last(work, _step(node)):
            differing.append(node)
        elif standing is None:
            silent.append(node)
        elif config is not None and not same_config(config, standing.shown):
            differing.append(node)
    if silent and wanted:
        raise Stopped(f"{names(silent)} cannot be asked now; nothing was sent to anybody")
    said = f"{len(differing)} of {len(nodes)}: {names(differing)}" if differing else "nobody's"
    said += f"; {names(silent)} cannot be asked now" if silent else ""
    await work.say(CHECK.name, said + ("" if wanted else turns.left_out(others)))
    return differing


async def _one(work: Work, node: Node, mode: ApplyMode) -> None:
    step = _step(node)
    async with work.step(step, node.name, node.id):
        before = ordered.last(work, step)
        if before is None or ordered.old(work, before):
            standing = await _answering(work, step, node)
            config = await intended(work, node.id)
            if config is None:
                raise Stopped(f"{node.name} has no config of its own; see the cluster's page")
            if same_config(config, standing.shown):
                await turns.ready(work, step, node.id, timeout_s=BACK_S)
                await work.say(step, "runs it already")
                return
            await _give(work, step, standing, config, mode)
        before = ordered.last(work, step)
        if before is not None and before.phase is Phase.STAGED:
            await work.say(step, "staged: it comes into force at the next reboot")
            return
        await _in_force(work, step, node)


async def _answering(work: Work, step: str, node: Node) -> Standing:
    async def check() -> tuple[Standing | None, str]:
        try:
            return await stand(work, node.id), ""
        except Unreachable as error:
            return None, error.message

    return await work.until(step, check, timeout_s=ANSWER_S)


async def _give(
    work: Work, step: str, standing: Standing, config: Intended, mode: ApplyMode
) -> None:
    """Ask how the node would apply it, see that it can, and give the order."""
    name = standing.node.name
    chosen = await _would(standing, config, mode)
    await work.say(step, f"{name} will apply it with mode {chosen}")
    phase = Phase.STAGED if chosen is ApplyMode.STAGED else Phase.APPLYING
    if chosen is ApplyMode.REBOOT:
        standing = await turns.steady(work, step, standing.node.id)
        await turns.let_another_lead(work, step, standing)
    if chosen is not ApplyMode.NO_REBOOT:
        await ordered.note(work, step, phase, standing.boot)
    try:
        # As the node chose, so that nothing that changes meanwhile makes it reboot after all.
        await standing.client.apply_configuration(config.config.encode(), mode=chosen)
    except Interrupted:
        await work.say(step, f"mode {chosen}; its answer was lost, looking what became of it")
    except NodeError as error:
        raise Stopped(f"{name} refuses: {clean(error, config.config)}") from error


async def _would(standing: Standing, config: Intended, mode: ApplyMode) -> ApplyMode:
    try:
        dry = await standing.client.apply_configuration(
            config.config.encode(), mode=mode, dry_run=True
        )
    except NodeError as error:
        raise Stopped(
            f"{standing.node.name} would refuse: {clean(error, config.config)}"
        ) from error
    return mode if dry.mode is ApplyMode.AUTO else dry.mode


async def _in_force(work: Work, step: str, node: Node) -> None:
    """Wait until the node runs what it was given, and is ready."""
    before = ordered.last(work, step)
    reboots = before is not None and before.phase is Phase.APPLYING

    async def check() -> tuple[bool | None, str]:
        standing = await here(work, node.id)
        if standing is None:
            return None, f"{node.name} has not come back; look at its console, then retry"
        config = await intended(work, node.id)
        same = config is not None and same_config(config, standing.shown)
        back = before is not None and standing.boot != before.boot
        if back and not same:
            raise Stopped(
                f"{node.name} came back with another config than it should have; retry sends it "
                "again"
            )
        if not same or (reboots and not back):
            return None, f"{node.name} does not run it yet"
        return (True, "") if standing.ready else (None, standing.waits_for)

    await work.until(step, check, timeout_s=BACK_S if reboots else APPLY_S)
    await work.say(step, "runs it" + (", after a reboot" if reboots else ""))
