"""Every verb against a node that has its config, on every version."""

import asyncio
from contextlib import aclosing
from datetime import timedelta

import pytest

from ktizo.core import yaml
from ktizo.nodes.client import payloads
from ktizo.nodes.client.results import ApplyMode, Change, RebootMode, Wipe
from ktizo.nodes.errors import (
    NoSuchResource,
    NotOnThisVersion,
    Refused,
    Rejected,
)
from ktizo.nodes.simulated import Stage
from nodes.conftest import OLD, VERSIONS, Fleet, config_for

pytestmark = pytest.mark.anyio
EVERY = pytest.mark.parametrize("version", VERSIONS)
MACHINE = ("runtime", "MachineStatuses.runtime.talos.dev", "machine")


@EVERY
async def test_it_says_what_it_runs(fleet: Fleet, version: str):
    node = await fleet.member(version=version)
    found = await fleet.client(node).version()
    assert (found.tag, found.os, found.platform, found.rbac) == (version, "linux", "metal", True)
    assert await fleet.client(node).talos_version() == version


@EVERY
async def test_the_kubeconfig_comes_out_of_its_wrapping(fleet: Fleet, version: str):
    node = await fleet.member(version=version)
    found = await fleet.client(node).kubeconfig()
    assert yaml.load(found)["kind"] == "Config"
    assert b"https://10.0.0.10:6443" in found


@EVERY
async def test_services_disks_and_logs_are_read(fleet: Fleet, version: str):
    node = await fleet.member(version=version)
    client = fleet.client(node)
    services = {one.id: one for one in await client.services()}
    assert services["apid"].state == "Running"
    assert services["apid"].healthy is True
    assert services["etcd"].healthy is None
    (disk,) = await client.disks()
    assert (disk.name, disk.wwid, disk.system_disk) == (
        "/dev/sda",
        node.hardware.disks[0].wwid,
        True,
    )
    text = b"".join([part async for part in client.dmesg()])
    assert b"stage maintenance" in text
    assert b"stage booting" in text
    node.service_logs["kubelet"].append(b"one\n")
    node.service_logs["kubelet"].append(b"two\n")
    assert [part async for part in client.logs("kubelet", tail=1)] == [b"two\n"]
    with pytest.raises(NoSuchResource):
        assert [part async for part in client.logs("nothing")] == []


async def test_a_followed_log_gives_lines_as_they_come(fleet: Fleet):
    node = await fleet.member()
    async with aclosing(fleet.client(node).dmesg(follow=True, timeout_s=10)) as found:
        assert b"stage" in await anext(found)
        node.say("hello")
        async for line in found:
            if b"hello" in line:
                break
        coming = asyncio.ensure_future(anext(found))
        node.say("again")
        assert b"again" in await coming


@EVERY
async def test_events_tell_where_a_machine_stands(fleet: Fleet, version: str):
    node = await fleet.member(version=version)
    client = fleet.client(node)
    await client.bootstrap()
    async with aclosing(client.events(tail=-1)) as events:
        async for event in events:
            said = event.payload
            if isinstance(said, payloads.MachineStatus) and said.ready and said.stage == "running":
                break
    assert event.kind == "MachineStatusEvent"
    last = event.id
    node.emit_raw("BrandNewEvent", b"\x08\x01")
    async with aclosing(client.events(after_id=last)) as events:
        event = await anext(events)
    assert (event.kind, event.payload) == ("BrandNewEvent", None)


@EVERY
async def test_applying_says_the_mode_and_a_dry_run_changes_nothing(fleet: Fleet, version: str):
    node = await fleet.member(version=version)
    client = fleet.client(node)
    before = node.config
    config = config_for(fleet.bundle, version=version, hostname="other")
    dry = await client.apply_configuration(config, dry_run=True)
    assert "other" in dry.details
    assert node.config is before
    done = await client.apply_configuration(config, mode=ApplyMode.NO_REBOOT)
    assert done.mode is ApplyMode.NO_REBOOT
    assert node.hostname == "other"
    orders = [order for order in node.orders if order[0] == "ApplyConfiguration"]
    assert [what["mode"] for _, what in orders] == ["AUTO", "NO_REBOOT"]


async def test_a_staged_config_comes_with_the_reboot(fleet: Fleet):
    node = await fleet.member()
    client = fleet.client(node)
    config = config_for(fleet.bundle, hostname="later")
    await client.apply_configuration(config, mode=ApplyMode.STAGED)
    assert node.hostname == "co-1"
    await client.reboot()
    await node.until_boot(3)
    assert node.hostname == "later"
    done = await client.apply_configuration(
        config_for(fleet.bundle, hostname="now"), mode=ApplyMode.REBOOT
    )
    assert done.mode is ApplyMode.REBOOT
    await node.until_boot(4)
    assert node.hostname == "now"


async def test_a_tried_config_goes_back_by_itself(fleet: Fleet):
    node = await fleet.member()
    config = config_for(fleet.bundle, hostname="tried")
    await fleet.client(node).apply_configuration(
        config, mode=ApplyMode.TRY, try_for=timedelta(milliseconds=50)
    )
    assert node.hostname == "tried"
    async with asyncio.timeout(5):
        while node.hostname == "tried":
            await asyncio.sleep(0)
    assert node.hostname == "co-1"


async def test_a_config_a_node_cannot_read_is_rejected(fleet: Fleet):
    node = await fleet.member()
    with pytest.raises(Rejected, match="failed to parse config"):
        await fleet.client(node).apply_configuration(b"machine: {type: teapot}")


@EVERY
async def test_a_reset_wipes_and_leaves_etcd(fleet: Fleet, version: str):
    first = await fleet.member(version=version)
    second = await fleet.member(version=version)
    await fleet.client(first).bootstrap()
    await second.until(Stage.RUNNING, ready=True)
    client = fleet.client(second)
    accepted = await client.reset(graceful=True, reboot=True)
    assert accepted.actor_id
    await second.until(Stage.MAINTENANCE)
    assert second.config is None
    assert not second.system_disk
    left = await fleet.client(first).etcd.members()
    assert [member.hostname for member in left] == ["co-1"]


async def test_a_reset_of_some_partitions_keeps_the_others(fleet: Fleet):
    node = await fleet.member()
    await fleet.client(node).reset(graceful=False, partitions=("EPHEMERAL",), wipe=Wipe.SYSTEM_DISK)
    await node.until(Stage.OFF)
    assert node.system_disk == "sda"
    assert node.config is not None


async def test_power(fleet: Fleet):
    node = await fleet.member()
    client = fleet.client(node)
    await client.reboot(RebootMode.POWERCYCLE)
    await node.until_boot(3)
    await client.reboot(RebootMode.FORCE)
    await node.until_boot(4)
    await client.shutdown(force=True)
    await node.until(Stage.OFF)
    assert [what["mode"] for name, what in node.orders if name == "Reboot"] == [
        "POWERCYCLE",
        "FORCE",
    ]


async def test_a_forced_reboot_is_not_sent_to_a_talos_that_reads_it_as_another(fleet: Fleet):
    node = await fleet.member(version="v1.9.6")
    with pytest.raises(NotOnThisVersion, match=r"1\.12"):
        await fleet.client(node).reboot(RebootMode.FORCE)
    assert not node.calls["Reboot"]


@EVERY
async def test_resources_are_read_listed_and_watched(fleet: Fleet, version: str):
    node = await fleet.member(version=version)
    resources = fleet.client(node).resources
    found = await resources.get(*MACHINE)
    assert found.spec["stage"] == "booting"
    (disk,) = await resources.list("runtime", "Disks.block.talos.dev")
    assert disk.spec["wwid"] == node.hardware.disks[0].wwid
    links = await resources.list("network", "LinkStatuses.net.talos.dev", id_pattern="^eno2")
    assert links == ()
    with pytest.raises(NoSuchResource):
        await resources.get("runtime", "Disks.block.talos.dev", "sdz")
    with pytest.raises(Rejected):
        await resources.list("runtime", "Disks.block.talos.dev", id_pattern="(")
    async with aclosing(resources.watch(*MACHINE)) as watch:
        first = await anext(watch)
        assert (first.change, first.resource.spec["stage"]) == (Change.CREATED, "booting")
        await fleet.client(node).bootstrap()
        second = await anext(watch)
    assert (second.change, second.resource.spec["status"]["ready"]) == (Change.UPDATED, True)
    assert second.old.spec["stage"] == "booting"


async def test_a_watch_of_a_type_says_when_the_first_list_is_whole(fleet: Fleet):
    node = await fleet.member()
    watch = fleet.client(node).resources.watch("runtime", "Disks.block.talos.dev")
    async with aclosing(watch):
        changes = [(await anext(watch)).change for _ in range(2)]
        node.state.put("runtime", "Disks.block.talos.dev", "sdb", {"dev_path": "/dev/sdb"})
        added = await anext(watch)
    assert changes == [Change.CREATED, Change.BOOTSTRAPPED]
    assert added.resource.id == "sdb"


async def test_a_role_decides_what_a_certificate_may(fleet: Fleet):
    node = await fleet.member()
    reader = fleet.with_roles(node, "os:reader")
    assert (await reader.version()).tag == OLD
    for call in (reader.bootstrap(), reader.reboot(), reader.reset()):
        with pytest.raises(Refused, match="not authorized"):
            await call
    with pytest.raises(Refused):
        await reader.resources.get("config", "MachineConfigs.config.talos.dev", "v1alpha1")
    with pytest.raises(Refused):
        await reader.apply_configuration(config_for(fleet.bundle))
    operator = fleet.with_roles(node, "os:operator")
    assert (await operator.reboot()).actor_id
    assert [name for name, _ in node.orders] == ["ApplyConfiguration", "Reboot"]


async def test_calls_run_side_by_side_on_one_line(fleet: Fleet):
    node = await fleet.member()
    client = fleet.client(node)
    await client.connect()
    calls = [client.version() for _ in range(50)] + [client.disks() for _ in range(50)]
    found = await asyncio.gather(*calls)
    assert len(found) == 100
    assert node.calls["Version"] == node.calls["Disks"] == 50
