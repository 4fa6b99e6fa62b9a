"""Another Talos, node by node: in order, once each, and no further than the first that fails."""

import pytest
from grpclib.const import Status

from ktizo.clusters import store as clusters
from ktizo.core.errors import Conflict, Invalid
from ktizo.nodes.work import turns, upgrade_talos
from nodes.work.conftest import CLUSTER, Yard
from nodes.work.running import (
    NEXT,
    OLD,
    STEPS_NEXT,
    STEPS_OLD,
    orders,
    refused,
    running,
    said,
    states,
    wish,
)

pytestmark = [pytest.mark.anyio, pytest.mark.enable_socket]
WAYS = pytest.mark.parametrize(("before", "after"), [(OLD, NEXT), (STEPS_OLD, STEPS_NEXT)])
SENT = ("Upgrade", "LifecycleUpgrade")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upgrade_talos, "QUIET_S", 0.5)


def impatient(monkeypatch: pytest.MonkeyPatch, seconds: float = 1.0) -> None:
    monkeypatch.setattr(upgrade_talos, "BACK_S", seconds)
    monkeypatch.setattr(turns, "SETTLE_S", seconds)


@WAYS
async def test_every_node_comes_to_the_new_version_once(yard: Yard, before: str, after: str):
    ids = await running(yard, workers=2, version=before)
    row = await yard.ended(await wish(yard, "upgrade_talos", version=after))
    for machine in (yard.machines[one] for one in ids):
        assert machine.version == after
        assert len(orders(machine, *SENT)) == 1
        assert machine.ready
    assert set(states(row).values()) == {"done"}
    async with yard.db.read() as session:
        assert (await clusters.cluster(session, CLUSTER)).talos_version == after


@WAYS
async def test_the_leader_of_etcd_is_the_last_control_plane(yard: Yard, before: str, after: str):
    ids = await running(yard, workers=1, version=before)
    cluster = yard.machines[ids[0]].cluster
    assert cluster.leader == yard.machines[ids[0]].etcd_member
    turn: list[str] = []
    for machine in yard.machines.values():
        machine.orders = _Telling(turn, machine.hostname)
    await yard.ended(await wish(yard, "upgrade_talos", version=after))
    sent = [name for name, what in turn if what in SENT]
    assert sent == ["cp-2", "cp-3", "cp-1", "worker-4"]
    assert ("cp-1", "EtcdForfeitLeadership") in turn
    assert turn.index(("cp-1", "EtcdForfeitLeadership")) < turn.index(
        next(one for one in turn if one[0] == "cp-1" and one[1] in SENT)
    )


class _Telling(list):
    def __init__(self, told: list, name: str) -> None:
        super().__init__()
        self.told, self.name = told, name

    def append(self, what: tuple) -> None:
        self.told.append((self.name, what[0]))
        super().append(what)


async def test_a_node_that_has_it_already_is_left_alone(yard: Yard):
    ids = await running(yard, workers=1)
    await yard.ended(await wish(yard, "upgrade_talos", version=NEXT))
    row = await yard.ended(await wish(yard, "upgrade_talos", version=NEXT))
    assert {states(row)[f"node_{one}"] for one in ids} == {"skipped"}
    assert all(len(orders(yard.machines[one], *SENT)) == 1 for one in ids)


async def test_a_single_control_plane_can_be_upgraded(yard: Yard):
    ids = await running(yard, planes=1, workers=0)
    await yard.ended(await wish(yard, "upgrade_talos", version=NEXT))
    assert yard.machines[ids[0]].version == NEXT


async def test_another_schematic_of_the_same_version_is_an_upgrade_too(yard: Yard):
    ids = await running(yard, planes=1, workers=1)
    await yard.ended(await wish(yard, "upgrade_talos", version=OLD, schematic="b" * 64))
    assert {yard.machines[one].schematic for one in ids} == {"b" * 64}


async def test_what_talos_would_refuse_is_refused_at_once(yard: Yard):
    await running(yard, planes=1, workers=0, version="v1.13.9")
    await refused(yard, "upgrade_talos", Invalid, "v1.13.9", version="v1.9.6")
    await refused(yard, "upgrade_talos", Invalid, "older minor", version=OLD)
    await refused(yard, "upgrade_talos", Invalid, "outside", version="v1.99.0")


async def test_a_kubernetes_the_new_talos_does_not_run_is_refused_at_once(yard: Yard):
    await running(yard, planes=1, workers=0, kubernetes_version="1.30.5")
    await refused(yard, "upgrade_talos", Invalid, "runs Kubernetes", version=NEXT)


async def test_an_installer_the_cluster_names_itself_must_be_the_new_one(yard: Yard):
    image = f"registry.local/installer:{OLD}"
    await running(yard, planes=1, workers=0, install_image=image)
    await refused(yard, "upgrade_talos", Conflict, "install_image", version=NEXT)


async def test_nothing_is_sent_when_etcd_would_lose_its_quorum(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
):
    ids = await running(yard, workers=0)
    impatient(monkeypatch)
    await yard.machines[ids[2]].power_off()
    row = await yard.ended(await wish(yard, "upgrade_talos", version=NEXT), "stopped")
    assert "etcd of 3 members needs 2 up and would have 1" in row.said
    assert "cp-3" in row.said
    assert not any(orders(yard.machines[one], *SENT) for one in ids)


@WAYS
async def test_it_stops_at_the_first_node_that_does_not_come_back(
    yard: Yard, monkeypatch: pytest.MonkeyPatch, before: str, after: str
):
    ids = await running(yard, workers=1, version=before)
    impatient(monkeypatch, 2.0)
    second = yard.machines[ids[1]]
    second.faults.stays_away = True
    work_id = await wish(yard, "upgrade_talos", version=after)
    row = await yard.ended(work_id, "stopped")
    assert "cp-2 has not come back" in row.said
    assert states(row)[f"node_{ids[1]}"] == "failed"
    sent = {one: len(orders(yard.machines[one], *SENT)) for one in ids}
    assert sent == {ids[0]: 0, ids[1]: 1, ids[2]: 0, ids[3]: 0}
    second.faults.stays_away = False
    await second.power_on()
    await yard.retry(work_id)
    await yard.ended(work_id)
    assert {yard.machines[one].version for one in ids} == {after}
    assert len(orders(second, *SENT)) == 1, "it had what it was sent"


@WAYS
async def test_a_node_that_rolls_back_is_said_so_and_sent_again_only_by_a_retry(
    yard: Yard, before: str, after: str
):
    ids = await running(yard, planes=1, workers=1, version=before)
    worker = yard.machines[ids[1]]
    worker.faults.rolls_back = True
    work_id = await wish(yard, "upgrade_talos", version=after)
    row = await yard.ended(work_id, "stopped")
    assert "rolled back" in row.said
    assert len(orders(worker, *SENT)) == 1
    worker.faults.rolls_back = False
    await yard.retry(work_id)
    await yard.ended(work_id)
    assert worker.version == after
    assert len(orders(worker, *SENT)) == 2


async def test_an_installer_that_fails_ends_it_with_its_last_line(yard: Yard):
    ids = await running(yard, planes=1, workers=0, version=STEPS_OLD)
    machine = yard.machines[ids[0]]
    machine.installer_exit_code = 1
    boots = machine.boots
    work_id = await wish(yard, "upgrade_talos", version=STEPS_NEXT)
    row = await yard.ended(work_id, "stopped")
    assert "exit code 1" in row.said
    assert "installing boot loader" in row.said
    assert machine.boots == boots
    machine.installer_exit_code = 0
    await yard.retry(work_id)
    await yard.ended(work_id)
    assert machine.version == STEPS_NEXT


FAULTS = {
    "dies before the order": ("crashes_before", "Upgrade"),
    "dies instead of answering": ("reboots_in", "Upgrade"),
    "its answer is lost": ("drop_after", "Upgrade"),
    "dies before the pull": ("crashes_before", "Pull"),
    "dies in the pull": ("drop_after", "Pull"),
    "dies before the reboot": ("crashes_before", "Reboot"),
    "loses the answer to the reboot": ("drop_after", "Reboot"),
    "is asked for etcd": ("crashes_before", "EtcdStatus"),
    "refuses": ("answers", "Upgrade"),
}


@pytest.mark.slow
@WAYS
@pytest.mark.parametrize("fault", FAULTS)
async def test_a_node_may_fail_at_any_step_and_a_retry_sees_it_through(
    yard: Yard, monkeypatch: pytest.MonkeyPatch, fault: str, before: str, after: str
):
    ids = await running(yard, planes=1, workers=1, version=before)
    impatient(monkeypatch, 5.0)
    kind, name = FAULTS[fault]
    machine = yard.machines[ids[0]]
    if kind == "drop_after":
        machine.faults.drop_after[name] = 0
    elif kind == "answers":
        machine.faults.answers[name] = [(Status.FAILED_PRECONDITION, "busy")]
    else:
        getattr(machine.faults, kind).add(name)
    boots = machine.boots
    work_id = await wish(yard, "upgrade_talos", version=after)
    if kind in {"crashes_before", "reboots_in"} and _used(name, before):
        await machine.until_boot(boots + 1)
    row = await yard.ended(work_id, "stopped", "done", "running")
    machine.faults.crashes_before.clear()
    machine.faults.reboots_in.clear()
    row = await yard.ended(work_id, "stopped", "done")
    machine.faults.drop_after.clear()
    assert len(orders(machine, *SENT)) <= 1, "never twice unasked"
    if row.state == "stopped":
        await yard.retry(work_id)
        await yard.ended(work_id)
    assert {yard.machines[one].version for one in ids} == {after}
    assert machine.ready


def _used(name: str, before: str) -> bool:
    in_steps = before == STEPS_OLD
    return name in ({"Pull", "Reboot"} if in_steps else {"Upgrade"}) | {"EtcdStatus"}


async def test_the_first_step_says_that_new_machines_cannot_boot_it_yet(yard: Yard):
    await running(yard, planes=1, workers=0)
    row = await yard.ended(await wish(yard, "upgrade_talos", version=NEXT))
    assert "new machines cannot boot it yet" in said(row)["check"]
