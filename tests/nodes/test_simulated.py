"""The simulated machine keeps Talos's rules; what is built on it can rely on that."""

import asyncio
import time

import pytest

from ktizo.nodes.client import Address, Maintenance, NodeClient
from ktizo.nodes.errors import Busy, Unreachable
from ktizo.nodes.simulated import (
    Hardware,
    Lan,
    SimulatedDisk,
    SimulatedNode,
    Stage,
    Timings,
    disks,
)
from ktizo.nodes.simulated.answers import _ANSWERS
from ktizo.nodes.wire.events_pb2 import SequenceEvent
from ktizo.nodes.wire.methods import METHODS
from nodes.conftest import Fleet, config_for

pytestmark = pytest.mark.anyio


async def test_every_method_of_the_client_has_an_answer():
    assert set(_ANSWERS) == set(METHODS)


async def test_a_worker_s_api_waits_for_a_control_plane(fleet: Fleet):
    worker = await fleet.machine()
    await fleet.maintenance(worker).apply_configuration(config_for(fleet.bundle, "worker"))
    await worker.until(Stage.BOOTING)
    with pytest.raises(Unreachable):
        await fleet.client(worker, dial_s=0.3).version()
    await fleet.member()
    await worker.until_boot(2)
    assert (await fleet.client(worker).version()).tag


async def test_nobody_is_ready_before_etcd_is(fleet: Fleet):
    first = await fleet.member()
    worker = await fleet.member("worker")
    assert not first.ready
    assert not worker.ready
    status = await fleet.client(worker).resources.get(
        "runtime", "MachineStatuses.runtime.talos.dev", "machine"
    )
    unmet = [one["name"] for one in status.spec["status"]["unmetConditions"]]
    assert unmet == ["services", "nodeReady"]
    await fleet.client(first).bootstrap()
    await worker.until(Stage.RUNNING, ready=True)
    assert first.ready


async def test_losing_the_quorum_is_seen_everywhere_and_heals(fleet: Fleet):
    nodes = [await fleet.member() for _ in range(3)]
    await fleet.client(nodes[0]).bootstrap()
    for node in nodes:
        await node.until(Stage.RUNNING, ready=True)
    await nodes[1].power_off()
    assert nodes[0].ready
    await nodes[2].power_off()
    assert not nodes[0].ready
    with pytest.raises(Busy):
        await fleet.client(nodes[0]).etcd.members()
    await nodes[1].power_on()
    await nodes[0].until(Stage.RUNNING, ready=True)
    assert len(await fleet.client(nodes[0]).etcd.members()) == 3, "the same members as before"


async def test_a_member_that_was_wiped_by_force_stays_on_the_list(fleet: Fleet):
    nodes = [await fleet.member() for _ in range(3)]
    client = fleet.client(nodes[0])
    await client.bootstrap()
    await fleet.client(nodes[2]).reset(graceful=False, reboot=True)
    await nodes[2].until(Stage.MAINTENANCE)
    assert len(await client.etcd.members()) == 3


async def test_an_upgrade_that_would_cost_the_quorum_is_refused(fleet: Fleet):
    nodes = [await fleet.member() for _ in range(3)]
    await fleet.client(nodes[0]).bootstrap()
    await nodes[2].power_off()
    client = fleet.client(nodes[0])
    with pytest.raises(Busy, match="1 of 3"):
        await client.installing.upgrade("x:v1.12.12")
    assert nodes[0].version == "v1.12.11"


async def test_a_staged_upgrade_waits_for_the_reboot(fleet: Fleet):
    node = await fleet.member()
    client = fleet.client(node)
    await client.installing.upgrade("x:v1.12.12", stage=True)
    assert (await client.version()).tag == "v1.12.11"
    await client.reboot()
    await node.until_boot(3)
    assert (await client.version()).tag == "v1.12.12"


async def test_disks_show_what_is_on_them(fleet: Fleet):
    ceph = SimulatedDisk("sdb", volumes=(("ceph", "", "osd.3", 10**12),))
    node = SimulatedNode(hardware=Hardware(disks=(SimulatedDisk(), ceph)), lan=Lan())
    fleet.nodes.append(node)
    await node.power_on()
    found = await fleet.maintenance(node).resources.list(
        "runtime", "DiscoveredVolumes.block.talos.dev", id_pattern="^sdb"
    )
    assert [(one.id, one.spec["name"]) for one in found] == [("sdb", "gpt"), ("sdb1", "ceph")]
    assert found[1].spec["parent_dev_path"] == "/dev/sdb"


async def test_it_answers_on_an_address_of_its_own(fleet: Fleet):
    nodes = [await fleet.machine(host=f"127.50.0.{number}") for number in (1, 2)]
    for node in nodes:
        again = SimulatedNode(node.host, 50_000, lan=fleet.lan)
        fleet.nodes.append(again)
        await again.power_on()
        async with NodeClient(Address(node.host), Maintenance()) as client:
            assert len(await client.disks()) == 1


async def test_things_take_the_time_they_are_given(fleet: Fleet):
    timings = Timings(boot_s=0.05, install_s=0.05)
    node = SimulatedNode(lan=fleet.lan, timings=timings)
    fleet.nodes.append(node)
    begin = time.monotonic()
    await node.power_on()
    assert time.monotonic() - begin >= 0.05
    await fleet.maintenance(node).apply_configuration(config_for(fleet.bundle))
    await node.until(Stage.INSTALLING)
    await node.until_boot(2)
    assert time.monotonic() - begin >= 0.15


async def test_a_hundred_machines_fit_into_one_process(fleet: Fleet):
    nodes = [
        SimulatedNode(hardware=Hardware.number(number), lan=fleet.lan) for number in range(100)
    ]
    fleet.nodes += nodes
    for node in nodes:
        await node.power_on()
    clients = [fleet.maintenance(node) for node in nodes]
    found = []
    for at in range(0, 100, 10):  # as many at once as a busy machine answers within a deadline
        found += await asyncio.gather(*(client.disks() for client in clients[at : at + 10]))
    assert len({disks[0].serial for disks in found}) == 100
    assert len({await client.connect() for client in clients}) == 100, "each has its own key"


async def test_without_the_disk_its_config_names_nothing_is_written(fleet: Fleet):
    gone = SimulatedDisk("nvme0n1", whole="zfs")
    node = SimulatedNode(hardware=Hardware(disks=(gone,)), lan=fleet.lan)
    fleet.nodes.append(node)
    await node.power_on()
    await fleet.maintenance(node).apply_configuration(config_for(fleet.bundle))
    await node.until_boot(2)
    assert node.stage is Stage.MAINTENANCE
    assert (node.wiped, node.system_disk) == ([], "")
    assert node.hardware.disks == (gone,)
    said = [one for one in node.events.since(0) if one.data.type_url.endswith(".SequenceEvent")]
    event = SequenceEvent.FromString(said[-1].data.value)
    assert event.sequence == "install"
    assert "no disk matches" in event.error.message


async def test_an_installation_leaves_nothing_else_on_its_disk_and_a_reset_nothing_at_all(
    fleet: Fleet,
):
    node = SimulatedNode(hardware=Hardware(disks=(disks.ceph("sda", 1),)), lan=fleet.lan)
    fleet.nodes.append(node)
    await node.power_on()
    await fleet.maintenance(node).apply_configuration(config_for(fleet.bundle))
    await node.until_boot(2)
    assert node.hardware.disks[0].has_talos
    assert not node.hardware.disks[0].whole
    await fleet.client(node).reset(graceful=False, reboot=True)
    await node.until_boot(3)
    assert (node.hardware.disks[0].volumes, node.system_disk) == ((), "")
