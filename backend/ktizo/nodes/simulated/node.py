"""A machine that boots, installs, joins, upgrades and dies as Talos does, in memory."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any, Unpack

from ktizo.core.clock import utc_now
from ktizo.core.errors import Invalid
from ktizo.nodes.simulated import identity
from ktizo.nodes.simulated.body import Body, Stage, What
from ktizo.nodes.simulated.door import Door
from ktizo.nodes.simulated.hardware import SimulatedDisk
from ktizo.nodes.simulated.machine_config import MachineConfig
from ktizo.nodes.simulated.reporting import Reporter
from ktizo.nodes.wire.envelope_pb2 import Error
from ktizo.nodes.wire.events_pb2 import SequenceEvent
from ktizo.talos.pki import CertAndKey

Act = Callable[[], Awaitable[None]]


class SimulatedNode(Body):
    """One machine on the network; off until `power_on`."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0, **what: Unpack[What]) -> None:
        super().__init__(host, port, **what)
        self._staged: MachineConfig | None = None
        self._undo: asyncio.TimerHandle | None = None
        self._door: Door | None = None
        self._then: Act | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.reporter = Reporter(self, host)
        # What a reboot that is no kexec goes through; without one it comes up again by itself.
        self.firmware: Callable[[], None] | None = None
        self.kexecs = True  # after installing; with False a reboot goes through the firmware
        self.wiped: list[str] = []  # names of the disks whose content was lost, in order

    # Power -----------------------------------------------------------------------------------

    async def power_on(self) -> None:
        """Boot; returns when its API listens (a worker's may wait for a control plane)."""
        if self._door is None:
            await self._boot()

    async def power_off(self) -> None:
        """Pull the plug, and end everything it had going on."""
        self.reporter.stop()
        for task in [one for one in self._tasks if one is not asyncio.current_task()]:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await self._down(Stage.OFF)

    def crash(self) -> None:
        """Reboot at once, lines cut, nothing said."""
        self.reporter.stop()
        self._start(self._restart)

    # What the API makes it do ----------------------------------------------------------------

    def order(self, name: str, **what: Any) -> str:
        """Note an order that is carried out; return an actor id for its events."""
        self.orders.append((name, what))
        return f"actor-{len(self.orders)}"

    def answered(self) -> bool:
        """Do what had to wait until the answer was out; say whether there was anything."""
        then, self._then = self._then, None
        if then is not None:
            self._start(then)
        return then is not None

    def reboot_after_answer(self) -> None:
        """Reboot once the answer is out."""
        self._then = self._restart

    def go_off_after_answer(self) -> None:
        """Go off once the answer is out."""
        self._then = self._go_off

    def take_config(self, config: MachineConfig, mode: str, try_for: timedelta) -> None:
        """Take a config with a mode of the wire (`NO_REBOOT`, ...)."""
        if self.in_maintenance:
            self._start_with(config)
        elif mode == "STAGED":
            self._staged = config
        elif mode == "REBOOT":
            self._staged = config
            self.reboot_after_answer()
        else:
            self._take_now(config, for_now=try_for if mode == "TRY" else None)

    def wipe(self, *, graceful: bool, reboot: bool, labels: tuple[str, ...], system: bool) -> None:
        """Forget config and installation, or the partitions named, once the answer is out."""

        async def then() -> None:
            self.note(Stage.RESETTING)
            if graceful:
                self.leave_etcd()
            if system:
                self._forget(labels)
            await (self._restart() if reboot else self._go_off())

        self._then = then

    def leave_etcd(self) -> None:
        """Be no member any more; the others go on."""
        if self.config is not None and self.config.complete:
            self.cluster.leave(self.etcd_member)
            self.etcd_member = 0
            self.left_etcd = True

    def refresh_resources(self) -> None:
        """Bring what it shows up to date; a config may say anew where to report to."""
        super().refresh_resources()
        self.reporter.aim(self.aims)

    def look_around(self) -> None:
        """See whether etcd has a quorum: then the node becomes ready, or stops being it."""
        if self._door is None or self.in_maintenance:
            return
        good = self.cluster.quorum and (not self.is_control_plane or self.etcd_member)
        if good and not self.ready:
            self._start(self._become_ready)
        elif not good and self.ready:
            self.note(Stage.RUNNING, ready=False)

    # Inside ----------------------------------------------------------------------------------

    def _start_with(self, config: MachineConfig) -> None:
        """Begin with a config given in maintenance mode; a partial one installs nothing."""
        if not config.complete:
            self.config = config
            self.refresh_resources()
            return

        async def then() -> None:
            await self.install(config)

        self._then = then

    async def install(self, config: MachineConfig) -> None:
        """Write Talos to the disk the config chooses and come up from it; without one, reboot."""
        self.config = config
        self.note(Stage.INSTALLING)
        disk = self._install_disk(config)
        if disk is None:
            self.forget_memory()
            await self._restart()
            return
        if not self.system_disk:  # else LifecycleService has installed it already
            self.wipe_disk(disk)
            await asyncio.sleep(self.timings.install_s)
            self.installed_on(disk)
        self.next_version = config.installer_version
        self.next_schematic = config.installer_schematic
        await self._restart(kexec=self.kexecs)

    def forget_memory(self) -> None:
        """Lose what is only in memory, as a power cut does; what is on the system disk stays."""
        if not self.system_disk:
            self.config = self._staged = None
            self.next_version = self.next_schematic = ""

    def _install_disk(self, config: MachineConfig) -> SimulatedDisk | None:
        try:
            found = config.disk.among(self.hardware.disks)
        except Invalid as error:
            self._install_fails(error.message)
            return None
        if found is None:
            self._install_fails("no disk matches the config")
        return found

    def _install_fails(self, why: str) -> None:
        """Say in both ways why nothing is installed."""
        self.say(f"install failed: {why}")
        fault = Error(message=f"failed to run install: {why}")
        self.emit(SequenceEvent(sequence="install", action=SequenceEvent.STOP, error=fault))

    def wipe_disk(self, disk: SimulatedDisk) -> None:
        """Take away what is on a disk; from here on it is lost."""
        self.say(f"wiping {disk.path}")
        self.wiped.append(disk.name)
        self._put(disk, disk.emptied())

    def installed_on(self, disk: SimulatedDisk) -> None:
        """Talos is on the disk now, all of it."""
        self.system_disk = disk.name
        self._put(disk, disk.with_talos())

    def _put(self, disk: SimulatedDisk, instead: SimulatedDisk) -> None:
        disks = tuple(instead if one.name == disk.name else one for one in self.hardware.disks)
        self.hardware = replace(self.hardware, disks=disks)

    def _take_now(self, config: MachineConfig, for_now: timedelta | None) -> None:
        if self._undo is not None:
            self._undo.cancel()
            self._undo = None
        before, self.config = self.config, config
        self.restart_kubelet(before)
        if for_now is not None and before is not None:
            loop = asyncio.get_running_loop()
            self._undo = loop.call_later(for_now.total_seconds(), self._take_back, before)
        self.refresh_resources()

    def _take_back(self, config: MachineConfig) -> None:
        self._undo, self.config = None, config
        self.refresh_resources()

    def _forget(self, labels: tuple[str, ...]) -> None:
        if not labels or "EPHEMERAL" in labels:
            self.etcd_member = 0  # what was not left gracefully stays in etcd's list
        if not labels or "STATE" in labels:
            self.config = self._staged = None
        if not labels or "META" in labels:
            for disk in self.hardware.disks:
                if disk.name == self.system_disk:
                    self._put(disk, disk.emptied())
            self.system_disk = ""

    async def _boot(self) -> None:
        self.left_etcd = False
        self.forget_resources()
        self.reporter.boot(self.aims)
        self.note(Stage.BOOTING)
        await asyncio.sleep(self.timings.boot_s)
        self.config, self._staged = self._staged or self.config, None
        self.version, self.next_version = self.next_version or self.version, ""
        self.schematic, self.next_schematic = self.next_schematic or self.schematic, ""
        configured = not self.in_maintenance
        ca = await self._ca() if configured else identity.throw_away_ca(utc_now())
        if self.faults.foreign_identity:
            ca = identity.throw_away_ca(utc_now())
        context = identity.server_context(
            ca,
            [self.host, "127.0.0.1", "::1", self.hostname],
            self.hostname if configured else identity.MAINTENANCE,
            now=utc_now() + timedelta(seconds=self.faults.clock_skew_s),
            ask_client=configured,
        )
        door = Door(self, context)
        self.port = await door.open(self.host, self.port)
        self._door = door
        self.answered_boots = self.boots
        if configured:
            self.cluster.nodes[self.uuid] = self
            self.note(Stage.BOOTING)
            self.cluster.refresh()
        else:
            self.note(Stage.MAINTENANCE, ready=True)

    async def _ca(self) -> CertAndKey:
        if self.config is None:
            raise RuntimeError("a node without a config has no CA")
        return await self.lan.signing_ca(self.config.ca)

    async def _become_ready(self) -> None:
        await asyncio.sleep(self.timings.ready_s)
        if self._door is not None and not self.in_maintenance:
            self.note(Stage.RUNNING, ready=True)

    async def _down(self, stage: Stage) -> None:
        door, self._door = self._door, None
        if door is not None:
            await door.slam()
        for cluster in self.lan.clusters.values():
            if cluster.nodes.pop(self.uuid, None) is not None:
                cluster.refresh()
        self.note(stage)
        await self.reporter.drain()
        self.reporter.stop()
        await self.reporter.ended()

    async def _restart(self, *, kexec: bool = False) -> None:
        await self._down(Stage.REBOOTING)
        if self.faults.stays_away:
            return
        if self.firmware is None or kexec:
            await self._boot()
        else:
            self.firmware()

    async def _go_off(self) -> None:
        await self._down(Stage.OFF)

    def _start(self, what: Act) -> None:
        async def run() -> None:
            await what()

        task = asyncio.get_running_loop().create_task(run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
