"""A machine that boots, installs, joins, upgrades and dies as Talos does, in memory."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any, Unpack

from ktizo.core.clock import utc_now
from ktizo.nodes.simulated import identity
from ktizo.nodes.simulated.body import Body, Stage, What
from ktizo.nodes.simulated.door import Door
from ktizo.nodes.simulated.machine_config import MachineConfig
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

    # Power -----------------------------------------------------------------------------------

    async def power_on(self) -> None:
        """Boot; returns when its API listens (a worker's may wait for a control plane)."""
        if self._door is None:
            await self._boot()

    async def power_off(self) -> None:
        """Pull the plug, and end everything it had going on."""
        for task in [one for one in self._tasks if one is not asyncio.current_task()]:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await self._down(Stage.OFF)

    def crash(self) -> None:
        """Reboot at once, lines cut, nothing said."""
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
            return

        async def then() -> None:
            self.note(Stage.INSTALLING)
            self.config = config
            await asyncio.sleep(self.timings.install_s)
            self.system_disk = self.system_disk or self.hardware.disks[0].name
            self.next_version = config.installer_version
            await self._restart()

        self._then = then

    def _take_now(self, config: MachineConfig, for_now: timedelta | None) -> None:
        if self._undo is not None:
            self._undo.cancel()
            self._undo = None
        before, self.config = self.config, config
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
            self.system_disk = ""

    async def _boot(self) -> None:
        self.boots += 1
        self.left_etcd = False
        self.note(Stage.BOOTING)
        await asyncio.sleep(self.timings.boot_s)
        self.config, self._staged = self._staged or self.config, None
        self.version, self.next_version = self.next_version or self.version, ""
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

    async def _restart(self) -> None:
        await self._down(Stage.REBOOTING)
        if not self.faults.stays_away:
            await self._boot()

    async def _go_off(self) -> None:
        await self._down(Stage.OFF)

    def _start(self, what: Act) -> None:
        async def run() -> None:
            await what()

        task = asyncio.get_running_loop().create_task(run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
