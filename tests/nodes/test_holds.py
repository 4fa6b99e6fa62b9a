"""What a disk holds in an operator's words, and what is worth a warning."""

import pytest

from ktizo.nodes.inspect import holds
from ktizo.nodes.inspect.found import Found, FoundDisk, FoundVolume
from ktizo.nodes.inspect.pins import with_pins

GIB = 1 << 30
BASIC_DATA = "ebd0a0a2-b9e5-4433-87c0-68b6b72699c7"
EFI = "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"


def volume(
    filesystem: str = "", partition: str = "", label: str = "", kind: str = ""
) -> FoundVolume:
    return FoundVolume("sda1", filesystem, label, partition, GIB, kind)


def disk(
    *volumes: FoundVolume, name: str = "/dev/sda", gib: int = 500, **more: object
) -> FoundDisk:
    made = FoundDisk(name, gib * GIB, transport="sata", volumes=volumes, **more)  # type: ignore[arg-type]
    return FoundDisk(
        **{
            **{field: getattr(made, field) for field in made.__dataclass_fields__},
            "holds": holds.of_disk(made),
        }
    )


def machine(*disks: FoundDisk, memory_mib: int = 8192, system_disk: str = "") -> Found:
    return Found(
        pin="p",
        talos_version="v1.12.11",
        manufacturer="",
        product="",
        serial="",
        uuid="",
        cpus=(),
        cores=0,
        memory_mib=memory_mib,
        cards=(),
        disks=with_pins(disks),
        system_disk=system_disk,
    )


@pytest.mark.parametrize(
    ("volumes", "words"),
    [
        ([], ["nothing Talos recognises"]),
        ([volume("bluestore")], ["Ceph OSD"]),
        ([volume(kind="4fbd7e29-9d25-41b8-afd0-062c0ceff05d")], ["Ceph OSD"]),
        ([volume("zfs", label="0f", partition="zfs-1")], ["ZFS pool member (zfs-1)"]),
        ([volume(kind="516e7cba-6ecf-11d6-8ff8-00022d09712b")], ["ZFS pool member"]),
        ([volume("lvm2-pv")], ["LVM"]),
        ([volume("linux_raid_member", label="host:0")], ["Linux RAID member (host:0)"]),
        ([volume(kind="a19d880f-05fc-4d3b-a006-743f0f84911e")], ["Linux RAID member"]),
        ([volume("luks")], ["encrypted data (LUKS)"]),
        ([volume("ntfs", label="DATA")], ["Windows data (NTFS) (DATA)"]),
        ([volume(kind=BASIC_DATA)], ["Windows data (NTFS)"]),
        ([volume("vmfs_volume_member")], ["VMware datastore (VMFS)"]),
        ([volume(kind="aa31e02a-400f-11db-9590-000c2911d1b8")], ["VMware datastore (VMFS)"]),
        ([volume("swap")], ["swap"]),
        ([volume("extfs", label="root")], ["ext4 file system (root)"]),
        ([volume("xfs"), volume("xfs", "data")], ["XFS file system (data)"]),
        ([volume("vfat", kind=BASIC_DATA, label="STICK")], ["FAT file system (STICK)"]),
        ([volume("vfat", kind=EFI)], ["EFI boot files"]),
        ([volume("iso9660", label="TALOS")], ["ISO 9660 image (TALOS)"]),
        ([volume("squashfs")], ["squashfs image"]),
        ([volume("btrfs")], ["Btrfs file system"]),
        ([volume("newfs")], ["newfs file system"]),
        ([volume()], ["a partition of unknown content"]),
        (
            [volume("vfat", "EFI"), volume("talosmeta", "META"), volume("xfs", "STATE")],
            ["Talos node (META, STATE)"],
        ),
        ([volume("luks", "STATE"), volume("luks", "EPHEMERAL")], ["Talos node (STATE, EPHEMERAL)"]),
        ([volume("xfs", "u-data")], ["volume of a Talos node (u-data)"]),
        ([volume("swap"), volume("bluestore"), volume("zfs")], [
            "Ceph OSD",
            "ZFS pool member",
            "swap",
        ]),
        ([volume("xfs", f"p{n}") for n in range(9)], ["XFS file system (p0, p1, p2, p3, ...)"]),
    ],
)  # fmt: skip
def test_a_disk_s_content_is_named_worst_first(volumes: list[FoundVolume], words: list[str]):
    assert list(holds.of_disk(disk(*volumes))) == words


def test_partitions_talos_does_not_read_are_not_nothing():
    assert holds.of_disk(disk(unread_partitions=True)) == (holds.UNREAD,)


def test_a_plain_machine_gives_no_warning():
    assert holds.warnings(machine(disk(serial="S1"), disk(name="/dev/sdb", serial="S2"))) == ()


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (machine(disk(volume("", "META"), serial="S")), "an existing Talos node is on /dev/sda"),
        (machine(disk(serial="S"), system_disk="/dev/sdq"), "Talos node is on /dev/sdq"),
        (machine(disk(volume("bluestore"), serial="S")), "/dev/sda holds Ceph OSD; installing"),
        (machine(disk(volume("luks"), serial="S")), "holds encrypted data (LUKS)"),
        (machine(disk(unread_partitions=True, serial="S")), "holds partitions Talos cannot read"),
        (machine(disk()), "no disk tells itself apart by WWID or serial"),
        (
            machine(disk(serial="S", wwid="W"), disk(name="/dev/sdb", serial="S")),
            "/dev/sda and /dev/sdb have the same serial S",
        ),
        (machine(disk(serial="S"), memory_mib=1024), "1024 MiB of memory"),
        (machine(disk(serial="S", gib=8)), "every disk is smaller than the 10 GiB"),
        (
            machine(disk(serial="S", gib=8), disk(name="/dev/sdb", serial="T")),
            "/dev/sda: smaller than the 10 GiB",
        ),
        (machine(), "no disk Talos could be installed on"),
    ],
)
def test_what_a_person_should_know_is_said(found: Found, said: str):
    (warning,) = holds.warnings(found)
    assert said in warning


def test_what_is_easily_lost_without_harm_is_no_warning():
    assert holds.warnings(machine(disk(volume("extfs"), volume("swap"), serial="S"))) == ()
