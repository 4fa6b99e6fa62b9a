"""Taking a node out: disarmed before any order, out of etcd, wiped once, forgotten."""

import pytest

from ktizo.clusters import store as clusters
from ktizo.core.errors import KtizoError
from ktizo.devices import store as devices
from ktizo.devices.approval import ConfirmationMissing
from ktizo.nodes import store
from ktizo.nodes.quorum import QuorumLost
from ktizo.nodes.simulated import Stage
from ktizo.nodes.work import remove_member
from nodes.work.conftest import Yard
from nodes.work.running import KillAt, KillIn, killed, orders, refused, running, said, states, wish

pytestmark = [pytest.mark.anyio, pytest.mark.enable_socket]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remove_member, "SILENT_S", 0.3)


def impatient(monkeypatch: pytest.MonkeyPatch, seconds: float = 1.5) -> None:
    monkeypatch.setattr(remove_member, "GONE_S", seconds)
    monkeypatch.setattr(remove_member, "LEFT_S", seconds)


async def remove(yard: Yard, device_id: int, **more: object) -> int:
    async with yard.db.read() as session:
        name = (await devices.get(session, device_id)).hostname
    return await wish(yard, "remove_member", device_id=device_id, confirm=name, **more)


async def forgotten(yard: Yard, device_id: int) -> bool:
    async with yard.db.read() as session:
        member = await clusters.find_member(session, device_id)
        seen = await store.nodes(session, [device_id])
    return member is None and not seen and yard.nodes.news.of(device_id) is None


async def disarmed(yard: Yard, device_id: int) -> bool:
    async with yard.db.read() as session:
        lease = await devices.open_lease(session, device_id)
    return await yard.state(device_id) == "pending" and lease is None


@pytest.mark.parametrize("version", ["v1.9.6", "v1.12.11", "v1.13.9", "v1.14.0-rc.1"])
async def test_a_control_plane_leaves_etcd_is_wiped_and_forgotten(yard: Yard, version: str):
    ids = await running(yard, workers=0, version=version)
    gone = yard.machines[ids[1]]
    row = await yard.ended(await remove(yard, ids[1]))
    assert set(states(row).values()) == {"done"}
    assert [one.hostname for one in gone.cluster.members.values()] == []  # it has no config now
    left = yard.machines[ids[0]].cluster
    assert sorted(one.hostname for one in left.members.values()) == ["cp-1", "cp-3"]
    assert gone.orders[-1] == ("Reset", {"graceful": True, "reboot": True, "labels": ()})
    assert (gone.stage, gone.system_disk) == (Stage.MAINTENANCE, "")
    assert await forgotten(yard, ids[1])
    assert await disarmed(yard, ids[1])
    assert "kubectl delete node cp-2" in said(row)["forget"]
    assert all(orders(yard.machines[one], "Reset") == [] for one in (ids[0], ids[2]))


async def test_a_worker_is_taken_out_without_asking_etcd(yard: Yard):
    ids = await running(yard, planes=1, workers=1)
    row = await yard.ended(await remove(yard, ids[1]))
    assert states(row)["etcd"] == "skipped"
    assert yard.machines[ids[1]].in_maintenance
    assert await forgotten(yard, ids[1])


async def test_it_is_disarmed_before_anything_is_ordered(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
):
    ids = await running(yard, planes=1, workers=1)
    seen: list[bool] = []
    real = remove_member._order

    async def order(*what: object) -> None:
        seen.append(await disarmed(yard, ids[1]))
        assert orders(yard.machines[ids[1]], "Reset") == []
        await real(*what)  # type: ignore[arg-type]

    monkeypatch.setattr(remove_member, "_order", order)
    await yard.ended(await remove(yard, ids[1]))
    assert seen == [True]


async def test_the_wrong_name_removes_nothing(yard: Yard):
    ids = await running(yard, planes=1, workers=1)
    wrong = {"device_id": ids[1], "confirm": "worker-9"}
    await refused(yard, "remove_member", ConfirmationMissing, "worker-2", **wrong)
    assert await yard.state(ids[1]) == "running"


async def test_the_only_control_plane_is_not_removed(yard: Yard):
    ids = await running(yard, planes=1, workers=1)
    await refused(
        yard, "remove_member", QuorumLost, "the only member", device_id=ids[0], confirm="cp-1"
    )


async def test_a_removal_that_would_cost_the_quorum_is_refused_with_the_arithmetic(yard: Yard):
    ids = await running(yard, planes=3, workers=0)
    await yard.machines[ids[2]].power_off()

    async def noticed() -> bool:
        seen = yard.nodes.news.of(ids[2])
        return seen is not None and not seen.ready

    await yard.until("it is missed", noticed)
    wanted = {"device_id": ids[0], "confirm": "cp-1"}
    await refused(yard, "remove_member", QuorumLost, "needs 2 up and would have 1", **wanted)


async def test_the_work_asks_etcd_itself(yard: Yard, monkeypatch: pytest.MonkeyPatch):
    """What was seen of the nodes is older than what etcd says now."""
    ids = await running(yard, planes=3, workers=0)
    third = yard.machines[ids[2]]
    third.cluster.nodes.pop(third.uuid)  # its etcd is down, its API is not
    third.faults.crashes_before.add("EtcdStatus")
    third.faults.stays_away = True
    row = await yard.ended(await remove(yard, ids[0]), "stopped")
    assert "needs 2 up and would have 1" in row.said
    assert await yard.state(ids[0]) == "running", "it was not even disarmed"
    assert orders(yard.machines[ids[0]], "Reset") == []


async def test_a_dead_member_needs_force_and_is_voted_out(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
):
    ids = await running(yard, planes=3, workers=0)
    third = yard.machines[ids[2]]
    await third.power_off()
    work_id = await remove(yard, ids[2])
    row = await yard.ended(work_id, "stopped")
    assert "remove it with force" in row.said
    async with yard.db.write() as session:
        found = await store.work(session, work_id)
        found.state, found.ended_at = "abandoned", found.updated_at
    row = await yard.ended(await remove(yard, ids[2], force=True))
    left = yard.machines[ids[0]].cluster
    assert sorted(one.hostname for one in left.members.values()) == ["cp-1", "cp-2"]
    assert states(row)["reset"] == "skipped"
    assert "never wiped" in said(row)["forget"]
    assert third.orders[-1][0] != "Reset"
    assert third.system_disk, "nothing on it was touched"
    assert await forgotten(yard, ids[2])
    assert await disarmed(yard, ids[2])


async def test_a_lost_answer_is_no_proof_for_a_worker(yard: Yard, monkeypatch: pytest.MonkeyPatch):
    ids = await running(yard, planes=1, workers=1)
    impatient(monkeypatch)
    worker = yard.machines[ids[1]]
    worker.faults.crashes_before.add("Reset")
    worker.faults.stays_away = True
    work_id = await remove(yard, ids[1])
    row = await yard.ended(work_id, "stopped")
    assert "its answer to the order was lost" in row.said
    assert not await forgotten(yard, ids[1])
    worker.faults.crashes_before.clear()
    worker.faults.stays_away = False
    await worker.power_on()
    await yard.retry(work_id)
    await yard.ended(work_id)
    assert orders(worker, "Reset") == ["Reset"]
    assert await forgotten(yard, ids[1])


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["crashes_before", "reboots_in", "drop_after"])
@pytest.mark.parametrize("which", [1, 3])
async def test_a_node_may_fail_at_the_order(
    yard: Yard, monkeypatch: pytest.MonkeyPatch, fault: str, which: int
):
    ids = await running(yard, planes=3, workers=1)
    impatient(monkeypatch, 5.0)
    machine = yard.machines[ids[which]]
    if fault == "drop_after":
        machine.faults.drop_after["Reset"] = 0
    else:
        getattr(machine.faults, fault).add("Reset")
    boots = machine.boots
    work_id = await remove(yard, ids[which])
    await machine.until_boot(boots + 1)
    machine.faults.crashes_before.clear()
    machine.faults.reboots_in.clear()
    row = await yard.ended(work_id, "done", "stopped")
    if row.state == "stopped":
        assert not machine.in_maintenance
        await yard.retry(work_id)
        await yard.ended(work_id)
    assert orders(machine, "Reset") == ["Reset"]
    assert machine.in_maintenance
    assert await forgotten(yard, ids[which])
    for one in ids:
        assert one == ids[which] or orders(yard.machines[one], "Reset") == []


@pytest.mark.slow
@pytest.mark.parametrize("durable", [False, True])
@pytest.mark.parametrize("number", range(1, 17))
async def test_a_kill_at_any_note_wipes_once_and_only_what_was_asked_for(
    yard: Yard, monkeypatch: pytest.MonkeyPatch, number: int, durable: bool
):
    ids = await running(yard, planes=2, workers=1)
    impatient(monkeypatch, 3.0)
    KillAt(monkeypatch, number, after=durable)
    work_id = await remove(yard, ids[2])
    await killed(yard, work_id)
    row = await yard.ended(work_id, "done", "stopped")
    worker = yard.machines[ids[2]]
    assert len(orders(worker, "Reset")) <= 1
    if row.state == "stopped":
        await yard.retry(work_id)
        await yard.ended(work_id)
    assert orders(worker, "Reset") == ["Reset"]
    assert await forgotten(yard, ids[2])
    assert await disarmed(yard, ids[2])
    for one in ids[:2]:
        assert yard.machines[one].system_disk
        assert await yard.state(one) == "running"


@pytest.mark.slow
@pytest.mark.parametrize("answered", [False, True])
@pytest.mark.parametrize("which", [1, 3])
async def test_a_kill_in_the_order_wipes_once(
    yard: Yard, monkeypatch: pytest.MonkeyPatch, which: int, answered: bool
):
    ids = await running(yard, planes=3, workers=1)
    impatient(monkeypatch, 3.0)
    kill = KillIn(monkeypatch, "MachineService/Reset", after=answered)
    work_id = await remove(yard, ids[which])
    assert await killed(yard, work_id)
    assert kill.hit
    row = await yard.ended(work_id, "done", "stopped")
    machine = yard.machines[ids[which]]
    assert len(orders(machine, "Reset")) == int(answered)
    if row.state == "stopped":
        await yard.retry(work_id)
        await yard.ended(work_id)
    assert orders(machine, "Reset") == ["Reset"]
    assert await forgotten(yard, ids[which])
    assert await disarmed(yard, ids[which])


async def test_a_machine_that_was_never_installed_just_goes(yard: Yard):
    await running(yard, planes=1, workers=0)
    device_id = await yard.approved("worker")

    async def waits() -> bool:
        seen = yard.nodes.news.of(device_id)
        return seen is not None and seen.state == "maintenance"

    async with yard.db.write() as session:  # as the first contact in maintenance mode notes it
        lease = await devices.open_lease(session, device_id)
        assert lease is not None
        lease.config_address = yard.machines[device_id].host
        member = await clusters.member(session, device_id)
        member.install_disk = "serial:S1"
        await clusters.save_member(session, member)
    yard.nodes.watch.look()
    await yard.until("it waits in memory", waits)
    row = await yard.ended(await remove(yard, device_id))
    assert states(row)["reset"] == "skipped"
    assert "joins again" not in said(row)["forget"]
    assert await disarmed(yard, device_id)
    assert orders(yard.machines[device_id]) == []


@pytest.mark.parametrize("state", ["rejected", "conflict"])
async def test_what_an_operator_has_to_look_at_stays_that(yard: Yard, state: str):
    ids = await running(yard, planes=1, workers=1)
    async with yard.db.write() as session:
        (await devices.get(session, ids[1])).state = state
    await yard.ended(await remove(yard, ids[1]))
    assert await yard.state(ids[1]) == state
    assert orders(yard.machines[ids[1]])[-1] == "Reset"


async def test_another_clusters_machine_is_not_taken_out(yard: Yard):
    await running(yard, planes=1, workers=1)
    await refused(yard, "remove_member", KtizoError, "no cluster", device_id=77, confirm="x")
