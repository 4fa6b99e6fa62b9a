"""A choice of servers as they stand in real racks, with what their last owners left on the disks.

Models, disks and left-overs as seen on dedicated servers; serials and WWIDs are made up, each of
them once.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from ktizo.nodes.simulated import disks
from ktizo.nodes.simulated.disks import SimulatedDisk
from ktizo.nodes.simulated.hardware import Hardware

GB = 10**9


@dataclass(frozen=True, slots=True)
class Rack:
    """One kind of server; `with_disks` makes those of machine `number`."""

    manufacturer: str
    product: str
    prefix: str  # of its serial
    cpus: int
    cores: int
    memory_gib: int
    cards: int
    with_disks: Callable[[int], tuple[SimulatedDisk, ...]]


def _ssd(number: int, name: str, slot: int, size_gb: int = 480) -> SimulatedDisk:
    return SimulatedDisk(
        name=name,
        size_bytes=size_gb * GB,
        model="SAMSUNG MZ7L3480",
        serial=f"S664NE0R{number:05d}{slot}",
        wwid=f"naa.5002538e{number:07x}{slot}",
    )


def _nvme(number: int, slot: int, size_gb: int = 1920) -> SimulatedDisk:
    return SimulatedDisk(
        name=f"nvme{slot}n1",
        size_bytes=size_gb * GB,
        model="KIOXIA KCD8XRUG1T92",
        serial=f"Y2M0A0{number:05d}{slot}",
        wwid=f"eui.8ce38ee2{number:07x}{slot}",
        transport="nvme",
    )


def _hard_disk(number: int, slot: int, left: SimulatedDisk) -> SimulatedDisk:
    """Return a hard disk with what `left` shows is on it."""
    return replace(
        left,
        size_bytes=16_000 * GB,
        model="TOSHIBA MG08ACA16TE",
        serial=f"X9{number:06d}FVG{slot}",
        wwid=f"naa.500003999{number:06x}{slot}",
        rotational=True,
    )


def _plain(number: int) -> tuple[SimulatedDisk, ...]:
    return (_ssd(number, "sda", 0),)


def _pair(number: int) -> tuple[SimulatedDisk, ...]:
    return (_nvme(number, 0), _nvme(number, 1))


def _from_a_ceph(number: int) -> tuple[SimulatedDisk, ...]:
    """Return a storage server's: two OSDs somebody may still want, and a small SSD."""
    return (
        _hard_disk(number, 1, disks.ceph("sda", number)),
        _hard_disk(number, 2, disks.ceph("sdb", number, lvm=False)),
        _ssd(number, "sdc", 0, size_gb=240),
    )


def _from_an_office(number: int) -> tuple[SimulatedDisk, ...]:
    return (_ssd(number, "sda", 0), _hard_disk(number, 1, disks.windows("sdb", number)))


def _from_a_file_server(number: int) -> tuple[SimulatedDisk, ...]:
    return (_nvme(number, 0, 960), _hard_disk(number, 1, disks.zfs("sda", number)))


RACKS = (
    Rack("Dell Inc.", "PowerEdge R650", "8QK", 2, 16, 256, 2, _plain),
    Rack("HPE", "ProLiant DL360 Gen10 Plus", "CZJ", 2, 12, 128, 4, _pair),
    Rack("Supermicro", "SYS-6029P-WTRT", "S37", 1, 20, 192, 2, _from_a_ceph),
    Rack("Lenovo", "ThinkSystem SR630 V2", "J30", 1, 16, 96, 2, _from_an_office),
    Rack("ASUSTeK COMPUTER INC.", "RS520A-E11-RS12U", "L9S", 1, 24, 384, 1, _from_a_file_server),
)


def machine(number: int) -> Hardware:
    """Return server `number` (from 1); the racks take turns, and nothing occurs twice."""
    rack = RACKS[(number - 1) % len(RACKS)]
    tail = f"{number:05x}"
    macs = tuple(f"52:54:0{card}:0{tail[0]}:{tail[1:3]}:{tail[3:]}" for card in range(rack.cards))
    return Hardware(
        uuid=f"4c4c4544-0000-1000-8000-{number:012d}",
        manufacturer=rack.manufacturer,
        product=rack.product,
        serial=f"{rack.prefix}{number:05d}",
        macs=macs,
        cpus=rack.cpus,
        cores=rack.cores,
        memory_mib=rack.memory_gib * 1024,
        disks=rack.with_disks(number),
    )


def disk_to_install_on(hardware: Hardware) -> SimulatedDisk:
    """Return the disk a careful person picks: the smallest that is empty and no hard disk."""
    empty = [one for one in hardware.disks if not (one.volumes or one.whole or one.rotational)]
    return min(empty, key=lambda one: (one.size_bytes, one.name))
