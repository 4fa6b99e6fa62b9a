"""Giving running nodes their config: only those that differ, and one reboot at a time."""

from typing import Any

import pytest
from grpclib.const import Status

from ktizo.clusters import patches, settings
from ktizo.clusters import store as clusters
from ktizo.core.errors import Conflict
from ktizo.nodes.work import apply_config, turns
from nodes.work.conftest import CLUSTER, Yard
from nodes.work.running import KillAt, KillIn, killed, orders, refused, running, said, states, wish

pytestmark = [pytest.mark.anyio, pytest.mark.enable_socket]
PATCH = "machine:\n  sysctls:\n    net.ipv4.ip_forward: '1'\n"


async def change(yard: Yard, **fields: Any) -> None:
    async with yard.db.write() as session:
        row = await clusters.cluster(session, CLUSTER)
        await settings.change(yard.desk(session), row, fields)


async def patch(yard: Yard, device_id: int, *texts: str) -> None:
    async with yard.db.write() as session:
        row = await clusters.member(session, device_id)
        await patches.change_member(yard.desk(session), row, texts)


def applied(yard: Yard, ids: list[int]) -> dict[int, int]:
    """How often each machine took a config since it was installed."""
    return {one: len(orders(yard.machines[one], "ApplyConfiguration")) - 1 for one in ids}


@pytest.mark.parametrize("version", ["v1.9.6", "v1.12.11", "v1.13.9", "v1.14.0-rc.1"])
async def test_every_node_gets_what_it_should_have_and_the_drift_is_gone(yard: Yard, version: str):
    ids = await running(yard, planes=3, workers=1, version=version)
    boots = [yard.machines[one].boots for one in ids]
    await change(yard, time_servers=["192.0.2.123"])
    row = await yard.ended(await wish(yard, "apply_config"))
    assert applied(yard, ids) == dict.fromkeys(ids, 1)
    assert [yard.machines[one].boots for one in ids] == boots
    assert "mode no-reboot" not in said(row)["check"]
    for one in ids:
        config = yard.machines[one].config
        assert config is not None
        assert "192.0.2.123" in config.text
        seen = yard.nodes.news.of(one)
        assert seen is not None
        assert seen.drift == ()


async def test_only_those_that_differ_are_touched(yard: Yard):
    ids = await running(yard, planes=1, workers=2)
    await patch(yard, ids[2], PATCH)
    row = await yard.ended(await wish(yard, "apply_config"))
    assert applied(yard, ids) == {ids[0]: 0, ids[1]: 0, ids[2]: 1}
    assert said(row)["check"].startswith("1 of 3: worker-3")
    row = await yard.ended(await wish(yard, "apply_config"))
    assert said(row)["check"] == "nobody's"


async def test_only_those_that_were_asked_for_are_touched(yard: Yard):
    ids = await running(yard, planes=1, workers=2)
    await change(yard, time_servers=["192.0.2.123"])
    await yard.ended(await wish(yard, "apply_config", device_ids=[ids[1]]))
    assert applied(yard, ids) == {ids[0]: 0, ids[1]: 1, ids[2]: 0}
    await refused(yard, "apply_config", Conflict, "no installed members", device_ids=[99])


@pytest.mark.parametrize("how", ["the node chooses", "asked for"])
async def test_those_that_reboot_do_so_one_by_one_the_leader_last(yard: Yard, how: str):
    ids = await running(yard, planes=3, workers=1)
    for machine in yard.machines.values():
        machine.auto_reboots = True
    boots = [yard.machines[one].boots for one in ids]
    await change(yard, time_servers=["192.0.2.123"])
    mode = "auto" if how == "the node chooses" else "reboot"
    row = await yard.ended(await wish(yard, "apply_config", mode=mode))
    assert [yard.machines[one].boots for one in ids] == [one + 1 for one in boots]
    assert applied(yard, ids) == dict.fromkeys(ids, 1)
    assert all("after a reboot" in said(row)[f"node_{one}"] for one in ids)


async def test_a_reboot_that_would_cost_the_quorum_is_not_ordered(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
):
    ids = await running(yard, planes=3, workers=0)
    monkeypatch.setattr(turns, "SETTLE_S", 1.0)
    await change(yard, time_servers=["192.0.2.123"])
    await yard.machines[ids[2]].power_off()
    work_id = await wish(yard, "apply_config", mode="reboot", device_ids=ids[:2])
    row = await yard.ended(work_id, "stopped")
    assert "etcd of 3 members needs 2 up and would have 1" in row.said
    assert applied(yard, ids[:2]) == dict.fromkeys(ids[:2], 0)


async def test_staged_waits_for_nobody(yard: Yard):
    ids = await running(yard, planes=1, workers=1)
    boots = [yard.machines[one].boots for one in ids]
    await change(yard, time_servers=["192.0.2.123"])
    row = await yard.ended(await wish(yard, "apply_config", mode="staged"))
    assert [yard.machines[one].boots for one in ids] == boots
    assert applied(yard, ids) == dict.fromkeys(ids, 1)
    assert all("next reboot" in said(row)[f"node_{one}"] for one in ids)


async def test_a_node_that_refuses_is_quoted_without_secrets(yard: Yard):
    ids = await running(yard, planes=1, workers=1)
    await change(yard, time_servers=["192.0.2.123"])
    machine = yard.machines[ids[0]]
    assert machine.config is not None
    secret = machine.config.text.split("token: ")[1].split()[0]
    machine.faults.answers["ApplyConfiguration"] = [
        (Status.INVALID_ARGUMENT, f"cannot parse token {secret}")
    ]
    row = await yard.ended(await wish(yard, "apply_config"), "stopped")
    assert "would refuse" in row.said
    assert "(secret)" in row.said
    assert secret not in str(row.steps) + row.said
    assert applied(yard, ids) == {ids[0]: 0, ids[1]: 0}


async def test_it_stops_at_the_first_that_does_not_come_back(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
):
    ids = await running(yard, planes=1, workers=2)
    monkeypatch.setattr(apply_config, "BACK_S", 1.0)
    await change(yard, time_servers=["192.0.2.123"])
    second = yard.machines[ids[1]]
    second.faults.stays_away = True
    work_id = await wish(yard, "apply_config", mode="reboot")
    row = await yard.ended(work_id, "stopped")
    assert "worker-2 has not come back" in row.said
    assert applied(yard, ids) == {ids[0]: 1, ids[1]: 1, ids[2]: 0}
    second.faults.stays_away = False
    await second.power_on()
    await yard.retry(work_id)
    await yard.ended(work_id)
    assert applied(yard, ids) == dict.fromkeys(ids, 1)


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["crashes_before", "reboots_in", "drop_after"])
async def test_a_node_may_fail_at_the_order(
    yard: Yard, monkeypatch: pytest.MonkeyPatch, fault: str
):
    ids = await running(yard, planes=1, workers=0)
    monkeypatch.setattr(apply_config, "BACK_S", 2.0)
    machine = yard.machines[ids[0]]
    await change(yard, time_servers=["192.0.2.123"])
    boots = machine.boots
    if fault == "drop_after":
        machine.faults.drop_after["ApplyConfiguration"] = 0
    else:
        getattr(machine.faults, fault).add("ApplyConfiguration")
    work_id = await wish(yard, "apply_config", mode="reboot")
    if fault == "drop_after":
        await yard.ended(work_id, "stopped")  # in the dry run already
    else:
        await machine.until_boot(boots + 1)
    machine.faults.crashes_before.clear()
    machine.faults.reboots_in.clear()
    machine.faults.drop_after.clear()
    row = await yard.ended(work_id, "done", "stopped")
    if row.state == "stopped":
        await yard.retry(work_id)
        await yard.ended(work_id)
    assert applied(yard, ids) == {ids[0]: 1}


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["auto", "reboot", "staged"])
@pytest.mark.parametrize("durable", [False, True])
@pytest.mark.parametrize("number", range(2, 10))
async def test_a_kill_at_any_note_gives_an_order_at_most_once(
    yard: Yard, monkeypatch: pytest.MonkeyPatch, number: int, durable: bool, mode: str
):
    ids = await running(yard, planes=1, workers=0)
    monkeypatch.setattr(apply_config, "BACK_S", 2.0)
    monkeypatch.setattr(apply_config, "APPLY_S", 2.0)
    await change(yard, time_servers=["192.0.2.123"])
    KillAt(monkeypatch, number, after=durable)
    work_id = await wish(yard, "apply_config", mode=mode)
    await killed(yard, work_id)
    row = await yard.ended(work_id, "done", "stopped")
    assert applied(yard, ids)[ids[0]] <= 1
    if row.state == "stopped":
        await yard.retry(work_id)
        await yard.ended(work_id)
    assert applied(yard, ids) == {ids[0]: 1} or mode == "staged"
    assert "failed" not in states(await yard.work(work_id)).values()


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["auto", "reboot"])
@pytest.mark.parametrize("answered", [False, True])
async def test_a_kill_in_the_order_gives_it_once(
    yard: Yard, monkeypatch: pytest.MonkeyPatch, answered: bool, mode: str
):
    ids = await running(yard, planes=1, workers=0)
    monkeypatch.setattr(apply_config, "BACK_S", 2.0)
    await change(yard, time_servers=["192.0.2.123"])
    KillIn(monkeypatch, "MachineService/ApplyConfiguration", after=answered)
    work_id = await wish(yard, "apply_config", mode=mode)
    assert await killed(yard, work_id)
    row = await yard.ended(work_id, "done", "stopped")
    if row.state == "stopped":
        await yard.retry(work_id)
        await yard.ended(work_id)
    assert applied(yard, ids) == {ids[0]: 1}
