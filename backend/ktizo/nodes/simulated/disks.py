"""The disks of a simulated machine and what is on them, as Talos's resources show it.

Field names are the `yaml` tags of siderolabs/talos pkg/machinery/resources/block, names of file
systems those of siderolabs/go-blockdevice blkid (both read 2026-11-21). As there, only GPT is read:
a disk with an MBR shows partitions in BlockDevices alone, and nothing of what is in them.
"""

from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

Rows = list[tuple[str, str, str, Any]]  # namespace, type, id, spec

GIB = 1 << 30
_BASIC_DATA = "ebd0a0a2-b9e5-4433-87c0-68b6b72699c7"
_RESERVED = "e3c9e316-0b5c-4db8-817d-f92df00215ae"
_EFI = "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"
_RAID = "a19d880f-05fc-4d3b-a006-743f0f84911e"
_LINUX = "0fc63daf-8483-4772-8e79-3d69d8477de4"


class SimulatedVolume(NamedTuple):
    """A partition."""

    filesystem: str = ""
    label: str = ""
    partition_label: str = ""
    size_bytes: int = GIB
    partition_type: str = _LINUX


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
    # What was there before us; a plain tuple is (file system, label, partition label, bytes).
    volumes: tuple[SimulatedVolume | tuple[str, str, str, int], ...] = ()
    whole: str = ""  # a file system without a partition table
    on_top: tuple[str, ...] = ()  # file systems on logical volumes (device mapper) of this disk
    table: Literal["gpt", "mbr"] = "gpt"
    readonly: bool = False
    cdrom: bool = False

    @property
    def path(self) -> str:
        """`/dev/sda`."""
        return f"/dev/{self.name}"

    @property
    def has_talos(self) -> bool:
        """Whether Talos finds itself installed on it: by the partition META, as Talos does."""
        return any(SimulatedVolume(*one).partition_label == "META" for one in self.volumes)

    def with_talos(self) -> "SimulatedDisk":
        """Return the disk as Talos's installer leaves it: nothing else is on it any more."""
        return replace(self, volumes=TALOS, whole="", on_top=(), table="gpt")

    def emptied(self) -> "SimulatedDisk":
        """Return the disk with nothing on it."""
        return replace(self, volumes=(), whole="", on_top=(), table="gpt")


TALOS = (
    SimulatedVolume("vfat", "EFI", "EFI", 2200 << 20, _EFI),
    SimulatedVolume("", "", "META", 1 << 20),
    SimulatedVolume("xfs", "STATE", "STATE", 100 << 20),
    SimulatedVolume("xfs", "EPHEMERAL", "EPHEMERAL", 40 * GIB),
)


def numbered(name: str, number: int, **what: Any) -> SimulatedDisk:
    """Return a disk with a serial and WWID of its own."""
    serial, wwid = f"S664NE0R{number:06d}", f"naa.5002538e{number:08x}"
    return SimulatedDisk(name, **{"serial": serial, "wwid": wwid, **what})


def talos(name: str, number: int) -> SimulatedDisk:
    """Return a disk Talos was installed on."""
    return numbered(name, number).with_talos()


def ceph(name: str, number: int, *, lvm: bool = True) -> SimulatedDisk:
    """Return a Ceph OSD: on LVM, as ceph-volume makes it, or raw, as Rook may."""
    if lvm:
        return numbered(name, number, whole="lvm2-pv", on_top=("bluestore",))
    return numbered(name, number, whole="bluestore")


def zfs(name: str, number: int) -> SimulatedDisk:
    """Return a member of a ZFS pool, as ZFS partitions it."""
    solaris = "6a898cc3-1dd2-11b2-99a6-080020736631"
    pool = SimulatedVolume("zfs", "00000000deadbeef", "zfs-5f1a2b", 479 * 10**9, solaris)
    return numbered(name, number, volumes=(pool,))


def lvm(name: str, number: int) -> SimulatedDisk:
    """Return a physical volume of LVM with an ext4 file system on it."""
    return numbered(name, number, whole="lvm2-pv", on_top=("extfs",))


def raid(name: str, number: int) -> SimulatedDisk:
    """Return a member of a Linux RAID, which an older Talos knows by its partition's type only."""
    volume = SimulatedVolume("", "", "", 479 * 10**9, _RAID)
    return numbered(name, number, volumes=(volume,))


def windows(name: str, number: int) -> SimulatedDisk:
    """Return a disk Windows was installed on; Talos does not know NTFS, only the types."""
    volumes = (
        SimulatedVolume("vfat", "", "EFI system partition", 100 << 20, _EFI),
        SimulatedVolume("", "", "Microsoft reserved partition", 16 << 20, _RESERVED),
        SimulatedVolume("", "", "Basic data partition", 470 * 10**9, _BASIC_DATA),
    )
    return numbered(name, number, volumes=volumes)


def mbr(name: str, number: int) -> SimulatedDisk:
    """Return a disk with an MBR partition table, into which Talos does not look."""
    return numbered(name, number, volumes=(SimulatedVolume("ntfs"),), table="mbr")


def cdrom(name: str = "sr0") -> SimulatedDisk:
    """Return the virtual CD of a BMC."""
    return SimulatedDisk(
        name, 800 << 20, "Virtual CDROM", "", "", whole="iso9660", readonly=True, cdrom=True
    )


def rows(disk: SimulatedDisk, number: int) -> Rows:
    """Return the resources a machine's disk number `number` shows up as."""
    found: Rows = [("runtime", "Disks.block.talos.dev", disk.name, _disk(disk))]
    found.append(_device(disk.name, "disk"))
    whole = _volume(SimulatedVolume(disk.whole, size_bytes=disk.size_bytes), disk.path, "disk")
    if disk.volumes and disk.table == "gpt":
        whole["name"] = "gpt"
    found.append(_seen(disk.name, whole))
    for index, one in enumerate(disk.volumes, start=1):
        name = f"{disk.name}p{index}" if disk.name[-1].isdigit() else f"{disk.name}{index}"
        found.append(_device(name, "partition", disk.name))
        if disk.table == "gpt":
            spec = _volume(SimulatedVolume(*one), f"/dev/{name}", "partition")
            spec |= {"parent": disk.name, "parent_dev_path": disk.path, "partition_index": index}
            found.append(_seen(name, spec))
    for index, filesystem in enumerate(disk.on_top):
        found += _logical(disk, f"dm-{10 * number + index}", filesystem)
    return found


def _logical(disk: SimulatedDisk, name: str, filesystem: str) -> Rows:
    on_top = SimulatedDisk(name, disk.size_bytes - GIB, "", "", "", transport="")
    spec = _disk(on_top) | {"secondary_disks": [disk.name]}
    volume = SimulatedVolume(filesystem, size_bytes=on_top.size_bytes)
    return [
        ("runtime", "Disks.block.talos.dev", name, spec),
        _device(name, "disk"),
        _seen(name, _volume(volume, on_top.path, "disk")),
    ]


def _disk(disk: SimulatedDisk) -> dict[str, Any]:
    return {
        "dev_path": disk.path,
        "size": disk.size_bytes,
        "pretty_size": f"{disk.size_bytes // 10**9} GB",
        "io_size": 512,
        "sector_size": 512,
        "readonly": disk.readonly,
        "cdrom": disk.cdrom,
        "model": disk.model,
        "serial": disk.serial,
        "wwid": disk.wwid,
        "transport": disk.transport,
        "rotational": disk.rotational,
        "symlinks": [f"/dev/disk/by-id/wwn-{disk.wwid}"] if disk.wwid else [],
    }


def _volume(volume: SimulatedVolume, path: str, kind: str) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "dev_path": path,
        "type": kind,
        "size": volume.size_bytes,
        "name": volume.filesystem,
        "label": volume.label,
    }
    if kind == "partition":
        spec |= {
            "partition_label": volume.partition_label,
            "partition_type": volume.partition_type,
        }
    return spec


def _seen(name: str, spec: dict[str, Any]) -> tuple[str, str, str, Any]:
    return ("runtime", "DiscoveredVolumes.block.talos.dev", name, spec)


def _device(name: str, kind: str, parent: str = "") -> tuple[str, str, str, Any]:
    spec = {"type": kind, "major": 8, "generation": 1} | ({"parent": parent} if parent else {})
    return ("runtime", "BlockDevices.block.talos.dev", name, spec)
