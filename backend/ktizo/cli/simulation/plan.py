"""Which simulated machine is to become what: what an operator has in mind before he begins."""

from collections.abc import Sequence
from dataclasses import dataclass

from ktizo.nodes.simulated import SimulatedDisk, SimulatedMachine, racks


@dataclass(frozen=True, slots=True)
class Place:
    """One machine's part; `disk` is the only one of its disks that may be erased."""

    machine: SimulatedMachine
    role: str
    hostname: str
    disk: SimulatedDisk

    @property
    def mac(self) -> str:
        """The card it boots from."""
        return self.machine.hardware.macs[0]


def places(
    machines: Sequence[SimulatedMachine], control_planes: int, prefix: str = ""
) -> list[Place]:
    """Return the parts of all machines, control planes first; `prefix` begins every hostname."""
    found = []
    for number, machine in enumerate(machines, start=1):
        controls = number <= control_planes
        own = f"cp-{number}" if controls else f"worker-{number - control_planes:02d}"
        role = "controlplane" if controls else "worker"
        disk = racks.disk_to_install_on(machine.hardware)
        found.append(Place(machine, role, prefix + own, disk))
    return found
