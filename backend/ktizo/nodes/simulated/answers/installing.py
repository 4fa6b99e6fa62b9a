"""Installing and upgrading a simulated node, the classic way and the one of Talos 1.13."""

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING

from grpclib.const import Status
from grpclib.exceptions import GRPCError

from ktizo.nodes.simulated.asked import Asked
from ktizo.nodes.simulated.machine_config import schematic_of
from ktizo.nodes.wire import lifecycle_pb2 as lifecycle
from ktizo.nodes.wire import machine_pb2 as wire

if TYPE_CHECKING:
    from ktizo.nodes.simulated.node import SimulatedNode

_LAYERS = ("sha256:aaaa", "sha256:bbbb")
_LAYER_BYTES = 40 << 20


async def upgrade(asked: Asked[wire.UpgradeRequest]) -> wire.UpgradeResponse:
    """Install the image and reboot into it; refused when etcd would lose its quorum."""
    tag = _tag(asked.request.image)
    cluster = asked.node.cluster
    if asked.node.etcd_member in cluster.members and not asked.request.force:
        left = cluster.alive - 1
        # A cluster of one has nothing to wait for; Talos lets it upgrade.
        if len(cluster.members) > 1 and left <= len(cluster.members) // 2:
            raise GRPCError(
                Status.FAILED_PRECONDITION,
                f"upgrade would leave {left} of {len(cluster.members)} etcd members",
            )
    actor = asked.node.order("Upgrade", image=asked.request.image, stage=asked.request.stage)
    asked.node.next_version = tag
    asked.node.next_schematic = schematic_of(asked.request.image)
    if not asked.request.stage:
        asked.node.reboot_after_answer()
    found = wire.Upgrade(ack="Upgrade request received", actor_id=actor)
    return wire.UpgradeResponse(messages=[found])


async def pull(
    asked: Asked[lifecycle.ImageServicePullRequest],
) -> AsyncGenerator[lifecycle.ImageServicePullResponse, None]:
    """Fetch an image."""
    _tag(asked.request.image_ref)
    progress = lifecycle.ImageServicePullLayerProgress
    for layer in _LAYERS:
        for status in (progress.DOWNLOADING, progress.EXTRACT_COMPLETE):
            step = progress(status=status, offset=_LAYER_BYTES, total=_LAYER_BYTES)
            found = lifecycle.ImageServicePullProgress(layer_id=layer, progress=step)
            yield lifecycle.ImageServicePullResponse(pull_progress=found)
    asked.node.pulled.add(asked.request.image_ref)
    yield lifecycle.ImageServicePullResponse(name=asked.request.image_ref)


async def install_upgrade(
    asked: Asked[lifecycle.LifecycleServiceUpgradeRequest],
) -> AsyncGenerator[lifecycle.LifecycleServiceUpgradeResponse, None]:
    """Install beside what runs; the next reboot runs it."""
    image = asked.request.source.image_name
    _tag(image)
    if image not in asked.node.pulled:
        raise GRPCError(Status.NOT_FOUND, f"image {image} is not present; pull it first")
    asked.node.order("LifecycleUpgrade", image=image)
    for step in _run_installer(asked.node, image):
        yield lifecycle.LifecycleServiceUpgradeResponse(progress=step)


async def install(
    asked: Asked[lifecycle.LifecycleServiceInstallRequest],
) -> AsyncGenerator[lifecycle.LifecycleServiceInstallResponse, None]:
    """Install on a disk; refused when Talos is installed."""
    if asked.node.system_disk:
        raise GRPCError(Status.ALREADY_EXISTS, "Talos is already installed")
    _tag(asked.request.source.image_name)
    path = asked.request.destination.disk
    disk = next((one for one in asked.node.hardware.disks if one.path == path), None)
    if disk is None:
        raise GRPCError(Status.INVALID_ARGUMENT, f"no disk {path}")
    asked.node.order("LifecycleInstall", image=asked.request.source.image_name, disk=path)
    asked.node.wipe_disk(disk)
    for step in _run_installer(asked.node, asked.request.source.image_name):
        yield lifecycle.LifecycleServiceInstallResponse(progress=step)
    if not asked.node.installer_exit_code:
        asked.node.installed_on(disk)


def _run_installer(
    node: "SimulatedNode", image: str
) -> list[lifecycle.LifecycleServiceInstallProgress]:
    """Return the installer's lines; that it failed only its exit code says, not gRPC."""
    tag = _tag(image)
    step = lifecycle.LifecycleServiceInstallProgress
    lines = [step(message=f"running Talos installer {tag}"), step(message="installing boot loader")]
    if not node.installer_exit_code:
        node.next_version, node.next_schematic = tag, schematic_of(image)
    return [*lines, step(exit_code=node.installer_exit_code)]


def _tag(image: str) -> str:
    """Return the version an installer image brings."""
    tag = image.rpartition(":")[2]
    if not tag.startswith("v1."):
        raise GRPCError(Status.INVALID_ARGUMENT, f"cannot pull {image}")
    return tag
