"""Another Kubernetes, component by component and node by node (talos.md §10).

Each time the config a node *runs* is taken and one image in it changed, so that nothing else comes
into force on the way. At the end the cluster's own setting follows.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from ktizo.accounts.actor import OPERATOR, Actor
from ktizo.clusters import changes, check, generate, settings
from ktizo.clusters import store as clusters
from ktizo.nodes.client.results import ApplyMode, Service
from ktizo.nodes.errors import NodeError, Unreachable
from ktizo.nodes.work import images, ordered, turns
from ktizo.nodes.work.images import KUBELET, PROXY, STATIC, image_in, same_image, version_of
from ktizo.nodes.work.progress import Step
from ktizo.nodes.work.standing import Standing, clean, here, stand
from ktizo.nodes.work.work import Node, Stopped, Work, names
from ktizo.talos.compatibility import parse

POD_S = 900.0  # pulls an image, starts, becomes ready
After = Callable[[Standing], Awaitable[str]]  # returns what is missing
Before = Callable[[Standing], Awaitable[None]]
CHECK, SETTING = Step("check", "What will be done"), Step("setting", "The cluster's own setting")
PODS = ("k8s", "StaticPodStatuses.kubernetes.talos.dev")
MANIFESTS = (
    "its DaemonSet, CoreDNS and the CNI are applied by a client of Kubernetes, not by Ktizo: "
    "`kubectl -n kube-system set image daemonset/kube-proxy kube-proxy={image}`"
)


async def upgrade_kubernetes(work: Work) -> None:
    """Upgrade the cluster; begin again from here after any interruption."""
    version = work.params["version"]
    nodes, others = await turns.members(work)
    planes = [one for one in nodes if one.is_control_plane]
    if not planes:
        raise Stopped(f"no control plane of {work.cluster} is installed")
    every = [*planes, *(one for one in nodes if not one.is_control_plane)]
    kubelets = [Step(_kubelet(one), f"kubelet on {one.name}", device_id=one.id) for one in every]
    parts = [Step(one, one) for one in (*STATIC, PROXY)]
    await work.plan(CHECK, *parts, *kubelets, SETTING)
    async with work.step(CHECK.name, CHECK.title):
        said = f"{len(planes)} control planes and {len(nodes) - len(planes)} workers to {version}"
        await work.say(CHECK.name, said + turns.left_out(others))
    for component in STATIC:
        async with work.step(component, component):
            for node in planes:
                await _static_pod(work, component, node, version)
            await work.say(component, f"{version} on {names(planes)}")
    await _proxy(work, planes, version)
    for node in every:
        await _kubelet_of(work, node, version)
    async with work.step(SETTING.name, SETTING.title):
        await _set(work, version)
        await work.say(SETTING.name, await _differing(work, every))


def _kubelet(node: Node) -> str:
    return f"kubelet_{node.id}"


async def _wanted(work: Work, node: Node, component: str, version: str) -> str | None:
    """Return the image a machine's own config will have; None where the component does not run."""
    sealer = work.site.reach.sealer
    async with work.site.database.read() as session:
        facts, bundle = await changes.facts_of(session, sealer, work.cluster_id)
        member = await changes.facts_of_member(session, sealer, node.member)
    target = replace(facts, kubernetes_version=version)
    shared = check.prepared(target, bundle, node.member.role)
    made = check.refusing(node.name, bundle, lambda: generate.machine(shared, member)[0])
    image = image_in(made, component)
    if image is not None and version_of(image) != parse(version):
        raise Stopped(
            f"a patch pins {component} of {node.name} to {image}; take it out, or change it"
        )
    return image


async def _static_pod(work: Work, component: str, node: Node, version: str) -> None:
    """Run one component of one control plane in the new version, and see it ready."""
    wanted = await _wanted(work, node, component, version)
    if wanted is None:
        return

    async def after(standing: Standing) -> str:
        return await _pod(standing, component, wanted)

    await _bring(work, component, node, component, wanted, after)


async def _proxy(work: Work, planes: list[Node], version: str) -> None:
    async with work.step(PROXY, PROXY):
        wanted = None
        for node in planes:
            wanted = await _wanted(work, node, PROXY, version)
            if wanted is not None:
                await _bring(work, PROXY, node, PROXY, wanted, _nothing)
        if wanted is None:
            await work.skip(PROXY, "the cluster runs no kube-proxy")
        else:
            await work.say(PROXY, MANIFESTS.format(image=wanted))


async def _kubelet_of(work: Work, node: Node, version: str) -> None:
    step = _kubelet(node)
    async with work.step(step, f"kubelet on {node.name}", node.id):
        wanted = await _wanted(work, node, KUBELET, version)
        if wanted is None:
            await work.skip(step, "Talos's own")
            return

        async def before(standing: Standing) -> None:
            at = _changed_at(await _service(standing))
            await work.remember(**{step: {"changed": at, "retries": ordered.retries(work)}})

        async def after(standing: Standing) -> str:
            return await _restarted(work, step, standing)

        await _bring(work, step, node, KUBELET, wanted, after, before)
        await work.say(step, version)


async def _bring(
    work: Work,
    step: str,
    node: Node,
    component: str,
    wanted: str,
    after: After,
    before: Before | None = None,
) -> None:
    """Give a node one image, unless it has it, and wait until `after` misses nothing."""
    given = False

    async def check_() -> tuple[bool | None, str]:
        nonlocal given
        try:
            standing = await stand(work, node.id)
            config = standing.shown.config
            if image_in(config, component) != wanted:
                if given:
                    return None, f"{node.name} does not show the config it took"
                _insist_next(node, component, image_in(config, component), wanted)
                if not standing.ready:
                    return None, f"{standing.waits_for}; nothing was sent to it"
                if before is not None:
                    await before(standing)
                await _apply(standing, images.with_image(config, component, wanted))
                given = True
                return None, f"{node.name} starts {wanted}"
            missing = await after(standing)
        except Unreachable as error:  # also an answer that was lost: the next look tells
            return None, error.message
        if missing:
            return None, f"{node.name}: {missing}"
        return (True, "") if standing.ready else (None, standing.waits_for)

    await work.until(step, check_, timeout_s=POD_S)


async def _apply(standing: Standing, config: str) -> None:
    try:
        await standing.client.apply_configuration(config.encode(), mode=ApplyMode.NO_REBOOT)
    except Unreachable:
        raise
    except NodeError as error:
        raise Stopped(f"{standing.node.name} refuses: {clean(error, config)}") from error


def _insist_next(node: Node, component: str, running: str | None, wanted: str) -> None:
    """Stop before a step Kubernetes does not support, on whatever the node really runs."""
    now, goal = version_of(running or ""), version_of(wanted)
    if now is None or goal is None:
        return
    if now[0] != goal[0] or goal[1] - now[1] not in (0, 1):
        raise Stopped(
            f"{component} of {node.name} runs {running}: it goes to the same or the next minor "
            f"version, not to {wanted}"
        )


async def _pod(standing: Standing, component: str, wanted: str) -> str:
    """Return what a static pod still misses; empty when it is ready in the wanted image."""
    pattern = f"^kube-system/{component}-"
    for one in await standing.client.resources.list(*PODS, id_pattern=pattern):
        spec = one.spec if isinstance(one.spec, dict) else {}
        shown = [
            str(each.get("image", ""))
            for each in spec.get("containerStatuses") or ()
            if isinstance(each, dict) and each.get("name") == component
        ]
        if not any(same_image(each, wanted) for each in shown):
            return f"{component} still runs {shown[0] if shown else 'nothing'}"
        if not _is_ready(spec):
            return f"{component} has started and is not ready"
        return ""
    return f"{component} has no pod"


def _is_ready(spec: dict[str, object]) -> bool:
    conditions = spec.get("conditions")
    return any(
        isinstance(one, dict) and one.get("type") == "Ready" and str(one.get("status")) == "True"
        for one in (conditions if isinstance(conditions, list) else ())
    )


async def _nothing(standing: Standing) -> str:  # noqa: ARG001 - the shape of `after`
    return ""


async def _service(standing: Standing) -> Service | None:
    return next((one for one in await standing.client.services() if one.id == KUBELET), None)


def _changed_at(service: Service | None) -> str:
    changed = service.health_changed_at if service is not None else None
    return changed.isoformat() if changed is not None else ""


async def _restarted(work: Work, step: str, standing: Standing) -> str:
    """Return what the kubelet still misses: it must have become healthy since it was given."""
    service = await _service(standing)
    if service is None or not service.healthy:
        return f"kubelet is {service.state if service else 'not there'}"
    noted = work.notes.get(step)
    if not noted or noted["retries"] < ordered.retries(work):  # a person looked meanwhile
        return ""
    return "kubelet has not restarted yet" if noted["changed"] == _changed_at(service) else ""


async def _set(work: Work, version: str) -> None:
    """Let the cluster's setting follow, on the path an operator's change takes."""
    site = work.site
    async with site.database.write() as session:
        row = await clusters.cluster(session, work.cluster_id)
        actor = Actor(work.asked_by, OPERATOR, 0)
        desk = changes.Desk(session, site.reach.sealer, site.writer, actor, "")
        await settings.change(desk, row, {"kubernetes_version": version})


async def _differing(work: Work, nodes: list[Node]) -> str:
    """Look at every node once more, so that its drift is what it is now."""
    differ = [
        node
        for node in nodes
        if (await here(work, node.id)) is not None
        and (news := work.site.news.of(node.id)) is not None
        and any(what == "config" for what, *_ in news.drift)
    ]
    return f"{names(differ)} differ in something else" if differ else "every config is as intended"
