"""What a simulated machine is at a moment, and what it shows of that."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypedDict, Unpack

from ktizo.core.clock import utc_now
from ktizo.nodes.simulated.faults import Faults
from ktizo.nodes.simulated.hardware import Hardware
from ktizo.nodes.simulated.journal import Journal
from ktizo.nodes.simulated.lan import Cluster, Lan
from ktizo.nodes.simulated.machine_config import MachineConfig
from ktizo.nodes.simulated.reporting import Aims
from ktizo.nodes.simulated.showing import Shown, show
from ktizo.nodes.simulated.state import State
from ktizo.talos.pki import CertAndKey

PLAIN = "376567988ad370138ad8b2698212367b8edcb69b5fd68c80be1f2ec7d603b4ba"  # no extensions


class Stage(StrEnum):
    """Where a machine stands; Talos's own words, and `off`."""

    OFF = "off"
    BOOTING = "booting"
    INSTALLING = "installing"
    MAINTENANCE = "maintenance"
    RUNNING = "running"
    REBOOTING = "rebooting"
    SHUTTING_DOWN = "shutting down"
    RESETTING = "resetting"
    UPGRADING = "upgrading"


@dataclass(frozen=True, slots=True)
class Timings:
    """How long things take, in seconds; a real server needs minutes."""

    boot_s: float = 0.0
    install_s: float = 0.0
    ready_s: float = 0.0  # from etcd's quorum to Ready


class What(TypedDict, total=False):
    """What a machine can be made as."""

    version: str  # what it boots from the network, until one is installed
    hardware: Hardware
    lan: Lan
    timings: Timings
    schematic: str
    sink: str  # host:port its command line sends its events to
    kernel_log: str  # tcp://host:port or udp://host:port, likewise


class Body(Journal):
    """A machine's properties, config and place in its cluster; nothing here acts."""

    def __init__(self, host: str, port: int, **what: Unpack[What]) -> None:
        super().__init__()
        self.host, self.port = host, port
        self.version = what.get("version", "v1.12.11")
        self.next_version = ""  # what the next boot runs; empty: the same again
        self.next_schematic = ""
        self.hardware = what.get("hardware") or Hardware()
        self.lan = what.get("lan") or Lan()
        self.timings = what.get("timings") or Timings()
        self.schematic = what.get("schematic") or PLAIN
        # Where the command line of the next boot says to report to.
        self.command_line = Aims(what.get("sink", ""), what.get("kernel_log", ""))
        self.faults = Faults()
        self.state = State()
        self.config: MachineConfig | None = None
        self.system_disk = self.hardware.system_disk  # name of the disk Talos is installed on
        self.etcd_member = 0  # id in etcd's data directory; 0: it is empty
        self.left_etcd = False  # on purpose; it joins again after a reboot
        self.pulled: set[str] = set()
        self.config_errors: list[str] = []  # why talos.config could not be used, try by try
        self.installer_exit_code = 0
        self.etcd_snapshot_bytes = 1 << 20
        self.kubelet_since = utc_now()  # when its health changed last
        self.auto_reboots = False  # whether a config applied with mode auto needs a reboot
        self.boots = 0
        self.answered_boots = 0  # as many of them as ended with the API listening
        self.calls: Counter[str] = Counter()  # by method name, refused ones too
        self.orders: list[tuple[str, dict[str, Any]]] = []  # what was carried out, in order
        self.stage = Stage.OFF
        self.ready = False
        self._changed = asyncio.Event()

    @property
    def uuid(self) -> str:
        """Its SMBIOS UUID."""
        return self.hardware.uuid

    @property
    def hostname(self) -> str:
        """The name of its config, or a stable one as Talos makes."""
        named = self.config.hostname if self.config else ""
        return named or f"talos-{self.uuid[-6:]}"

    @property
    def minor(self) -> tuple[int, int]:
        """The minor version that runs."""
        first, second = self.version.lstrip("v").split(".")[:2]
        return int(first), int(second)

    @property
    def in_maintenance(self) -> bool:
        """Whether it has no complete config."""
        return self.config is None or not self.config.complete

    @property
    def is_control_plane(self) -> bool:
        """Whether its config makes it a control plane."""
        return self.config is not None and self.config.role == "controlplane"

    @property
    def cluster(self) -> Cluster:
        """The cluster of its config's CA."""
        return self.lan.cluster(self.config.ca if self.config else CertAndKey("", ""))

    @property
    def aims(self) -> Aims:
        """Where it reports to: what its config says wins over its command line."""
        said = self.config.aims if self.config else Aims()
        return self.command_line.overridden(said)

    @property
    def kubeconfig(self) -> str:
        """An admin kubeconfig, as far as anybody can tell."""
        server = self.config.endpoint if self.config else ""
        return f"apiVersion: v1\nkind: Config\nclusters:\n- cluster:\n    server: {server}\n"

    async def until(self, *stages: Stage, ready: bool | None = None) -> None:
        """Wait for a stage, and for being ready (or not) when that is given."""
        while self.stage not in stages or ready not in (None, self.ready):
            await self._changed.wait()

    async def until_boot(self, number: int) -> None:
        """Wait until the API answers after the `number`th boot (1: the first), or a later one."""
        while self.answered_boots < number:
            await self._changed.wait()

    def note(self, stage: Stage, *, ready: bool = False) -> None:
        """Go to a stage, and tell whoever listens."""
        self.stage, self.ready = stage, ready
        self.refresh_resources()
        self.note_stage(stage, ready=ready, unmet=self.unmet)
        self._changed.set()
        self._changed = asyncio.Event()

    @property
    def unmet(self) -> tuple[tuple[str, str], ...]:
        """What keeps it from being ready, and why."""
        if self.ready or self.stage is not Stage.BOOTING or self.in_maintenance:
            return ()
        return (("services", "etcd, kubelet not running"), ("nodeReady", "node is not ready"))

    def restart_kubelet(self, before: MachineConfig | None) -> None:
        """Run another kubelet, when the config says so; by a fault it is never ready."""
        if before is None or self.config is None:
            return
        if before.images.get("kubelet") != self.config.images.get("kubelet"):
            self.kubelet_since = utc_now()
            if "kubelet" in self.faults.never_ready:
                self.note(Stage.RUNNING, ready=False)

    def forget_resources(self) -> None:
        """Begin another boot: resources are in memory; what was installed may not come up."""
        self.boots += 1
        self.state = State()
        if self.faults.rolls_back:
            self.next_version = self.next_schematic = ""

    def refresh_resources(self) -> None:
        """Bring what it shows up to date."""
        self.services = show(
            Shown(
                state=self.state,
                hardware=self.hardware,
                host=self.host,
                hostname=self.hostname,
                version=self.version,
                schematic=self.schematic,
                system_disk=self.system_disk,
                config=self.config,
                stage=str(self.stage),
                ready=self.ready,
                unmet=self.unmet,
                never_ready=frozenset(self.faults.never_ready),
            )
        )
