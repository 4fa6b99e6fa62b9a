"""A simulated machine's hardware, as Talos's resources show it.

Field names are the `yaml` tags of siderolabs/talos pkg/machinery/resources/{hardware,block,network}
(read 2026-11-21).
"""

from dataclasses import dataclass, field
from typing import Any

GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class SimulatedDisk:
    """A disk, and what is on it."""

    name: str = "sda"
    size_bytes: int = 480 * 10**9
    model: str = "SAMSUNG MZ7L3480"
    serial: str = "S664NE0R000001"
    wwid: str = "naa.5002538e00000001"
    rotational: bool = False
    transport: str = "sata"
    # (file system, label, partition label, bytes): what was there before us
    volumes: tuple[tuple[str, str, str, int], ...] = ()

    @property
    def path(self) -> str:
        """`/dev/sda`."""
        return f"/dev/{self.name}"


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


Rows = list[tuple[str, str, str, Any]]  # namespace, type, id, spec


def rows(hardware: Hardware, address: str, system_disk: str) -> Rows:
    """Return the resources the hardware shows up as; `system_disk` is empty until installed."""
    return [
        *_board(hardware),
        *_disks(hardware),
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


def _disks(hardware: Hardware) -> Rows:
    found: Rows = []
    for disk in hardware.disks:
        spec: dict[str, Any] = {
            "dev_path": disk.path,
            "size": disk.size_bytes,
            "pretty_size": f"{disk.size_bytes // 10**9} GB",
            "io_size": 512,
            "sector_size": 512,
            "readonly": False,
            "cdrom": False,
            "model": disk.model,
            "serial": disk.serial,
            "wwid": disk.wwid,
            "transport": disk.transport,
            "rotational": disk.rotational,
        }
        found.append(("runtime", "Disks.block.talos.dev", disk.name, spec))
        found += _volumes(disk)
    return found


def _volumes(disk: SimulatedDisk) -> Rows:
    kind = "DiscoveredVolumes.block.talos.dev"
    whole = {"dev_path": disk.path, "type": "disk", "size": disk.size_bytes, "name": ""}
    if disk.volumes:
        whole["name"] = "gpt"
    found: Rows = [("runtime", kind, disk.name, whole)]
    for index, (name, label, partition, size) in enumerate(disk.volumes, start=1):
        spec = {
            "dev_path": f"{disk.path}{index}",
            "type": "partition",
            "parent": disk.name,
            "parent_dev_path": disk.path,
            "size": size,
            "name": name,
            "label": label,
            "partition_label": partition,
            "partition_index": index,
        }
        found.append(("runtime", kind, f"{disk.name}{index}", spec))
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
