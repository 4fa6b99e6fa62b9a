"""The client: every verb of the Talos API Ktizo uses, one node, one way to reach it."""

from collections.abc import AsyncGenerator
from datetime import timedelta
from types import TracebackType

from ktizo.nodes.client import reading
from ktizo.nodes.client.access import Access, Maintenance
from ktizo.nodes.client.caller import DIAL_S, QUICK_S, Caller
from ktizo.nodes.client.etcd import Etcd
from ktizo.nodes.client.installing import Installing
from ktizo.nodes.client.resources import Resources
from ktizo.nodes.client.results import (
    Accepted,
    Applied,
    ApplyMode,
    Disk,
    NodeEvent,
    NodeVersion,
    RebootMode,
    Service,
    Wipe,
)
from ktizo.nodes.client.rules import REBOOT_FORCE, Minor, check_mode
from ktizo.nodes.client.target import Address
from ktizo.nodes.errors import Malformed, NotOnThisVersion
from ktizo.nodes.wire import envelope_pb2 as envelope
from ktizo.nodes.wire import events_pb2, methods
from ktizo.nodes.wire import machine_pb2 as wire

APPLY_S = 60.0
ORDER_S = 60.0  # the node answers before it acts
FOLLOW_S = 3600.0
TRY_FOR = timedelta(minutes=1)  # Talos's own default
_SYSTEM = "system"  # namespace of Talos's own services in Logs
_CHUNK = 1 << 20  # bytes; a chunk of a log is some kilobytes
_MODES = {
    ApplyMode.REBOOT: wire.ApplyConfigurationRequest.REBOOT,
    ApplyMode.AUTO: wire.ApplyConfigurationRequest.AUTO,
    ApplyMode.NO_REBOOT: wire.ApplyConfigurationRequest.NO_REBOOT,
    ApplyMode.STAGED: wire.ApplyConfigurationRequest.STAGED,
    ApplyMode.TRY: wire.ApplyConfigurationRequest.TRY,
}
_REBOOTS = {
    RebootMode.DEFAULT: wire.RebootRequest.DEFAULT,
    RebootMode.POWERCYCLE: wire.RebootRequest.POWERCYCLE,
    RebootMode.FORCE: wire.RebootRequest.FORCE,
}
_WIPES = {
    Wipe.ALL: wire.ResetRequest.ALL,
    Wipe.SYSTEM_DISK: wire.ResetRequest.SYSTEM_DISK,
    Wipe.USER_DISKS: wire.ResetRequest.USER_DISKS,
}


class NodeClient:
    """The Talos API of one node. Made without a connection; dials at the first call.

    Errors are those of `nodes/errors.py`. Every call has a deadline in seconds, none is repeated.
    Use it as an async context manager, or close it.
    """

    def __init__(self, address: Address, access: Access, *, dial_s: float = DIAL_S) -> None:
        self._caller = Caller(address, access, dial_s=dial_s)
        self.etcd = Etcd(self._caller)
        self.resources = Resources(self._caller)
        self.installing = Installing(self._caller)

    @property
    def address(self) -> Address:
        """Where the node is."""
        return self._caller.address

    @property
    def pin(self) -> str | None:
        """The key a node in maintenance mode has shown; store it, and give it the next time."""
        access = self._caller.access
        return access.pin if isinstance(access, Maintenance) else None

    async def __aenter__(self) -> "NodeClient":
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.hang_up()

    def close(self) -> None:
        """Hang up; calls under way end."""
        self._caller.close()

    async def hang_up(self) -> None:
        """Hang up, and wait until the connection is gone: within a second or so."""
        await self._caller.hang_up()

    async def connect(self) -> str:
        """Dial, if need be, and return the node's key: base64 SHA-256 of its SPKI."""
        return (await self._caller.line()).server_key

    async def talos_version(self) -> str:
        """Return `v1.12.11` in either mode; empty when the node cannot say (1.9, maintenance)."""
        return await self._caller.tag()

    async def minor(self) -> Minor:
        """Return the minor version, (1, 12); the oldest supported when the node cannot say."""
        return await self._caller.minor()

    async def version(self) -> NodeVersion:
        """Return what the node runs; in maintenance mode from Talos 1.13 on."""
        reply = await self._caller.unary(methods.VERSION, methods.VERSION.request())
        return reading.version(reading.only(reply.messages, "Version"))

    async def apply_configuration(
        self,
        config: bytes,
        *,
        mode: ApplyMode = ApplyMode.AUTO,
        dry_run: bool = False,
        try_for: timedelta = TRY_FOR,
    ) -> Applied:
        """Give the node a machine config (YAML, may be several documents).

        In maintenance mode a complete config starts the installation: it wipes the install disk.
        `try_for` counts for mode try alone.
        """
        if isinstance(self._caller.access, Maintenance) and mode in _ASK_VERSION:
            check_mode(mode, self._caller.access, await self._caller.minor())
        request = wire.ApplyConfigurationRequest(data=config, mode=_MODES[mode], dry_run=dry_run)
        if mode is ApplyMode.TRY:
            request.try_mode_timeout.FromTimedelta(try_for)
        reply = await self._caller.unary(methods.APPLY, request, timeout_s=APPLY_S)
        return reading.applied(reading.only(reply.messages, "ApplyConfiguration"))

    async def bootstrap(self) -> None:
        """Make etcd begin on this control plane. On exactly one per cluster, once.

        AlreadyDone: etcd has data here. Busy: not yet (no time, etcd not up), or it is a worker.
        """
        request = wire.BootstrapRequest()
        reply = await self._caller.unary(methods.BOOTSTRAP, request, timeout_s=ORDER_S)
        reading.only(reply.messages, "Bootstrap")

    async def kubeconfig(self) -> bytes:
        """Return an admin kubeconfig made by this control plane."""
        packed = bytearray()
        async for data in self._data(methods.KUBECONFIG, methods.KUBECONFIG.request(), ORDER_S):
            packed += data
            if len(packed) > reading.MAX_KUBECONFIG:
                raise Malformed(f"{self.address} sends a kubeconfig without an end")
        return reading.kubeconfig(bytes(packed))

    async def reset(
        self,
        *,
        graceful: bool = True,
        reboot: bool = False,
        wipe: Wipe = Wipe.ALL,
        partitions: tuple[str, ...] = (),
        user_disks: tuple[str, ...] = (),
    ) -> Accepted:
        """Wipe the node, gracefully out of etcd first. With `reboot` it starts anew, else is off.

        `partitions` (STATE, EPHEMERAL) narrow it to those; META goes too otherwise, and a node that
        is offered a complete config at its next network boot installs itself again.
        """
        request = wire.ResetRequest(
            graceful=graceful,
            reboot=reboot,
            system_partitions_to_wipe=[
                wire.ResetPartitionSpec(label=label, wipe=True) for label in partitions
            ],
            user_disks_to_wipe=user_disks,
            mode=_WIPES[wipe],
        )
        reply = await self._caller.unary(methods.RESET, request, timeout_s=ORDER_S)
        return Accepted(reading.only(reply.messages, "Reset").actor_id)

    async def reboot(self, mode: RebootMode = RebootMode.DEFAULT) -> Accepted:
        """Start the node anew."""
        if mode is RebootMode.FORCE and await self._caller.minor() < REBOOT_FORCE:
            # An older Talos reads the unknown number as the default and stops for minutes.
            raise NotOnThisVersion("reboot with mode force came with Talos 1.12; use powercycle")
        request = wire.RebootRequest(mode=_REBOOTS[mode])
        reply = await self._caller.unary(methods.REBOOT, request, timeout_s=ORDER_S)
        return Accepted(reading.only(reply.messages, "Reboot").actor_id)

    async def shutdown(self, *, force: bool = False) -> Accepted:
        """Switch the node off; `force` does not wait for cordon and drain."""
        request = wire.ShutdownRequest(force=force)
        reply = await self._caller.unary(methods.SHUTDOWN, request, timeout_s=ORDER_S)
        return Accepted(reading.only(reply.messages, "Shutdown").actor_id)

    async def services(self) -> tuple[Service, ...]:
        """Return Talos's own services and how they are."""
        reply = await self._caller.unary(methods.SERVICES, methods.SERVICES.request())
        found = reading.only(reply.messages, "ServiceList").services
        return tuple(reading.service(one) for one in found)

    async def disks(self) -> tuple[Disk, ...]:
        """Return the disks; works in every mode and version."""
        reply = await self._caller.unary(methods.DISKS, methods.DISKS.request())
        found = reading.only(reply.messages, "Disks").disks
        return tuple(reading.disk(one) for one in found)

    async def dmesg(
        self, *, follow: bool = False, tail: bool = False, timeout_s: float = QUICK_S
    ) -> AsyncGenerator[bytes, None]:
        """Give the kernel log in pieces; `tail` with `follow`: only what is new."""
        request = wire.DmesgRequest(follow=follow, tail=tail)
        async for data in self._data(methods.DMESG, request, timeout_s):
            yield data

    async def logs(
        self, service: str, *, follow: bool = False, tail: int = -1, timeout_s: float = QUICK_S
    ) -> AsyncGenerator[bytes, None]:
        """Give the log of one of Talos's services in pieces; the last `tail` lines, -1 for all."""
        request = wire.LogsRequest(namespace=_SYSTEM, id=service, follow=follow, tail_lines=tail)
        async for data in self._data(methods.LOGS, request, timeout_s):
            yield data

    async def events(
        self,
        *,
        tail: int = 0,
        after_id: str = "",
        actor_id: str = "",
        timeout_s: float = FOLLOW_S,
    ) -> AsyncGenerator[NodeEvent, None]:
        """Give events as they come; before, the last `tail` (-1: all) or those after `after_id`.

        Nothing waits here beyond a window of one mebibyte: a slow reader slows the node's sending.
        """
        request = events_pb2.EventsRequest(
            tail_events=tail, tail_id=after_id, with_actor_id=actor_id
        )
        found = self._caller.stream(
            methods.EVENTS, request, timeout_s=timeout_s, max_message=_CHUNK
        )
        async for event in found:
            reading.check(event.metadata, "Events")
            yield reading.node_event(event)

    async def _data(
        self,
        method: methods.Method[methods.Request, envelope.Data],
        request: methods.Request,
        timeout_s: float,
    ) -> AsyncGenerator[bytes, None]:
        found = self._caller.stream(method, request, timeout_s=timeout_s, max_message=_CHUNK)
        async for data in found:
            reading.check(data.metadata, method.name)
            yield data.content


_ASK_VERSION = (ApplyMode.NO_REBOOT, ApplyMode.STAGED)
