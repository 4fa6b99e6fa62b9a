"""Which disk a discovered volume lies on. Pure.

A partition names its disk as `parent`. What the kernel puts on top of disks (device mapper for LVM
and crypt, md) is a disk of its own to Talos, with `secondary_disks` saying what it is made of: a
Ceph OSD made by ceph-volume shows as `bluestore` on dm-0, and on the disk itself only as LVM.
"""

from collections.abc import Iterable, Mapping, Sequence

from ktizo.nodes.inspect.found import FoundVolume
from ktizo.nodes.inspect.spec import Spec

DEEPEST = 8  # crypt on LVM on RAID is three


def by_disk(
    seen: Iterable[Spec], below: Mapping[str, Sequence[str]]
) -> dict[str, tuple[FoundVolume, ...]]:
    """Return the volumes of each disk by its id (`sda`); `below` is what each disk is made of."""
    found: dict[str, tuple[FoundVolume, ...]] = {}
    for spec in seen:
        volume = _volume(spec)
        if volume is None:
            continue
        for disk in _roots(spec.text("parent") or spec.id, below):
            found[disk] = (*found.get(disk, ()), volume)
    return found


def _volume(spec: Spec) -> FoundVolume | None:
    """Return a volume; None for a whole disk of which nothing is known or that has partitions."""
    filesystem = spec.text("name")
    whole = not spec.text("parent")
    if whole and filesystem in ("", "gpt"):
        return None
    return FoundVolume(
        name=spec.id,
        filesystem=filesystem,
        label=spec.text("label"),
        partition_label=spec.text("partition_label", "partitionLabel"),
        size_bytes=spec.number("size"),
        partition_type=spec.text("partition_type", "partitionType").lower(),
    )


def _roots(name: str, below: Mapping[str, Sequence[str]]) -> set[str]:
    """Return the disks at the bottom; a circle, which no kernel makes, ends."""
    names = {name}
    for _ in range(DEEPEST):
        deeper = {one for each in names for one in (below.get(each) or (each,))}
        if deeper == names:
            break
        names = deeper
    return names
