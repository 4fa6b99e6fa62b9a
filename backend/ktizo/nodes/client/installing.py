"""Another Talos for a node: one call up to 1.12, pull, install and reboot from 1.13 on."""

from collections.abc import AsyncGenerator

from ktizo.nodes.client import reading
from ktizo.nodes.client.caller import Caller
from ktizo.nodes.client.results import Accepted, InstallStep, PullStep, RebootMode
from ktizo.nodes.errors import NodeError, NotOnThisVersion
from ktizo.nodes.wire import envelope_pb2 as envelope
from ktizo.nodes.wire import lifecycle_pb2 as lifecycle
from ktizo.nodes.wire import machine_pb2 as wire
from ktizo.nodes.wire import methods

UPGRADE_S = 1200.0  # the classic call pulls the image before it answers
INSTALL_S = 1800.0
_REBOOTS = {
    RebootMode.DEFAULT: wire.UpgradeRequest.DEFAULT,
    RebootMode.POWERCYCLE: wire.UpgradeRequest.POWERCYCLE,
}


class Installing:
    """Upgrading one node. `image` is always the installer of the machine's own schematic."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def upgrade(
        self,
        image: str,
        *,
        stage: bool = False,
        force: bool = False,
        reboot_mode: RebootMode = RebootMode.DEFAULT,
    ) -> Accepted:
        """Upgrade the classic way: the node drains itself, installs and reboots on its own.

        `stage` installs at the next reboot; `force` skips etcd's checks, which may cost quorum.
        Deprecated from 1.13 on, where it still works.
        """
        if reboot_mode not in _REBOOTS:
            raise NotOnThisVersion(f"an upgrade cannot reboot with mode {reboot_mode}")
        request = wire.UpgradeRequest(
            image=image, preserve=True, stage=stage, force=force, reboot_mode=_REBOOTS[reboot_mode]
        )
        reply = await self._caller.unary(methods.UPGRADE, request, timeout_s=UPGRADE_S)
        found = reading.only(reply.messages, "Upgrade")
        return Accepted(found.actor_id, found.ack)

    async def pull(
        self, image: str, *, timeout_s: float = INSTALL_S
    ) -> AsyncGenerator[PullStep, None]:
        """Fetch an image to the node, before anything is stopped; Talos 1.13 and newer."""
        request = lifecycle.ImageServicePullRequest(containerd=_system(), image_ref=image)
        async for reply in self._caller.stream(methods.PULL_IMAGE, request, timeout_s=timeout_s):
            yield reading.pull_step(reply)

    async def install_upgrade(
        self, image: str, *, timeout_s: float = INSTALL_S
    ) -> AsyncGenerator[InstallStep, None]:
        """Install another Talos beside the running one; it runs after a reboot. Talos 1.13+.

        Fails with NodeError when the installer says so by its exit code, which gRPC calls success.
        """
        request = lifecycle.LifecycleServiceUpgradeRequest(
            containerd=_system(), source=lifecycle.InstallArtifactsSource(image_name=image)
        )
        found = self._caller.stream(methods.UPGRADE_IMAGE, request, timeout_s=timeout_s)
        last: InstallStep | None = None
        async for reply in found:
            last = reading.install_step(reply.progress)
            yield last
        _check(last)

    async def install(
        self, image: str, disk: str, *, timeout_s: float = INSTALL_S
    ) -> AsyncGenerator[InstallStep, None]:
        """Install Talos on `disk`, which wipes it; Talos 1.13+. AlreadyDone: it is installed."""
        request = lifecycle.LifecycleServiceInstallRequest(
            containerd=_system(),
            source=lifecycle.InstallArtifactsSource(image_name=image),
            destination=lifecycle.InstallDestination(disk=disk),
        )
        found = self._caller.stream(methods.INSTALL_IMAGE, request, timeout_s=timeout_s)
        last: InstallStep | None = None
        async for reply in found:
            last = reading.install_step(reply.progress)
            yield last
        _check(last)


def _system() -> envelope.ContainerdInstance:
    """Talos's own containerd, where its installer runs; not the one of Kubernetes."""
    return envelope.ContainerdInstance(
        driver=envelope.ContainerDriver.CONTAINERD,
        namespace=envelope.ContainerdNamespace.NS_SYSTEM,
    )


def _check(last: InstallStep | None) -> None:
    if last is None or last.exit_code is None:
        raise NodeError("the installer stopped without saying how it ended; look at the node")
    if last.exit_code != 0:
        raise NodeError(f"the installer failed with exit code {last.exit_code}; its lines say why")
