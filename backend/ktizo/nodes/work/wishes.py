"""What people wish done to a cluster: refused here, at once, where it can be; else a work begins.

What only the nodes can say is checked again by the work itself, before each order.
"""

from collections.abc import Sequence
from dataclasses import replace

from ktizo.clusters import changes, check, settings
from ktizo.clusters import generate as configs
from ktizo.clusters import store as clusters
from ktizo.clusters.changes import Desk
from ktizo.clusters.store import Cluster
from ktizo.core.errors import Conflict, Invalid
from ktizo.devices import approval
from ktizo.devices import store as devices
from ktizo.devices.lifecycle import PROVED
from ktizo.images.image import version_tag
from ktizo.nodes import schemas, store
from ktizo.nodes.quorum import Voter, insist_removal
from ktizo.nodes.roster import roster
from ktizo.nodes.tables import WorkRow
from ktizo.nodes.watch.news import News
from ktizo.nodes.work.begin import begin, insist_idle
from ktizo.nodes.work.work import Node, names
from ktizo.talos.compatibility import (
    check_kubernetes,
    check_kubernetes_upgrade,
    check_talos_upgrade,
    parse,
)
from ktizo.talos.contracts import contract


class VersionUnknown(Conflict):
    """A node was never reached, so nobody knows what it runs."""


class NoWayDown(Invalid):
    """An older minor version does not read the config of a newer one."""


class ImageNamed(Conflict):
    """The cluster names its installer itself, and that is another version's."""


class NotInstalled(Conflict):
    """The machine is no node that runs."""


async def begin_upgrade_talos(
    desk: Desk, cluster: Cluster, body: schemas.UpgradeTalos, news: News
) -> WorkRow:
    """Begin to bring every node to another Talos; the cluster's setting is changed with it.

    Raises Invalid or Conflict, and then nothing has changed.
    """
    await insist_idle(desk, cluster)
    version = version_tag(body.version)
    warnings = _insist_talos(await _installed(desk, cluster, news), version)
    if cluster.install_image and not cluster.install_image.endswith(f":{version}"):
        raise ImageNamed(
            f"{cluster.name} names its installer itself, {cluster.install_image}: name the one of "
            f"{version} first (`ktizo clusters set {cluster.name} install_image=...`)"
        )
    wanted = {"talos_version": version}
    if body.schematic is not None:
        wanted["schematic"] = body.schematic
    await settings.change(desk, cluster, wanted)
    facts, _ = await changes.facts_of(desk.session, desk.sealer, cluster.id)
    return await begin(
        desk,
        cluster,
        "upgrade_talos",
        version=version,
        # An image the cluster names itself may come from anywhere, and then shows no schematic.
        schematic="" if facts.install_image else facts.schematic or "",
        image=configs.installer(facts),
        warnings=warnings,
    )


def _insist_talos(nodes: Sequence[Node], version: str) -> list[str]:
    """Check every step; return what is possible and not recommended."""
    warnings = []
    goal = parse(version)[:2]
    for node in nodes:
        running = node.seen.talos_version if node.seen else None
        if not running:
            raise VersionUnknown(f"nobody knows which Talos {node.name} runs; bring it up first")
        check_talos_upgrade(running, version)
        now = parse(running)[:2]
        if now > goal:
            raise NoWayDown(
                f"{node.name} runs Talos {running}: an older minor version may not read its config."
                " Reinstall it instead"
            )
        if goal[1] - now[1] > 1:
            warnings.append(
                f"{node.name} runs {running}: Talos recommends one minor version at a time"
            )
    return warnings[:1] if len(warnings) < 2 else [*warnings[:1], f"and {len(warnings) - 1} more"]


async def begin_upgrade_kubernetes(
    desk: Desk, cluster: Cluster, body: schemas.UpgradeKubernetes, news: News
) -> WorkRow:
    """Begin to bring a cluster to another Kubernetes; its setting follows at the end.

    Raises Invalid or Conflict, and then nothing has changed.
    """
    await insist_idle(desk, cluster)
    version = body.version.removeprefix("v")
    talos = contract(cluster.talos_version)
    check_kubernetes_upgrade(talos, cluster.kubernetes_version, version)
    for node in await _installed(desk, cluster, news):
        if node.seen is not None and node.seen.talos_version:
            check_kubernetes(contract(node.seen.talos_version), version)
    facts, bundle = await changes.facts_of(desk.session, desk.sealer, cluster.id)
    special = await changes.special_members(desk.session, desk.sealer, cluster.id)
    check.cluster(replace(facts, kubernetes_version=version), bundle, special)
    before = cluster.kubernetes_version
    return await begin(desk, cluster, "upgrade_kubernetes", version=version, before=before)


async def begin_apply(
    desk: Desk, cluster: Cluster, body: schemas.ApplyConfig, news: News
) -> WorkRow:
    """Begin to give running nodes the config they should have; raises Conflict."""
    await insist_idle(desk, cluster)
    nodes = {one.id for one in await _installed(desk, cluster, news)}
    missing = sorted(set(body.device_ids) - nodes)
    if missing:
        raise NotInstalled(f"machines {missing} are no installed members of {cluster.name}")
    return await begin(desk, cluster, "apply_config", **body.model_dump())


async def begin_remove(
    desk: Desk, cluster: Cluster, body: schemas.RemoveMember, news: News
) -> WorkRow:
    """Begin to take a machine out; `confirm` must name it.

    Raises ConfirmationMissing, NotAMember, QuorumLost with the arithmetic, or WorkUnderWay.
    """
    await insist_idle(desk, cluster)
    row = await clusters.member(desk.session, body.device_id)
    if row.cluster_id != cluster.id:
        raise clusters.NotAMember(
            f"machine {body.device_id} does not belong to {cluster.name}, but to another cluster"
        )
    device = await devices.get(desk.session, body.device_id)
    await approval.insist_named(desk.session, device, body.confirm)
    nodes = await roster(desk.session, news, cluster.id)
    node = next(one for one in nodes if one.id == body.device_id)
    if await store.bootstrap(desk.session, cluster.id) is not None:
        _insist_members(nodes, node)
    params = {"device_id": node.id, "name": node.name, "wipe": body.wipe, "force": body.force}
    return await begin(desk, cluster, "remove_member", **params)


def _insist_members(nodes: Sequence[Node], node: Node) -> None:
    """Do etcd's arithmetic with what is seen of the control planes; the work asks etcd itself."""
    planes = [one for one in nodes if one.is_control_plane and one.device.state in PROVED]
    voters = [Voter(one.name, one.answers and bool(one.seen and one.seen.ready)) for one in planes]
    if node.id in {one.id for one in planes}:
        insist_removal(voters, node.name)


async def _installed(desk: Desk, cluster: Cluster, news: News) -> list[Node]:
    nodes = await roster(desk.session, news, cluster.id)
    found = [one for one in nodes if one.device.state in PROVED]
    if not found:
        said = f": {names(nodes)} not yet" if nodes else ""
        raise NotInstalled(f"no machine of {cluster.name} is installed{said}")
    return found
