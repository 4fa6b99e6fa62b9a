"""A simulated machine's hardware, as Talos's resources show it.

Field names are the `yaml` tags of siderolabs/talos pkg/machinery/resources/{hardware,network}
(read 2026-11-21).
"""

from dataclasses import dataclass, field
from typing import Any

from ktizo.nodes.simulated import disks
from ktizo.nodes.simulated.disks import GIB, Rows, SimulatedDisk

__all__ = ["GIB", "Hardware", "Rows", "SimulatedDisk", "rows"]


@dataclass(frozen=True, slots=True)
class Hardware:
    """One machine."""

    uuid: str = "4c4c4544-0000-1000-8000-000000000001"
    manufacturer: str = "Dell Inc."
    product: str = "PowerEdge R650"
    serial: str = "SIM0001"
    macs: tuple[str, ...] = ("52:54:00:00:00:01",)
    cpus: int = 1
    cores: int = 16  # each
    memory_mib: int = 64 * 1024
    disks: tuple[SimulatedDisk, ...] = field(default=(SimulatedDisk(),))

    @property
    def system_disk(self) -> str:
        """The name of the disk Talos is installed on; empty when it is on none."""
        return next((disk.name for disk in self.disks if disk.has_talos), "")

    @classmethod
    def number(cls, number: int) -> "Hardware":
        """Return machine `number` of a fleet, with identities of its own."""
        tail = f"{number:06x}"
        mac = f"52:54:00:{tail[:2]}:{tail[2:4]}:{tail[4:]}"
        disk = SimulatedDisk(serial=f"S664NE0R{number:06d}", wwid=f"naa.5002538e{number:08x}")
        return cls(
            uuid=f"4c4c4544-0000-1000-8000-{number:012d}",
            serial=f"SIM{number:04d}",
            macs=(mac,),
            disks=(disk,),
        )


def rows(hardware: Hardware, address: str, system_disk: str) -> Rows:
    """Return the resources the hardware shows up as; `system_disk` is empty until installed."""
    return [
        *_board(hardware),
        *(row for index, disk in enumerate(hardware.disks) for row in disks.rows(disk, index)),
        *_network(hardware, address),
        ("runtime", "SystemDisks.block.talos.dev", "system-disk", _system_disk(system_disk)),
    ][: None if system_disk else -1]


def _board(hardware: Hardware) -> Rows:
    information = {
        "manufacturer": hardware.manufacturer,
        "productName": hardware.product,
        "serialnumber": hardware.serial,
        "uuid": hardware.uuid,
        "wakeUpType": "Power Switch",
    }
    found: Rows = [
        ("hardware", "SystemInformations.hardware.talos.dev", "systeminformation", information)
    ]
    for cpu in range(hardware.cpus):
        spec = {
            "socket": f"CPU {cpu}",
            "manufacturer": "Intel(R) Corporation",
            "productName": "Intel(R) Xeon(R) Gold 6330",
            "coreCount": hardware.cores,
            "coreEnabled": hardware.cores,
            "threadCount": 2 * hardware.cores,
        }
        found.append(("hardware", "Processors.hardware.talos.dev", f"CPU-{cpu}", spec))
    module = {"sizeMiB": hardware.memory_mib, "deviceLocator": "DIMM A1", "speed": 3200}
    found.append(("hardware", "MemoryModules.hardware.talos.dev", "DIMM-A1", module))
    return found


def _network(hardware: Hardware, address: str) -> Rows:
    found: Rows = []
    for index, mac in enumerate(hardware.macs):
        spec = {
            "index": index + 2,
            "type": "ether",
            "hardwareAddr": mac,
            "permanentAddr": mac,
            "mtu": 1500,
            "operationalState": "up" if index == 0 else "down",
            "kind": "",
            "linkState": index == 0,
            "speedMbit": 10_000,
            "driver": "ixgbe",
        }
        found.append(("network", "LinkStatuses.net.talos.dev", f"eno{index + 1}", spec))
    status = {"address": f"{address}/24", "linkName": "eno1", "family": "inet4", "scope": "global"}
    addresses = {"addresses": [f"{address}/24"]}
    return [
        *found,
        ("network", "AddressStatuses.net.talos.dev", f"eno1/{address}/24", status),
        ("network", "NodeAddresses.net.talos.dev", "current", addresses),
    ]


def _system_disk(name: str) -> dict[str, Any]:
    return {"diskID": name, "devPath": f"/dev/{name}"}
