"""A simulated server from its power button on: firmware, iPXE, and Talos when it gets that far.

It asks Ktizo as iPXE does, from an address of its own, and does what it is told: hold, boot the
disk, start a kernel. What runs then is a `SimulatedNode`; a reboot that is no kexec comes back
here, and a machine that boots from the network first asks again.
"""

import asyncio
import re
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, TypedDict, Unpack

from ktizo.nodes.simulated import booted, cmdline, script
from ktizo.nodes.simulated.board import CommandFailed, Ended, How, Kernel, ScriptFault
from ktizo.nodes.simulated.body import Timings
from ktizo.nodes.simulated.booted import Began
from ktizo.nodes.simulated.fetch import NoAnswer, fetch
from ktizo.nodes.simulated.hardware import Hardware
from ktizo.nodes.simulated.ipxe_settings import setting
from ktizo.nodes.simulated.lan import Lan
from ktizo.nodes.simulated.node import SimulatedNode
from ktizo.nodes.simulated.reporting import Aims

API_PORT = 50000
SCREEN_LINES = 200
_BUILD = re.compile(r"/boot/images/(?P<schematic>[0-9a-f]{64})/(?P<version>v[^/]+)/[^/]+$")


class Where(StrEnum):
    """Where a machine is between its power button and an operating system."""

    OFF = "off"
    SELF_TEST = "self_test"
    NETWORK_BOOT = "network_boot"
    HELD = "held"  # shows its pairing code and asks again
    LOADING = "loading"  # kernel and initrd
    TALOS = "talos"  # see the node's own stage
    HALTED = "halted"  # Talos found itself installed
    OTHER_SYSTEM = "other_system"  # not Talos, or a Talos that was installed before
    NO_BOOTABLE_DEVICE = "no_bootable_device"
    FIRMWARE_MENU = "firmware_menu"  # UEFI after a bare `exit`
    STUCK = "stuck"  # Ktizo sent what no iPXE understands; see `fault`


_ENDS = {Began.HALTED: Where.HALTED, Began.STRANGER: Where.OTHER_SYSTEM}


@dataclass(frozen=True, slots=True)
class Firmware:
    """How a machine boots. Times are a real machine's; `speed` divides them."""

    platform: Literal["efi", "pcbios"] = "efi"
    network_first: bool = True
    self_test_s: float = 0.0
    kexecs: bool = True  # SecureBoot and arm64 do not: after installing they ask again
    # Many servers go through their boot order again and again; None: one stops and waits.
    tries_again_after_s: float | None = None
    speed: float = 1.0


class Make(TypedDict, total=False):
    """What a machine can be made as."""

    hardware: Hardware
    firmware: Firmware
    lan: Lan
    timings: Timings
    port: int  # of its API


class SimulatedMachine:
    """One server; `node` is what runs on it."""

    def __init__(self, host: str, base_url: str, **make: Unpack[Make]) -> None:
        """`base_url`: Ktizo's, as its DHCP answer would name it, `http://host:port`."""
        self.host, self.base_url = host, base_url.rstrip("/")
        self.firmware = make.get("firmware") or Firmware()
        self.node = SimulatedNode(
            host,
            make.get("port", API_PORT),
            hardware=make.get("hardware") or Hardware(),
            lan=make.get("lan") or Lan(),
            timings=make.get("timings") or Timings(),
        )
        self.node.firmware = self._begin
        self.node.kexecs = self.firmware.kexecs
        self.where = Where.OFF
        self.screen: deque[str] = deque(maxlen=SCREEN_LINES)
        self.boots = 0  # times the firmware began
        self.loaded: list[str] = []  # addresses of kernels and initrds that came whole
        self.kernel: Kernel | None = None  # the last one it started
        self.fault: Exception | None = None
        self.presses_key = False  # somebody sits before it and presses what is asked for
        self.picks: str | None = None  # ... and picks this in a menu
        self._life: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()

    @property
    def hardware(self) -> Hardware:
        """What it is made of, with what is on its disks now."""
        return self.node.hardware

    # The button ---------------------------------------------------------------------------------

    def power_on(self) -> None:
        """Press it; returns at once."""
        if self.where is Where.OFF:
            self._begin()

    async def power_off(self) -> None:
        """Pull the plug: memory is lost, disks are kept."""
        life, self._life = self._life, None
        if life is not None:
            life.cancel()
            with suppress(asyncio.CancelledError):
                await life
        await self.node.power_off()
        self._go(Where.OFF)

    async def crash(self) -> None:
        """Lose power for a moment, whatever is going on."""
        await self.power_off()
        self.power_on()

    async def until(self, *places: Where) -> None:
        """Wait until it is at one of these places; a script's fault is raised."""
        while self.where not in places:
            if self.where is Where.STUCK and self.fault is not None:
                raise self.fault
            await self._changed.wait()

    # Firmware -----------------------------------------------------------------------------------

    def _begin(self) -> None:
        before = self._life
        if before is not None and before is not asyncio.current_task():
            before.cancel()  # it was cut off in the middle of something
        self._life = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        try:
            while await self._boot_order():
                pass
        except ScriptFault as fault:
            self.fault = fault
            self._go(Where.STUCK)

    async def _boot_order(self) -> bool:
        """Go through the boot order once; say whether the firmware begins again."""
        self.boots += 1
        self.node.forget_memory()
        self._go(Where.SELF_TEST)
        await self.wait(self.firmware.self_test_s)
        if self.disk_boots() and not self.firmware.network_first:
            return await self._boot_disk()
        ended = await self._network_boot()
        if ended.how is How.KERNEL and ended.kernel is not None:
            return await self._start(ended.kernel)
        if ended.how is How.POWER_OFF:
            self._go(Where.OFF)
            return False
        if ended.how is How.REBOOT:
            return True
        if ended.how is How.EXIT and ended.code == 0 and self.firmware.platform == "efi":
            self._go(Where.FIRMWARE_MENU)
            return False
        return await self._boot_disk()

    async def _network_boot(self) -> Ended:
        self._go(Where.NETWORK_BOOT)
        try:
            first = await self.script(f"{self.base_url}/boot/boot.ipxe", 30)
        except CommandFailed as failed:
            self.show(str(failed))
            return Ended(How.EXIT, 1)
        return await script.run(self, first)

    async def _boot_disk(self) -> bool:
        if not self.disk_boots():
            self._go(Where.NO_BOOTABLE_DEVICE)
            again_s = self.firmware.tries_again_after_s
            if again_s is None:
                return False
            await self.wait(again_s)
            return True
        if self.node.in_maintenance:  # somebody else's Talos, with a config nobody here knows
            self._go(Where.OTHER_SYSTEM)
            return False
        self._go(Where.TALOS)
        if self.firmware.platform == "efi":  # a unified kernel image: only what is baked in counts
            self.node.command_line = Aims()
        await self.node.power_on()
        return False

    async def _start(self, kernel: Kernel) -> bool:
        """Start a kernel; say whether the firmware begins again."""
        self.kernel = kernel
        line = cmdline.read(kernel.cmdline)
        if not line.is_talos:
            self._go(Where.OTHER_SYSTEM)
            return False
        # The command line is Talos's word; the version is in the name of the file it came from.
        if (build := _BUILD.search(kernel.url)) and not self.disk_boots():
            self.node.version, self.node.schematic = build["version"], build["schematic"]
        self._go(Where.TALOS)
        began = await booted.begin(self.node, line, self.wait)
        if began in _ENDS:
            self._go(_ENDS[began])
        return began is Began.FAILED

    def _go(self, where: Where) -> None:
        self.where = where
        self._changed.set()
        self._changed = asyncio.Event()

    # What a script reaches (board.Board) -------------------------------------------------------

    def setting(self, name: str) -> str | None:
        """Return one of iPXE's built-in settings."""
        return setting(self.hardware, self.firmware.platform, name)

    def show(self, text: str) -> None:
        """Print a line on the screen."""
        self.screen.append(text)

    async def script(self, url: str, timeout_s: float) -> str:
        """Fetch a script."""
        self._go(Where.NETWORK_BOOT)
        try:
            answer = await fetch(url, self.host, timeout_s=timeout_s)
        except NoAnswer as error:
            raise CommandFailed(str(error)) from error
        if answer.status != 200:
            raise CommandFailed(f"{url[:120]}: HTTP {answer.status}")
        return answer.body.decode("latin-1")

    async def load(self, url: str) -> None:
        """Fetch a kernel or initrd; it is counted, not kept."""
        self._go(Where.LOADING)
        try:
            answer = await fetch(url, self.host, timeout_s=600)
        except NoAnswer as error:
            raise CommandFailed(str(error)) from error
        if answer.status != 200:
            raise CommandFailed(f"{url}: HTTP {answer.status}")
        self.loaded.append(url)

    async def wait(self, seconds: float) -> None:
        """Let time pass, at the machine's speed."""
        await asyncio.sleep(seconds / self.firmware.speed)

    async def key_pressed(self, timeout_s: float) -> bool:
        """Say whether somebody presses the key; nobody does, as a rule."""
        self._go(Where.HELD)
        if not self.presses_key:
            await self.wait(timeout_s)
        return self.presses_key

    async def choose(self, items: tuple[str, ...], default: str, timeout_s: float) -> str | None:
        """Let the menu's time pass, or pick what somebody wants."""
        if self.picks in items:
            return self.picks
        await self.wait(timeout_s)
        return default

    def disk_boots(self) -> bool:
        """Say whether Talos is installed; nothing else on these disks boots."""
        return self.node.system_disk != ""

    def is_64_bit(self) -> bool:
        """All of them are."""
        return True
