"""What a disk holds, and what a person should know before erasing it. Pure.

Names of file systems are those of Talos's block discovery: siderolabs/go-blockdevice
blkid/internal/filesystems/*, `Name()` (read 2026-11-21): bluestore btrfs extfs iso9660
linux_raid_member luks lvm2-pv squashfs swap talosmeta vfat vmfs vmfs_volume_member xfs zfs; btrfs,
RAID and VMFS in the newest only. It reads GPT and nothing else, and knows neither NTFS nor exFAT
nor LUKS1, so the partitions' types count as well (GPT type GUIDs, Wikipedia's and UEFI's list).
An older Talos knows fewer of them: what it does not know it shows as nothing.
"""

from collections.abc import Sequence

from ktizo.nodes.inspect.found import Found, FoundDisk, FoundVolume

NOTHING = "nothing Talos recognises"
UNKNOWN = "unknown: this Talos does not say what is on its disks"
UNREAD = "partitions Talos cannot read (an MBR partition table)"
TALOS = "Talos node"
GIB = 1 << 30
# docs.siderolabs.com/talos/v1.14/getting-started/system-requirements (read 2026-11-21): system
# disk 10 GiB; memory 2 GiB for a control plane and 1 GiB for a worker.
SMALLEST_DISK = 10 * GIB
LEAST_MEMORY_MIB = 2048

# Talos's own partitions (constants.*PartitionLabel); the prefixes are of volumes people made.
_TALOS_LABELS = ("META", "STATE", "EPHEMERAL")
_TALOS_BESIDE = frozenset({"EFI", "BIOS", "BOOT", "IMAGECACHE"})
_TALOS_VOLUMES = ("u-", "r-", "s-", "e-")  # user, raw, swap, existing

_CEPH, _ZFS, _RAID, _LVM = "Ceph OSD", "ZFS pool member", "Linux RAID member", "LVM"
_VMFS, _LUKS, _WINDOWS = "VMware datastore (VMFS)", "encrypted data (LUKS)", "Windows data (NTFS)"
_APPLE = "macOS data"
# Worst first. These belong to something larger than the disk, or cannot be got back.
SERIOUS = (_CEPH, _ZFS, _RAID, _LVM, _VMFS, _LUKS, _WINDOWS, _APPLE)
_BY_FILESYSTEM = {
    "bluestore": _CEPH,
    "ceph": _CEPH,
    "zfs": _ZFS,
    "zfs_member": _ZFS,
    "linux_raid_member": _RAID,
    "lvm2-pv": _LVM,
    "vmfs": _VMFS,
    "vmfs_volume_member": _VMFS,
    "luks": _LUKS,
    "ntfs": _WINDOWS,
    "extfs": "ext4 file system",
    "ext4": "ext4 file system",
    "xfs": "XFS file system",
    "btrfs": "Btrfs file system",
    "swap": "swap",
    "iso9660": "ISO 9660 image",
    "squashfs": "squashfs image",
    "talosmeta": TALOS,
}
_EFI = "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"
_BY_TYPE = {
    "4fbd7e29-9d25-41b8-afd0-062c0ceff05d": _CEPH,
    "4fbd7e29-9d25-41b8-afd0-5ec00ceff05d": _CEPH,  # with dm-crypt
    "45b0969e-9b03-4f30-b4c6-b4b80ceff106": _CEPH,  # journal
    "cafecafe-9b03-4f30-b4c6-b4b80ceff106": _CEPH,  # block
    "30cd0809-c2b2-499c-8879-2d6b78529876": _CEPH,  # block DB
    "5ce17fce-4087-4169-b7ff-056cc58473f9": _CEPH,  # write-ahead log
    "6a898cc3-1dd2-11b2-99a6-080020736631": _ZFS,  # Solaris /usr, used by OpenZFS
    "516e7cba-6ecf-11d6-8ff8-00022d09712b": _ZFS,  # FreeBSD
    "a19d880f-05fc-4d3b-a006-743f0f84911e": _RAID,
    "e6d6d379-f507-44c2-a23c-238f2a3df928": _LVM,
    "aa31e02a-400f-11db-9590-000c2911d1b8": _VMFS,
    "ca7d7ccb-63ed-4c53-861c-1742536059cc": _LUKS,
    "ebd0a0a2-b9e5-4433-87c0-68b6b72699c7": _WINDOWS,  # basic data
    "e3c9e316-0b5c-4db8-817d-f92df00215ae": _WINDOWS,  # reserved
    "de94bba4-06d1-4d40-a16a-bfd50179d6ac": _WINDOWS,  # recovery
    "5808c8aa-7e8f-42e0-85d2-e1e90434cfb3": _WINDOWS,  # LDM metadata
    "af9b60a0-1431-4f62-bc68-3311714a69ad": _WINDOWS,  # LDM data
    "e75caf8f-f680-4cee-afa3-b001e56efc2d": _WINDOWS,  # Storage Spaces
    "7c3457ef-0000-11aa-aa11-00306543ecac": _APPLE,  # APFS
    "48465300-0000-11aa-aa11-00306543ecac": _APPLE,  # HFS+
    "0657fd6d-a4ab-43c4-84e5-0933c84b4f4f": "swap",
}
_ORDER = (TALOS, *SERIOUS)


def of_disk(disk: FoundDisk) -> tuple[str, ...]:
    """Return what would be lost with this disk, the worst first; never empty."""
    talos = _talos(disk.volumes)
    words: dict[str, list[str]] = {TALOS: talos} if talos else {}
    for volume in disk.volumes:
        word, label = _word(volume, bool(talos))
        if word:
            words.setdefault(word, [])
        if word and label and label not in words[word]:
            words[word].append(label)
    if disk.unread_partitions:
        words[UNREAD] = []
    if not words:
        return (NOTHING,)
    ranked = sorted(words, key=lambda word: _ORDER.index(word) if word in _ORDER else len(_ORDER))
    return tuple(_with(word, words[word]) for word in ranked)


def has_talos(disk: FoundDisk) -> bool:
    """Say whether Talos was installed on this disk, by its META partition as Talos does."""
    return any(one.partition_label == "META" for one in disk.volumes)


def _talos(volumes: Sequence[FoundVolume]) -> list[str]:
    there = {one.partition_label for one in volumes}
    return [label for label in _TALOS_LABELS if label in there]


def _word(volume: FoundVolume, on_talos: bool) -> tuple[str, str]:
    """Return what a volume is and its name; two empty texts when it is told already."""
    label = volume.partition_label
    if label in _TALOS_LABELS or (on_talos and label in _TALOS_BESIDE):
        return "", ""
    if label.startswith(_TALOS_VOLUMES) or label == "IMAGECACHE":
        return "volume of a Talos node", label
    kind = volume.partition_type
    if volume.filesystem == "vfat":
        return ("EFI boot files" if kind == _EFI else "FAT file system"), volume.label
    # A file system that was recognised says more than the type its partition was given once.
    word = _BY_FILESYSTEM.get(volume.filesystem) or _BY_TYPE.get(kind)
    if word is None:
        named = volume.filesystem and f"{volume.filesystem} file system"
        word = named or ("" if kind == _EFI else "a partition of unknown content")
    return word, label or volume.label


def _with(word: str, labels: Sequence[str]) -> str:
    shown = ", ".join(labels[:4]) + (", ..." if len(labels) > 4 else "")
    return f"{word} ({shown})" if shown else word


def warnings(found: Found) -> tuple[str, ...]:
    """Return what a person should know before erasing anything on this machine."""
    disks = found.disks
    said = [*_installed(found)]
    for disk in disks:
        lost = [word for word in disk.holds if word.startswith(SERIOUS) or word == UNREAD]
        if lost:
            said.append(f"{disk.name} holds {', '.join(lost)}; installing on it destroys that")
    if not disks:
        return (*said, "the machine has no disk Talos could be installed on", *_memory(found))
    said += _twins(disks)
    if all(disk.install_disk is None for disk in disks):
        said.append(
            "no disk tells itself apart by WWID or serial: name it by its path, which may be "
            "another disk's after a reboot"
        )
    if fixed := [disk.name for disk in disks if disk.readonly]:
        said.append(f"read-only, nothing can be installed there: {', '.join(fixed)}")
    if small := [disk.name for disk in disks if disk.size_bytes < SMALLEST_DISK]:
        which = "every disk is" if len(small) == len(disks) else f"{', '.join(small)}:"
        said.append(f"{which} smaller than the 10 GiB Talos needs for its system disk")
    return (*said, *_memory(found))


def _installed(found: Found) -> list[str]:
    there = [disk.name for disk in found.disks if has_talos(disk)]
    if found.system_disk and found.system_disk not in there:
        there.append(found.system_disk)
    return [
        f"an existing Talos node is on {name}: Talos does not install over it, not on another "
        "disk either; wipe it first, which erases that node"
        for name in there
    ]


def _twins(disks: Sequence[FoundDisk]) -> list[str]:
    said = []
    for what, of in (("WWID", "wwid"), ("serial", "serial")):
        names: dict[str, list[str]] = {}
        for disk in disks:
            if mark := getattr(disk, of):
                names.setdefault(mark, []).append(disk.name)
        said += [
            f"{' and '.join(same)} have the same {what} {mark}"
            for mark, same in names.items()
            if len(same) > 1
        ]
    return said


def _memory(found: Found) -> list[str]:
    if not 0 < found.memory_mib < LEAST_MEMORY_MIB:
        return []
    return [
        f"{found.memory_mib} MiB of memory: a control plane needs 2 GiB at least, a worker 1 GiB"
    ]
