"""What an inspection reads from a machine that waits in memory, and what it makes of it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from grpclib.const import Status

from core.databases import KINDS, fresh_database
from ktizo.clusters import store as clusters_store  # noqa: F401 - tables of the database
from ktizo.core.clock import utc_now
from ktizo.core.db import Database
from ktizo.devices.register import register
from ktizo.nodes.errors import Unreachable, WrongKey
from ktizo.nodes.inspect import keep, look
from ktizo.nodes.inspect.holds import NOTHING, UNKNOWN
from ktizo.nodes.inspect.look import MOST_DISKS
from ktizo.nodes.simulated import Hardware, SimulatedDisk, SimulatedNode, disks
from nodes.conftest import NEW, OLD, VERSIONS, Fleet

pytestmark = pytest.mark.anyio

DISKS = "Disks.block.talos.dev"
VOLUMES = "DiscoveredVolumes.block.talos.dev"
SYSTEM = "SystemInformations.hardware.talos.dev"


@pytest.fixture(params=KINDS)
async def db(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    async with fresh_database(request.param, tmp_path) as database:
        yield database


async def machine(fleet: Fleet, *disks: SimulatedDisk, version: str = OLD) -> SimulatedNode:
    hardware = replace(Hardware.number(1), disks=disks)
    node = SimulatedNode(version=version, hardware=hardware, lan=fleet.lan)
    fleet.nodes.append(node)
    await node.power_on()
    return node


def forget(node: SimulatedNode, *kinds: str) -> None:
    """Let the machine have no such resources, as boards and older versions do."""
    kept = [key for key in node.state._kept if key[1] not in kinds]
    node.state.keep_only(kept)


@pytest.mark.parametrize("version", VERSIONS)
async def test_it_reads_all_of_a_machine_in_every_version(fleet: Fleet, version: str):
    node = await machine(fleet, SimulatedDisk(), version=version)
    client = fleet.maintenance(node)
    found = await look(client)
    assert found.pin == client.pin
    assert found.talos_version == ("" if version == "v1.9.6" else version)
    assert (found.manufacturer, found.product) == ("Dell Inc.", "PowerEdge R650")
    assert (found.serial, found.uuid) == ("SIM0001", node.uuid)
    assert (found.cpus, found.cores) == (("Intel(R) Xeon(R) Gold 6330",), 16)
    assert found.memory_mib == 64 * 1024
    assert found.macs == set(node.hardware.macs)
    (card,) = found.cards
    assert (card.name, card.up, card.speed_mbit, card.driver) == ("eno1", True, 10_000, "ixgbe")
    (disk,) = found.disks
    assert (disk.name, disk.size_bytes, disk.transport) == ("/dev/sda", 480 * 10**9, "sata")
    assert disk.install_disk == f"wwid:{disk.wwid}"
    assert (disk.holds, found.system_disk, found.warnings) == ((NOTHING,), "", ())


async def test_it_shows_what_would_be_lost(fleet: Fleet):
    node = await machine(
        fleet,
        disks.talos("sda", 1),
        disks.ceph("sdb", 2),
        disks.ceph("sdc", 3, lvm=False),
        disks.zfs("nvme0n1", 4),
        disks.windows("sdd", 5),
        disks.lvm("sde", 6),
        disks.raid("sdf", 7),
        disks.mbr("sdg", 8),
        disks.numbered("sdh", 9),
    )
    found = await look(fleet.maintenance(node))
    assert {disk.name: disk.holds for disk in found.disks} == {
        "/dev/nvme0n1": ("ZFS pool member (zfs-5f1a2b)",),
        "/dev/sda": ("Talos node (META, STATE, EPHEMERAL)",),
        "/dev/sdb": ("Ceph OSD", "LVM"),
        "/dev/sdc": ("Ceph OSD",),
        "/dev/sdd": (
            "Windows data (NTFS) (Microsoft reserved partition, Basic data partition)",
            "EFI boot files",
        ),
        "/dev/sde": ("LVM", "ext4 file system"),
        "/dev/sdf": ("Linux RAID member",),
        "/dev/sdg": ("partitions Talos cannot read (an MBR partition table)",),
        "/dev/sdh": (NOTHING,),
    }
    assert found.system_disk == "/dev/sda"
    assert found.warnings[0].startswith("an existing Talos node is on /dev/sda")
    said = " ".join(found.warnings)
    assert all(f"/dev/{name} holds" in said for name in ("sdb", "sdc", "sdd", "sdg", "nvme0n1"))
    assert "/dev/sdh" not in said
    assert [one.name for one in found.disks[0].volumes] == ["nvme0n1p1"]


async def test_what_is_no_disk_to_install_on_is_left_out(fleet: Fleet):
    node = await machine(
        fleet,
        disks.cdrom(),
        disks.numbered("loop0", 2),
        disks.numbered("zram0", 3),
        disks.numbered("md127", 4),
        disks.numbered("mmcblk0boot0", 5),
        disks.numbered("sdz", 6, size_bytes=0),
        disks.numbered("mmcblk0", 7),
        disks.numbered("sdb", 8, readonly=True),
    )
    found = await look(fleet.maintenance(node))
    assert [disk.name for disk in found.disks] == ["/dev/mmcblk0", "/dev/sdb"]
    assert found.disks[1].install_disk is None, "nobody installs on a read-only disk"
    assert "read-only, nothing can be installed there: /dev/sdb" in found.warnings


async def test_only_physical_cards_count_and_by_the_mac_they_were_made_with(fleet: Fleet):
    node = await machine(fleet, SimulatedDisk())
    ether: dict[str, Any] = {"type": "ether", "kind": "", "linkState": True}
    cards = {
        "eno1": ether | {"hardwareAddr": "52:54:00:00:00:99", "permanentAddr": "5254.0000.0001"},
        "eno2": ether | {"hardwareAddr": "52:54:00:00:00:99", "speedMbit": 2**32 - 1},
        "bond0": ether | {"kind": "bond", "hardwareAddr": "52:54:00:00:00:99"},
        "lo": {"type": "loopback", "kind": "", "hardwareAddr": "00:00:00:00:00:00"},
        "ib0": {"type": "infiniband", "hardwareAddr": "80:00:02:08:fe:80"},
        "odd": ether | {"hardwareAddr": ["x"]},
    }
    for name, spec in cards.items():
        node.state.put("network", "LinkStatuses.net.talos.dev", name, spec)
    found = await look(fleet.maintenance(node))
    assert [(one.name, one.mac, one.speed_mbit) for one in found.cards] == [
        ("eno1", "52:54:00:00:00:01", None),
        ("eno2", "52:54:00:00:00:99", None),
    ]
    assert found.macs == {"52:54:00:00:00:01", "52:54:00:00:00:99"}


async def test_a_board_without_dmi_is_read_all_the_same(fleet: Fleet):
    node = await machine(fleet, SimulatedDisk())
    forget(
        node, SYSTEM, "Processors.hardware.talos.dev", "MemoryModules.hardware.talos.dev", VOLUMES
    )
    found = await look(fleet.maintenance(node))
    assert (found.manufacturer, found.serial, found.uuid) == ("", "", "")
    assert (found.cpus, found.cores, found.memory_mib) == ((), 0, 0)
    assert [disk.name for disk in found.disks] == ["/dev/sda"]
    assert found.warnings == (), "no memory was named, which is not none"


@pytest.mark.parametrize("version", [OLD, NEW])
async def test_without_the_disk_list_the_storage_service_is_asked(fleet: Fleet, version: str):
    node = await machine(fleet, SimulatedDisk(), disks.cdrom(), version=version)
    forget(node, DISKS)
    (disk,) = (await look(fleet.maintenance(node))).disks
    assert (disk.name, disk.model, disk.holds) == ("/dev/sda", "SAMSUNG MZ7L3480", (UNKNOWN,))
    assert disk.install_disk is None, "its transport is not known, and a selector needs one"


async def test_names_from_an_older_talos_are_read_too(fleet: Fleet):
    node = await machine(fleet, SimulatedDisk())
    spec = {"type": "partition", "parent": "sda", "name": "", "partitionLabel": "META", "size": 1}
    node.state.put("runtime", VOLUMES, "sda4", spec)
    (disk,) = (await look(fleet.maintenance(node))).disks
    assert disk.holds == ("Talos node (META)",)


@pytest.mark.parametrize(
    "spec",
    [
        None,
        "text",
        ["a", "list"],
        7,
        {"size": -1},
        {"size": "big"},
        {"size": True},
        {"size": 2**64 - 1},
        {"size": 10**12, "dev_path": {"x": 1}, "wwid": ["y"], "symlinks": "no", "transport": 3},
        {"size": 10**12, "serial": "a\x00b\x1b[31m", "wwid": "x" * 10_000, "model": "\n\n"},
    ],
)
async def test_odd_content_never_raises_and_comes_out_short_and_printable(
    fleet: Fleet, spec: object
):
    node = await machine(fleet, SimulatedDisk())
    for namespace, kind, name in list(node.state._kept):
        if kind != "MachineStatuses.runtime.talos.dev":
            node.state.put(namespace, kind, name, spec)
    found = await look(fleet.maintenance(node))
    for disk in found.disks:
        assert disk.install_disk is None
        for text in (disk.name, disk.model, disk.serial, disk.wwid, *disk.holds):
            assert text.isprintable()
            assert len(text) < 300
    keep.as_wire(found, address="10.0.0.9", pin="p", at=utc_now()).model_dump_json()


async def test_a_machine_that_lists_without_end_is_cut(fleet: Fleet):
    node = await machine(fleet, SimulatedDisk())
    for number in range(MOST_DISKS + 50):
        spec = {"dev_path": f"/dev/x{number}", "size": 10**12, "transport": "sata"}
        node.state.put("runtime", DISKS, f"x{number:05d}", spec)
    assert len((await look(fleet.maintenance(node))).disks) == MOST_DISKS


async def test_two_disks_with_one_mark_are_not_told_apart_by_it(fleet: Fleet):
    twins = [SimulatedDisk("sda", serial="S1"), SimulatedDisk("sdb", serial="S2")]
    found = await look(fleet.maintenance(await machine(fleet, *twins)))
    assert [disk.install_disk for disk in found.disks] == ["serial:S1", "serial:S2"]
    assert any("/dev/sda and /dev/sdb have the same WWID" in said for said in found.warnings)


@pytest.mark.parametrize("wwid", ["*", "naa.5*", "a?", "[a]", "", "a\\b", "x" * 241])
async def test_a_mark_that_could_fit_another_disk_pins_nothing(fleet: Fleet, wwid: str):
    found = await look(
        fleet.maintenance(await machine(fleet, SimulatedDisk(wwid=wwid, serial="S1")))
    )
    assert found.disks[0].install_disk == "serial:S1"


async def test_a_disk_talos_cannot_select_by_a_mark_is_not_pinned(fleet: Fleet):
    found = await look(fleet.maintenance(await machine(fleet, SimulatedDisk(transport=""))))
    assert found.disks[0].install_disk is None
    assert any("no disk tells itself apart" in said for said in found.warnings)


async def test_errors_of_the_client_are_the_caller_s(fleet: Fleet):
    node = await machine(fleet, SimulatedDisk())
    pin = await fleet.maintenance(node).connect()
    node.crash()
    await node.until_boot(2)
    with pytest.raises(WrongKey):
        await look(fleet.maintenance(node, pin))
    node.faults.crashes_before = {"List"}
    with pytest.raises(Unreachable):
        await look(fleet.maintenance(node))


async def test_a_list_that_is_refused_is_empty(fleet: Fleet):
    node = await machine(fleet, SimulatedDisk())
    node.faults.answers["List"] = [(Status.PERMISSION_DENIED, "no access")]
    found = await look(fleet.maintenance(node))
    assert found.cpus == ()
    assert found.disks


async def test_what_was_found_is_kept_as_people_are_shown_it(fleet: Fleet, db: Database):
    node = await machine(fleet, disks.ceph("sda", 1), disks.numbered("sdb", 2))
    found = await look(fleet.maintenance(node))
    async with db.write() as session:
        device_id = (await register(session, ["52:54:00:00:00:01"], utc_now())).id
        assert await keep.read(session, device_id) is None
        for address in ("10.0.0.8", "10.0.0.9"):
            await keep.save(session, device_id, found, address=address, pin=found.pin, at=utc_now())
    async with db.read() as session:
        kept = await keep.read(session, device_id)
    assert kept is not None
    assert (kept.address, kept.pin, kept.talos_version) == ("10.0.0.9", found.pin, OLD)
    assert [disk.holds for disk in kept.disks] == [["Ceph OSD", "LVM"], []]
    assert [disk.install_disk for disk in kept.disks] == [
        "wwid:naa.5002538e00000001",
        "wwid:naa.5002538e00000002",
    ]
    assert kept.warnings == list(found.warnings)
