"""Reading a machine in maintenance mode (Talos 1.9 to 1.14): nothing but lists, nothing written.

Only what a reader without a certificate may see in that mode (talos.md §7). A missing resource is
an empty answer, for boards without DMI exist; whatever is in one is cut and made printable. Errors
of the client, such as Unreachable or WrongKey, are the caller's.
"""

import re
from dataclasses import replace

from ktizo.nodes.client import NodeClient
from ktizo.nodes.client.results import Disk
from ktizo.nodes.errors import NoSuchResource, NotInThisMode, Refused
from ktizo.nodes.inspect import holds, pins, volumes
from ktizo.nodes.inspect.found import Found, FoundCard, FoundDisk
from ktizo.nodes.inspect.spec import MARK, Spec

MOST_DISKS = 256
MOST_CARDS = 256
MOST_PARTS = 256  # processors, memory modules
MOST_VOLUMES = 4096
FASTEST_MBIT = 10_000_000  # ethtool's "unknown" is 4294967295

# Not hardware of its own: what lies on them is counted to the disks below.
_VIRTUAL = re.compile(r"(loop|ram|zram|dm-|md|nbd|drbd|rbd|zd|fd|sr)\d")
_BOOT_AREA = re.compile(r"mmcblk\d+(boot\d+|rpmb)")  # a few MiB of an eMMC, for firmware
_TYPES = {"NVME": "nvme", "SD": "mmc"}


async def look(client: NodeClient) -> Found:
    """Return what the machine is and what is on its disks; raises NodeError of the client only."""
    pin = await client.connect()
    version = await client.talos_version()
    board = await _one(client, "hardware", "SystemInformations.hardware.talos.dev", _SYSTEM)
    cpus = await _all(client, "hardware", "Processors.hardware.talos.dev", MOST_PARTS)
    memory = await _all(client, "hardware", "MemoryModules.hardware.talos.dev", MOST_PARTS)
    cards = await _all(client, "network", "LinkStatuses.net.talos.dev", MOST_VOLUMES)
    disks = await _disks(client)
    system = await _one(client, "runtime", "SystemDisks.block.talos.dev", "system-disk")
    found = Found(
        pin=pin,
        talos_version=version,
        manufacturer=board.text("manufacturer"),
        product=board.text("productName"),
        serial=board.text("serialnumber", "serialNumber"),
        uuid=board.text("uuid").lower(),
        cpus=tuple(name for cpu in cpus if (name := _cpu(cpu))),
        cores=sum(cpu.number("coreCount") for cpu in cpus),
        memory_mib=sum(module.number("sizeMiB") for module in memory),
        cards=tuple(_card(card) for card in cards if _physical(card))[:MOST_CARDS],
        disks=disks,
        system_disk=_path(system.text("devPath") or system.text("diskID")),
    )
    return replace(found, warnings=holds.warnings(found))


_SYSTEM = "systeminformation"


async def _one(client: NodeClient, namespace: str, type: str, id: str) -> Spec:
    try:
        found = await client.resources.get(namespace, type, id)
    except (NoSuchResource, NotInThisMode, Refused):
        return Spec(id, None)
    return Spec(found.id, found.spec)


async def _all(client: NodeClient, namespace: str, type: str, most: int) -> list[Spec]:
    """Return the first `most` resources of a type; none when the machine does not have it."""
    try:
        found = await client.resources.list(namespace, type)
    except (NoSuchResource, NotInThisMode, Refused):
        return []
    return [Spec(one.id, one.spec) for one in found[:most]]


def _cpu(cpu: Spec) -> str:
    return cpu.text("productName") or cpu.text("manufacturer") or cpu.text("socket")


def _physical(card: Spec) -> bool:
    return card.text("type") == "ether" and not card.text("kind") and bool(_mac(card))


def _mac(card: Spec) -> str:
    # A card in a bond uses the bond's MAC; its own is the one it boots with.
    return card.mac("permanentAddr") or card.mac("hardwareAddr")


def _card(card: Spec) -> FoundCard:
    speed = card.number("speedMbit")
    return FoundCard(
        name=card.id,
        mac=_mac(card),
        up=card.true("linkState") or card.text("operationalState") == "up",
        speed_mbit=speed if 0 < speed <= FASTEST_MBIT else None,
        driver=card.text("driver"),
        current=card.mac("hardwareAddr"),
    )


async def _disks(client: NodeClient) -> tuple[FoundDisk, ...]:
    listed = await _all(client, "runtime", "Disks.block.talos.dev", MOST_VOLUMES)
    real = [disk for disk in listed if _real(disk)][:MOST_DISKS]
    if not listed:
        found = [_stored(disk) for disk in (await client.disks())[:MOST_DISKS] if _storage(disk)]
        return pins.with_pins([replace(disk, holds=(holds.UNKNOWN,)) for disk in found])
    seen = await _all(client, "runtime", "DiscoveredVolumes.block.talos.dev", MOST_VOLUMES)
    devices = await _all(client, "runtime", "BlockDevices.block.talos.dev", MOST_VOLUMES)
    below = {disk.id: disk.texts("secondary_disks", "secondaryDisks") for disk in listed}
    parts = volumes.by_disk(seen, below)
    partitioned = {device.text("parent") for device in devices if device.text("parent")}
    made = []
    for disk in real:
        own = parts.get(disk.id, ())
        unread = disk.id in partitioned and not any(one.name != disk.id for one in own)
        made.append(replace(_disk(disk), volumes=own, unread_partitions=unread))
    return pins.with_pins([replace(disk, holds=holds.of_disk(disk)) for disk in made])


def _real(disk: Spec) -> bool:
    """Say whether Talos could be installed on it: no CD-ROM, no loop, nothing on top of others.

    A CD-ROM is left out, not flagged: nothing can be lost on one, and virtual media of a BMC would
    be in every list.
    """
    if disk.true("cdrom") or _VIRTUAL.match(disk.id) or _BOOT_AREA.fullmatch(disk.id):
        return False
    return bool(disk.number("size"))  # an empty card reader has none


def _disk(disk: Spec) -> FoundDisk:
    return FoundDisk(
        name=disk.text("dev_path", "devPath") or _path(disk.id),
        size_bytes=disk.number("size"),
        model=disk.text("model"),
        serial=disk.text("serial", longest=MARK + 1),
        wwid=disk.text("wwid", longest=MARK + 1),
        transport=disk.text("transport"),
        rotational=disk.true("rotational"),
        readonly=disk.true("readonly"),
        symlinks=disk.texts("symlinks"),
    )


def _storage(disk: Disk) -> bool:
    name = disk.name.removeprefix("/dev/")
    return disk.type != "CD" and bool(disk.size_bytes) and not _VIRTUAL.match(name)


def _stored(disk: Disk) -> FoundDisk:
    """Return a disk as the storage service has it, which does not say what is on it."""
    spec = Spec(disk.name, {"model": disk.model, "serial": disk.serial, "wwid": disk.wwid})
    return FoundDisk(
        name=spec.id,
        size_bytes=disk.size_bytes,
        model=spec.text("model"),
        serial=spec.text("serial", longest=MARK + 1),
        wwid=spec.text("wwid", longest=MARK + 1),
        transport=_TYPES.get(disk.type, ""),
        rotational=disk.type == "HDD",
        readonly=disk.readonly,
    )


def _path(name: str) -> str:
    return name if not name or name.startswith("/") else f"/dev/{name}"
