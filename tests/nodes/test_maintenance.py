"""What works on a machine that has no config yet, by version, and what is not even sent."""

from collections.abc import Callable
from typing import Any

import pytest

from ktizo.core.clock import utc_now
from ktizo.nodes.client import NodeClient, admin_access
from ktizo.nodes.client.results import ApplyMode
from ktizo.nodes.errors import NodeError, NotInThisMode, Rejected
from ktizo.nodes.simulated import Stage
from nodes.conftest import NEW, OLD, VERSIONS, Fleet, config_for

pytestmark = pytest.mark.anyio
EVERY = pytest.mark.parametrize("version", VERSIONS)
PARTIAL = b"apiVersion: v1alpha1\nkind: EventSinkConfig\nendpoint: 10.0.0.1:8080\n"


async def all_of(stream: Any) -> list[Any]:
    return [one async for one in stream]


NEVER: dict[str, Callable[[NodeClient], Any]] = {
    "Bootstrap": lambda node: node.bootstrap(),
    "Kubeconfig": lambda node: node.kubeconfig(),
    "Reset": lambda node: node.reset(),
    "Reboot": lambda node: node.reboot(),
    "Shutdown": lambda node: node.shutdown(),
    "Upgrade": lambda node: node.installing.upgrade("x:v1.13.9"),
    "Pull": lambda node: all_of(node.installing.pull("x:v1.13.9")),
    "Install": lambda node: all_of(node.installing.install("x:v1.13.9", "/dev/sda")),
    "EtcdMemberList": lambda node: node.etcd.members(),
    "EtcdStatus": lambda node: node.etcd.status(),
    "EtcdSnapshot": lambda node: all_of(node.etcd.snapshot()),
    "EtcdLeaveCluster": lambda node: node.etcd.leave(),
    "EtcdForfeitLeadership": lambda node: node.etcd.forfeit_leadership(),
    "EtcdRemoveMemberByID": lambda node: node.etcd.remove(1),
}
FROM_1_13: dict[str, Callable[[NodeClient], Any]] = {
    "Version": lambda node: node.version(),
    "ServiceList": lambda node: node.services(),
    "Dmesg": lambda node: all_of(node.dmesg()),
    "Logs": lambda node: all_of(node.logs("machined")),
    "Events": lambda node: anext(node.events(tail=-1)),
}


@EVERY
@pytest.mark.parametrize("name", NEVER)
async def test_what_cannot_work_is_refused_before_it_is_sent(fleet: Fleet, version: str, name: str):
    node = await fleet.machine(version)
    with pytest.raises(NotInThisMode, match="maintenance mode"):
        await NEVER[name](fleet.maintenance(node))
    assert not node.calls, "not even a connection was needed"


@EVERY
@pytest.mark.parametrize("name", FROM_1_13)
async def test_a_reader_s_calls_work_from_1_13_on(fleet: Fleet, version: str, name: str):
    node = await fleet.machine(version)
    client = fleet.maintenance(node)
    if node.minor >= (1, 13):
        await FROM_1_13[name](client)
        assert node.calls[name] == 1
        return
    with pytest.raises(NotInThisMode, match=r"of Talos 1\.(9|12)\. "):
        await FROM_1_13[name](client)
    # 1.9 has no resource to read its version from, so the probe asks for Version.
    expected = 1 if (name, version) == ("Version", "v1.9.6") else 0
    assert node.calls[name] == expected


@EVERY
async def test_the_version_is_found_without_the_call_version(fleet: Fleet, version: str):
    node = await fleet.machine(version)
    client = fleet.maintenance(node)
    assert await client.talos_version() == ("" if node.minor < (1, 10) else version)
    assert await client.minor() == node.minor


@EVERY
async def test_disks_and_resources_can_be_looked_at(fleet: Fleet, version: str):
    node = await fleet.machine(version)
    client = fleet.maintenance(node)
    (disk,) = await client.disks()
    assert disk.serial == node.hardware.disks[0].serial
    assert not disk.system_disk
    board = await client.resources.get(
        "hardware", "SystemInformations.hardware.talos.dev", "systeminformation"
    )
    assert board.spec["uuid"] == node.uuid
    assert await client.resources.list("runtime", "SystemDisks.block.talos.dev") == ()


@EVERY
async def test_a_config_turns_it_into_a_member_of_that_cluster(fleet: Fleet, version: str):
    node = await fleet.machine(version)
    config = config_for(fleet.bundle, version=version)
    client = fleet.maintenance(node)
    await client.apply_configuration(config, dry_run=True)
    assert node.config is None
    await client.apply_configuration(config)
    await node.until_boot(2)
    assert node.system_disk == "sda"
    assert (await fleet.client(node).version()).tag == version
    assert node.calls["ApplyConfiguration"] == 2


@EVERY
@pytest.mark.parametrize("mode", [ApplyMode.NO_REBOOT, ApplyMode.STAGED])
async def test_modes_maintenance_does_not_have_are_not_sent(
    fleet: Fleet, version: str, mode: ApplyMode
):
    node = await fleet.machine(version)
    client, config = fleet.maintenance(node), config_for(fleet.bundle, version=version)
    if node.minor >= (1, 13):
        assert (await client.apply_configuration(config, mode=mode)).mode is mode
        return
    with pytest.raises(NotInThisMode, match="auto, reboot and try"):
        await client.apply_configuration(config, mode=mode)
    assert not node.calls["ApplyConfiguration"]


async def test_from_1_13_a_reboot_becomes_none(fleet: Fleet):
    node = await fleet.machine(NEW)
    config = config_for(fleet.bundle, version=NEW)
    done = await fleet.maintenance(node).apply_configuration(config, mode=ApplyMode.REBOOT)
    assert done.mode is ApplyMode.NO_REBOOT


async def test_a_partial_config_installs_nothing(fleet: Fleet):
    node = await fleet.machine()
    client = fleet.maintenance(node)
    await client.apply_configuration(PARTIAL)
    assert node.stage is Stage.MAINTENANCE
    assert not node.system_disk
    assert len(await client.disks()) == 1


@pytest.mark.parametrize("version", [OLD, NEW])
async def test_what_is_not_a_config_is_not_taken(fleet: Fleet, version: str):
    node = await fleet.machine(version)
    # Up to 1.12 the maintenance service gives no code to a config it cannot parse.
    with pytest.raises(Rejected if version == NEW else NodeError, match="failed to parse config"):
        await fleet.maintenance(node).apply_configuration(b"a: [")
    assert not node.orders


async def test_nothing_sensitive_is_read_without_a_certificate(fleet: Fleet):
    node = await fleet.machine(NEW)
    client = fleet.maintenance(node)
    with pytest.raises(NodeError, match="PERMISSION_DENIED"):
        await client.resources.list("config", "MachineConfigs.config.talos.dev")


async def test_a_certificate_does_not_help_in_maintenance_mode(fleet: Fleet):
    node = await fleet.machine()
    access = admin_access(fleet.bundle, now=utc_now())
    with pytest.raises(NodeError, match="maintenance mode, belongs to another cluster"):
        await fleet.client(node, access).disks()
    assert not node.calls
