"""What Ktizo believes of nodes comes from their own API alone, and only over the right line."""

import asyncio
import gc

import pytest

from core.databases import KINDS
from ktizo.clusters import store as clusters
from ktizo.core.clock import utc_now
from ktizo.devices import approval
from ktizo.devices import store as devices
from ktizo.devices.lifecycle import State
from ktizo.nodes import store
from ktizo.nodes.watch import watch as watching
from ktizo.nodes.watch.state import NodeState, Seen
from nodes import strangers
from nodes.work.conftest import Yard

pytestmark = [pytest.mark.anyio, pytest.mark.enable_socket]


async def seen(yard: Yard, device_id: int, *states: NodeState, ready: bool | None = None) -> Seen:
    """Wait until a node is known to be in one of `states`."""

    async def there() -> Seen | None:
        found = yard.nodes.news.of(device_id)
        good = found is not None and found.state in states and ready in (None, found.ready)
        return found if good else None

    found = await yard.until(f"machine {device_id} is {states}", there)
    assert isinstance(found, Seen)
    return found


async def troubled(yard: Yard, device_id: int) -> tuple[str, str]:
    async def there() -> tuple[str, str] | None:
        found = yard.nodes.news.of(device_id)
        return found.trouble if found is not None else None

    code, message = await yard.until("the trouble is told", there)
    return code, message


@pytest.mark.parametrize("kind", KINDS)
async def test_a_node_that_answers_spends_its_lease(yard: Yard) -> None:
    await yard.cluster()
    device_id = await yard.approved("controlplane")
    assert await yard.state(device_id) == State.INSTALLING
    await yard.install(device_id)
    await seen(yard, device_id, NodeState.BOOTING)
    await yard.until("it is installed", lambda: _is(yard, device_id, State.INSTALLED))
    async with yard.db.read() as session:
        assert await devices.open_lease(session, device_id) is None
    await yard.ended(await yard.begin("bring_up"))
    await seen(yard, device_id, NodeState.RUNNING, ready=True)
    await yard.until("it runs", lambda: _is(yard, device_id, State.RUNNING))
    await yard.writer.flush()
    async with yard.db.read() as session:
        row = await store.node(session, device_id)
    assert (row.state, row.ready, row.talos_version) == ("running", True, "v1.12.11")
    assert (row.schematic, row.drift, row.trouble) == ("a" * 64, [], None)


async def _is(yard: Yard, device_id: int, state: State) -> bool:
    return await yard.state(device_id) == state


async def test_a_lease_that_lapsed_meanwhile_does_not_hide_that_it_runs(yard: Yard) -> None:
    await yard.cluster()
    device_id = await yard.approved("controlplane")
    async with yard.db.write() as session:
        device = await devices.get(session, device_id)
        device.state = State.LAPSED
    await yard.install(device_id)
    await yard.until("it is installed", lambda: _is(yard, device_id, State.INSTALLED))


async def test_a_rejected_machine_is_left_alone(yard: Yard) -> None:
    await yard.cluster()
    device_id = await yard.member()
    await seen(yard, device_id, NodeState.BOOTING)
    async with yard.db.write() as session:
        await approval.reject(session, await devices.get(session, device_id), now=utc_now())
    yard.nodes.watch.look()
    await yard.until("nobody visits it", lambda: _watched(yard, 0))
    assert await yard.state(device_id) == State.REJECTED


async def _watched(yard: Yard, number: int) -> bool:
    return yard.nodes.watch.watched == number


async def test_a_node_that_goes_silent_is_unreachable_and_comes_back(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "SILENCE_S", 0.1)
    await yard.cluster()
    device_id = await yard.member()
    await yard.ended(await yard.begin("bring_up"))
    await seen(yard, device_id, NodeState.RUNNING, ready=True)
    machine = yard.machines[device_id]
    await machine.power_off()
    monkeypatch.setattr(watching, "AWAY_S", 0.1)
    found = await seen(yard, device_id, NodeState.UNREACHABLE)
    assert found.trouble is not None
    assert found.trouble[0] == "unreachable"
    await machine.power_on()
    found = await seen(yard, device_id, NodeState.RUNNING, ready=True)
    assert found.trouble is None
    assert await yard.state(device_id) == State.RUNNING


async def test_a_reboot_is_seen_through_its_line(yard: Yard) -> None:
    await yard.cluster()
    device_id = await yard.member()
    await yard.ended(await yard.begin("bring_up"))
    machine = yard.machines[device_id]
    boots = machine.boots
    machine.crash()
    await machine.until_boot(boots + 1)
    await seen(yard, device_id, NodeState.RUNNING, ready=True)


async def test_a_node_with_another_key_is_not_believed(yard: Yard) -> None:
    await yard.cluster()
    device_id = await yard.approved("controlplane")
    machine = yard.machines[device_id]
    machine.faults.foreign_identity = True
    await yard.install(device_id)
    code, message = await troubled(yard, device_id)
    assert (code, machine.host in message) == ("wrong_key", True)
    assert await yard.state(device_id) == State.INSTALLING  # its lease stands


async def test_another_machine_of_the_cluster_at_its_address_is_not_taken_for_it(
    yard: Yard,
) -> None:
    await yard.cluster()
    on_record = "5f3c1d2e-0000-4000-8000-00000000000a"
    device_id = await yard.approved("controlplane", uuid=on_record)
    machine = yard.machines[device_id]
    await yard.install(device_id)
    code, message = await troubled(yard, device_id)
    assert (code, machine.uuid in message) == ("not_itself", True)
    assert await yard.state(device_id) == State.INSTALLING


async def test_a_node_whose_clock_is_years_off_says_so(yard: Yard) -> None:
    await yard.cluster()
    device_id = await yard.approved("controlplane")
    yard.machines[device_id].faults.clock_skew_s = -400 * 86400
    await yard.install(device_id)
    code, _ = await troubled(yard, device_id)
    assert code == "wrong_clock"


@pytest.mark.parametrize("talk", [strangers.ssh, strangers.hangs_up, strangers.noise])
async def test_a_stranger_on_the_port_is_no_node(yard: Yard, talk: strangers.Talk) -> None:
    await yard.cluster()
    device_id = await yard.approved("controlplane")
    machine = yard.machines[device_id]
    await machine.power_off()
    async with strangers.stranger(talk, host=machine.host, port=50000):
        yard.nodes.watch.hint(device_id)

        async def told() -> bool:
            return yard.nodes.news.of(device_id) is not None

        await yard.until("it was tried", told)
        found = yard.nodes.news.of(device_id)
        assert found is not None
        assert found.state in {NodeState.WAITING, NodeState.UNREACHABLE}
    assert await yard.state(device_id) == State.INSTALLING


async def test_another_version_and_another_config_are_drift(yard: Yard) -> None:
    await yard.cluster()
    device_id = await yard.member()
    await yard.ended(await yard.begin("bring_up"))
    async with yard.db.write() as session:
        row = await clusters.cluster(session, "demo")
        row.talos_version, row.nameservers = "v1.12.12", ["192.0.2.53"]
        await clusters.save_cluster(session, row)
    yard.nodes.watch.look()

    async def drifted() -> dict[str, tuple[str, str]] | None:
        found = yard.nodes.news.of(device_id)
        return {what: (a, b) for what, a, b in found.drift} if found and found.drift else None

    found = await yard.until("the drift is seen", drifted)
    assert found["talos_version"] == ("v1.12.12", "v1.12.11")
    assert "config" in found


async def test_what_was_known_survives_a_restart(yard: Yard) -> None:
    await yard.cluster()
    device_id = await yard.member()
    await yard.ended(await yard.begin("bring_up"))
    await yard.until("it runs", lambda: _is(yard, device_id, State.RUNNING))
    await yard.machines[device_id].power_off()
    await yard.writer.flush()
    await yard.killed()
    found = await seen(yard, device_id, *NodeState)
    assert found.address == yard.machines[device_id].host


async def test_a_removed_machine_is_forgotten_and_nothing_is_left_behind(yard: Yard) -> None:
    await yard.cluster()
    device_id = await yard.member()
    await seen(yard, device_id, NodeState.BOOTING)
    async with yard.db.write() as session:
        row = await clusters.member(session, device_id)
        await clusters.delete_member(session, row)
        await devices.delete(session, await devices.get(session, device_id))
    yard.nodes.watch.look()
    await yard.until("nobody visits it", lambda: _watched(yard, 0))
    gc.collect()
    assert not [one for one in asyncio.all_tasks() if one.get_name() == f"node {device_id}"]


async def test_forty_nodes_that_come_up_together_are_all_seen(yard: Yard) -> None:
    await yard.cluster()
    first = await yard.member()
    others = [await yard.approved("worker") for _ in range(40)]
    await asyncio.gather(*(yard.install(one) for one in others))
    await yard.begin("bring_up")

    async def all_run() -> bool:
        known = [yard.nodes.news.of(one) for one in (first, *others)]
        return all(one is not None and one.ready for one in known)

    await yard.until("all are ready", all_run, within_s=120)
