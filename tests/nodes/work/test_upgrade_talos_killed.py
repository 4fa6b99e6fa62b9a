"""Ktizo killed at every line of an upgrade: no order goes out twice unless a person says so."""

import pytest

from ktizo.nodes.work import upgrade_talos
from nodes.work.conftest import Yard
from nodes.work.running import KillAt, KillIn, killed, orders, running, wish
from nodes.work.test_upgrade_talos import SENT, WAYS

pytestmark = [pytest.mark.anyio, pytest.mark.enable_socket]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upgrade_talos, "QUIET_S", 0.5)


@pytest.mark.slow
@WAYS
@pytest.mark.parametrize("durable", [False, True])
@pytest.mark.parametrize("number", range(1, 17))
async def test_a_kill_at_any_note_never_sends_an_order_twice(
    yard: Yard,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    durable: bool,
    before: str,
    after: str,
):
    ids = await running(yard, planes=1, workers=0, version=before)
    KillAt(monkeypatch, number, after=durable)
    work_id = await wish(yard, "upgrade_talos", version=after)
    await killed(yard, work_id)
    row = await yard.ended(work_id, "done", "stopped")
    for one in ids:
        assert len(orders(yard.machines[one], *SENT)) <= 1
        assert len(orders(yard.machines[one], "Reboot")) <= 1
    if row.state == "stopped":
        assert "retry" in row.said.lower(), row.said
        await yard.retry(work_id)
        await yard.ended(work_id)
    assert {yard.machines[one].version for one in ids} == {after}
    assert all(not yard.machines[one].wiped[1:] for one in ids), "installed once, wiped never"


CALLS = (
    "MachineService/Upgrade",
    "LifecycleService/Upgrade",
    "ImageService/Pull",
    "MachineService/Reboot",
    "EtcdStatus",
)


@pytest.mark.slow
@WAYS
@pytest.mark.parametrize("answered", [False, True])
@pytest.mark.parametrize("call", CALLS)
async def test_a_kill_in_any_call_never_sends_an_order_twice(
    yard: Yard,
    monkeypatch: pytest.MonkeyPatch,
    call: str,
    answered: bool,
    before: str,
    after: str,
):
    ids = await running(yard, planes=1, workers=0, version=before)
    machine = yard.machines[ids[0]]
    monkeypatch.setattr(upgrade_talos, "BACK_S", 4.0)
    kill = KillIn(monkeypatch, call, after=answered)
    work_id = await wish(yard, "upgrade_talos", version=after)
    assert await killed(yard, work_id) is kill.hit
    row = await yard.ended(work_id, "done", "stopped")
    assert len(orders(machine, *SENT)) <= 1
    assert len(orders(machine, "Reboot")) <= 1
    if row.state == "stopped":
        assert "retry" in row.said.lower(), row.said
        await yard.retry(work_id)
        await yard.ended(work_id)
    assert machine.version == after
    again = 2 if call == "LifecycleService/Upgrade" and answered and kill.hit else 1
    assert len(orders(machine, *SENT)) == again, "only the retry of an installer runs it again"
