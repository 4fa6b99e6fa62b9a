"""From machines with configs to a cluster: etcd begins once, whatever happens in between."""

import pytest
from grpclib.const import Status

from core.databases import KINDS
from ktizo.nodes import store
from ktizo.nodes.work.work import Work
from nodes.work.conftest import Yard

pytestmark = [pytest.mark.anyio, pytest.mark.enable_socket]


def steps(row: object) -> dict[str, str]:
    return {one["name"]: one["state"] for one in row.steps}  # type: ignore[attr-defined]


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("version", ["v1.9.6", "v1.12.11", "v1.13.9", "v1.14.0-rc.1"])
async def test_three_control_planes_and_two_workers_become_a_cluster(
    yard: Yard, version: str
) -> None:
    await yard.cluster(version)
    planes = [await yard.member(version=version) for _ in range(3)]
    workers = [await yard.member("worker", version) for _ in range(2)]
    work_id = await yard.begin("bring_up")
    row = await yard.ended(work_id)
    assert set(steps(row).values()) == {"done"}
    assert yard.bootstraps == [yard.machines[planes[0]].uuid]
    assert all(yard.machines[one].ready for one in planes + workers)
    assert {await yard.state(one) for one in planes + workers} == {"running"}
    async with yard.db.read() as session:
        begun = await store.bootstrap(session, row.cluster_id)
    assert begun is not None
    assert (begun.device_id, begun.done_at is not None) == (planes[0], True)


async def test_it_waits_for_most_control_planes(yard: Yard) -> None:
    await yard.cluster()
    first = await yard.member()
    waiting = [await yard.approved("controlplane") for _ in range(2)]
    work_id = await yard.begin("bring_up")

    async def said() -> bool:
        row = await yard.work(work_id)
        return bool(row.steps) and "1 of 3 answer; 2 are needed" in row.steps[0]["said"]

    await yard.until("it says what it waits for", said)
    assert yard.bootstraps == []
    for one in waiting:
        await yard.install(one)
    await yard.ended(work_id)
    assert yard.bootstraps == [yard.machines[first].uuid]


async def test_the_operator_may_name_the_first(yard: Yard) -> None:
    await yard.cluster()
    planes = [await yard.member() for _ in range(3)]
    await yard.ended(await yard.begin("bring_up", first=planes[2]))
    assert yard.bootstraps == [yard.machines[planes[2]].uuid]


async def test_a_cluster_that_has_begun_without_us_is_not_begun_again(yard: Yard) -> None:
    await yard.cluster()
    planes = [await yard.member() for _ in range(3)]
    machine = yard.machines[planes[1]]
    await yard.until("it answers", lambda: _answers(yard, planes[1]))
    access = await yard.nodes.reach.access(1)
    async with yard.nodes.reach.client(machine.host, access) as client:
        await client.bootstrap()
    await yard.ended(await yard.begin("bring_up"))
    assert yard.bootstraps == [machine.uuid]
    assert all(yard.machines[one].calls["Bootstrap"] == 0 for one in planes if one != planes[1])


async def test_bringing_up_twice_begins_once(yard: Yard) -> None:
    await yard.cluster()
    await yard.member()
    await yard.ended(await yard.begin("bring_up"))
    await yard.ended(await yard.begin("bring_up"))
    assert len(yard.bootstraps) == 1


FAULTS = {
    "dies before the order": lambda faults: faults.crashes_before.add("Bootstrap"),
    "dies after the order": lambda faults: faults.reboots_in.add("Bootstrap"),
    "its answer is lost": lambda faults: faults.drop_after.update({"Bootstrap": 0}),
    "is busy at first": lambda faults: faults.answers.update(
        {"Bootstrap": [(Status.FAILED_PRECONDITION, "time is not in sync yet")]}
    ),
    "dies while etcd is asked": lambda faults: faults.crashes_before.add("EtcdStatus"),
    "dies while it is looked at": lambda faults: faults.crashes_before.add("Get"),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_the_first_node_may_fail_at_any_step(yard: Yard, fault: str) -> None:
    await yard.cluster()
    planes = [await yard.member() for _ in range(3)]
    first = yard.machines[planes[0]]
    await yard.until("it answers", lambda: _answers(yard, planes[0]))
    FAULTS[fault](first.faults)
    boots = first.boots
    work_id = await yard.begin("bring_up")
    if fault.startswith("dies"):
        await first.until_boot(boots + 1)
        first.faults.crashes_before.clear()
        first.faults.reboots_in.clear()
    first.faults.drop_after.clear()
    await yard.ended(work_id)
    assert yard.bootstraps == [first.uuid]


async def _answers(yard: Yard, device_id: int) -> bool:
    seen = yard.nodes.news.of(device_id)
    return seen is not None and seen.answered_at is not None


class Killed(BaseException):
    """The process is gone at this very line."""


@pytest.mark.parametrize("number", range(14))
async def test_a_kill_at_any_write_or_order_never_begins_etcd_twice(
    yard: Yard, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine is torn down before its n-th durable note, and begins anew with no memory."""
    await yard.cluster()
    planes = [await yard.member() for _ in range(3)]
    saves = 0
    real = Work._save

    async def save(self: Work) -> None:
        nonlocal saves
        saves += 1
        if saves == number + 1:
            raise Killed
        await real(self)

    monkeypatch.setattr(Work, "_save", save)
    work_id = await yard.begin("bring_up")
    task = yard.nodes.engine._tasks[work_id]
    done = await _killed_or_done(task)
    await yard.killed()
    await yard.ended(work_id)
    assert yard.bootstraps == [yard.machines[planes[0]].uuid], done


async def _killed_or_done(task: object) -> str:
    try:
        await task  # type: ignore[misc]
    except Killed:
        return "killed"
    return "done"
