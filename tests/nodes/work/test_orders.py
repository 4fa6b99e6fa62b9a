"""Restarting one node, and what would change on one: asked of the node itself."""

from typing import Any

import pytest
from grpclib.const import Status

from ktizo.clusters import store as clusters
from ktizo.nodes import plan, schemas
from ktizo.nodes.client.results import ApplyMode
from ktizo.nodes.orders import order
from ktizo.nodes.quorum import QuorumLost
from ktizo.nodes.roster import NotInACluster
from ktizo.nodes.simulated import Stage
from ktizo.nodes.work.begin import WorkUnderWay, begin
from ktizo.nodes.work.work import Site
from nodes.work.conftest import ACTOR, CLUSTER, Yard
from nodes.work.running import orders, running
from nodes.work.test_apply_config import change

pytestmark = [pytest.mark.anyio, pytest.mark.enable_socket]


def site(yard: Yard) -> Site:
    return Site(yard.db, yard.writer, yard.nodes.reach, yard.nodes.news)


async def give(yard: Yard, device_id: int, what: str, *, force: bool = False) -> None:
    wanted = schemas.NodeOrder(order=what, force=force)  # type: ignore[arg-type]
    await order(site(yard), device_id, wanted, actor=ACTOR, address="10.0.0.2")


async def test_a_node_restarts_and_switches_off(yard: Yard):
    ids = await running(yard, planes=3, workers=1)
    boots = yard.machines[ids[1]].boots
    await give(yard, ids[1], "reboot")
    await yard.machines[ids[1]].until_boot(boots + 1)
    await give(yard, ids[3], "powercycle")
    assert yard.machines[ids[3]].orders[-1] == ("Reboot", {"mode": "POWERCYCLE"})
    await yard.machines[ids[3]].until_boot(boots + 1)
    await yard.machines[ids[3]].until(Stage.RUNNING, ready=True)
    await give(yard, ids[3], "shutdown")
    await yard.machines[ids[3]].until(Stage.OFF)


async def test_an_order_that_would_cost_the_quorum_needs_force(yard: Yard):
    ids = await running(yard, planes=2, workers=0)
    with pytest.raises(QuorumLost, match="needs 2 up and would have 1 while cp-1 is away"):
        await give(yard, ids[0], "reboot")
    assert orders(yard.machines[ids[0]], "Reboot") == []
    boots = yard.machines[ids[0]].boots
    await give(yard, ids[0], "reboot", force=True)
    await yard.machines[ids[0]].until_boot(boots + 1)


async def test_a_work_under_way_may_count_on_the_node(yard: Yard):
    ids = await running(yard, planes=1, workers=1)
    async with yard.db.write() as session:
        row = await clusters.cluster(session, CLUSTER)
        await begin(yard.desk(session), row, "bring_up")
    with pytest.raises(WorkUnderWay, match="bring up"):
        await give(yard, ids[1], "reboot")


async def test_a_machine_of_no_cluster_takes_no_orders(yard: Yard):
    with pytest.raises(NotInACluster):
        await give(yard, 12, "reboot")


@pytest.mark.parametrize("version", ["v1.12.11", "v1.14.0-rc.1"])
async def test_a_plan_shows_what_would_change_and_no_secret(yard: Yard, version: str):
    ids = await running(yard, planes=1, workers=0, version=version)
    before: Any = await plan.plan(site(yard), ids[0])
    assert (before.differs, before.diff) == (False, "")
    await change(yard, time_servers=["192.0.2.123"])
    found = await plan.plan(site(yard), ids[0])
    assert found.differs
    assert "+" in found.diff
    assert "192.0.2.123" in found.diff
    assert found.mode == ApplyMode.NO_REBOOT
    assert found.said == "Dry run summary: Applied configuration without a reboot."
    config = yard.machines[ids[0]].config
    assert config is not None
    token = config.text.split("token: ")[1].split()[0]
    assert token not in found.diff + found.said
    assert len(orders(yard.machines[ids[0]], "ApplyConfiguration")) == 1, "nothing was kept"


async def test_a_plan_says_what_the_node_would_refuse(yard: Yard):
    ids = await running(yard, planes=1, workers=0)
    refusal = (Status.INVALID_ARGUMENT, "unknown keys found")
    yard.machines[ids[0]].faults.answers["ApplyConfiguration"] = [refusal]
    found = await plan.plan(site(yard), ids[0])
    assert found.mode == "refused"
    assert "unknown keys found" in found.said
