"""etcd, installing and upgrading on a node that has its config, on every version."""

import pytest

from ktizo.nodes.errors import (
    AlreadyDone,
    Busy,
    NodeError,
    NoSuchResource,
    NotOnThisVersion,
)
from ktizo.nodes.simulated import Stage
from nodes.conftest import NEW, OLD, VERSIONS, Fleet

pytestmark = pytest.mark.anyio
EVERY = pytest.mark.parametrize("version", VERSIONS)
MACHINE = ("runtime", "MachineStatuses.runtime.talos.dev", "machine")


@EVERY
async def test_etcd_is_bootstrapped_once(fleet: Fleet, version: str):
    node = await fleet.member(version=version)
    client = fleet.client(node)
    await client.bootstrap()
    await node.until(Stage.RUNNING, ready=True)
    with pytest.raises(AlreadyDone, match="not empty"):
        await client.bootstrap()
    assert node.cluster.bootstraps == [node.uuid]
    assert node.calls["Bootstrap"] == 2


async def test_a_worker_is_never_bootstrapped(fleet: Fleet):
    await fleet.member()
    worker = await fleet.member("worker")
    with pytest.raises(Busy, match="control plane"):
        await fleet.client(worker).bootstrap()


@EVERY
async def test_a_classic_upgrade_comes_back_as_the_new_version(fleet: Fleet, version: str):
    node = await fleet.member(version=version)
    client = fleet.client(node)
    accepted = await client.installing.upgrade("factory.talos.dev/x:v1.14.2")
    assert "received" in accepted.said
    await node.until_boot(3)
    assert (await client.version()).tag == "v1.14.2"
    assert node.calls["Upgrade"] == 1


async def test_upgrading_in_steps_from_1_13_on(fleet: Fleet):
    node = await fleet.member(version=NEW)
    client, image = fleet.client(node), "factory.talos.dev/x:v1.14.2"
    with pytest.raises(NoSuchResource, match="pull it first"):
        assert [step async for step in client.installing.install_upgrade(image)] == []
    pulled = [step async for step in client.installing.pull(image)]
    assert pulled[0].status == "downloading"
    assert pulled[-1].image == image
    steps = [step async for step in client.installing.install_upgrade(image)]
    assert [step.exit_code for step in steps] == [None, None, 0]
    assert (await client.version()).tag == NEW
    await client.reboot()
    await node.until_boot(3)
    assert (await client.version()).tag == "v1.14.2"


async def test_an_installer_that_fails_is_an_error_although_grpc_is_content(fleet: Fleet):
    node = await fleet.member(version=NEW)
    client, image = fleet.client(node), "factory.talos.dev/x:v1.14.2"
    node.pulled.add(image)
    node.installer_exit_code = 1
    with pytest.raises(NodeError, match="exit code 1"):
        assert [step.message async for step in client.installing.install_upgrade(image)] == []
    with pytest.raises(AlreadyDone):
        assert [step async for step in client.installing.install(image, "/dev/sda")] == []


async def test_an_older_talos_has_no_lifecycle_service_and_is_not_asked(fleet: Fleet):
    node = await fleet.member(version=OLD)
    with pytest.raises(NotOnThisVersion, match="Use upgrade"):
        assert [step async for step in fleet.client(node).installing.pull("x:v1.13.9")] == []
    assert not node.calls["Pull"]


@EVERY
async def test_etcd_verbs(fleet: Fleet, version: str):
    nodes = [await fleet.member(version=version) for _ in range(3)]
    clients = [fleet.client(node) for node in nodes]
    with pytest.raises(Busy, match="not running"):
        await clients[0].etcd.members()
    await clients[0].bootstrap()
    members = {one.hostname: one for one in await clients[1].etcd.members()}
    assert set(members) == {"co-1", "co-2", "co-3"}
    assert members["co-1"].id >> 63, "ids use all 64 bits"
    status = await clients[0].etcd.status()
    assert status.member_id == status.leader_id == members["co-1"].id
    assert await clients[0].etcd.forfeit_leadership() == "co-2"
    assert await clients[2].etcd.forfeit_leadership() == ""
    await clients[2].etcd.leave()
    assert len(await clients[0].etcd.members()) == 2
    await clients[0].etcd.remove(members["co-2"].id)
    assert [one.hostname for one in await clients[0].etcd.members()] == ["co-1"]
    with pytest.raises(NoSuchResource):
        await clients[0].etcd.remove(1)


async def test_without_a_quorum_only_the_local_list_answers(fleet: Fleet):
    nodes = [await fleet.member() for _ in range(3)]
    await fleet.client(nodes[0]).bootstrap()
    for node in nodes[1:]:
        await node.power_off()
    client = fleet.client(nodes[0])
    with pytest.raises(Busy, match="no leader"):
        await client.etcd.members()
    assert len(await client.etcd.members(local=True)) == 3
    assert (await client.etcd.status()).leader_id == 0


async def test_a_snapshot_comes_in_pieces(fleet: Fleet):
    node = await fleet.member()
    node.etcd_snapshot_bytes = 3_000_001
    client = fleet.client(node)
    await client.bootstrap()
    pieces = [piece async for piece in client.etcd.snapshot()]
    assert sum(map(len, pieces)) == 3_000_001
    assert max(map(len, pieces)) < 100_000
