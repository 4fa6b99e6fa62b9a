"""Machines that are looked at, and what is still known of them after a kill."""

from datetime import timedelta

import pytest

from ktizo.clusters import store as clusters
from ktizo.core.clock import utc_now
from ktizo.devices import inspection
from ktizo.devices import store as devices
from ktizo.devices.lifecycle import State
from ktizo.events.kinds import EventKind
from ktizo.events.record import record
from ktizo.nodes import store
from ktizo.nodes.client import Maintenance
from ktizo.nodes.inspect import keep
from ktizo.nodes.inspect.look import look
from ktizo.nodes.watch.state import NodeState
from nodes.work.conftest import Yard

pytestmark = [pytest.mark.anyio, pytest.mark.enable_socket]


async def pending(yard: Yard) -> int:
    """A machine nobody decided about, which waits in memory."""
    device_id = await yard.approved("worker")
    async with yard.db.write() as session:
        device = await devices.get(session, device_id)
        lease = await devices.open_lease(session, device_id)
        assert lease is not None
        lease.ended_at, lease.end = utc_now(), "revoked"
        device.state = State.PENDING
        await clusters.delete_member(session, await clusters.member(session, device_id))
    return device_id


async def ask(yard: Yard, device_id: int, *, fetched: bool = True) -> None:
    async with yard.db.write() as session:
        device = await devices.get(session, device_id)
        held = await inspection.ask(session, device, "ada", "release", "v1.12.11", 60, utc_now())
        held.address = device.address if fetched else None
    yard.nodes.watch.look()


async def findings(yard: Yard, device_id: int) -> object:
    async with yard.db.read() as session:
        return await keep.read(session, device_id)


async def test_an_inspected_machine_is_looked_at_and_waits_under_its_key(yard: Yard) -> None:
    await yard.cluster()
    device_id = await pending(yard)
    await ask(yard, device_id)
    await yard.until("it was looked at", lambda: findings(yard, device_id))
    async with yard.db.read() as session:
        found = await keep.read(session, device_id)
        assert await devices.open_inspection(session, device_id) is None
    assert found is not None
    seen = yard.nodes.news.of(device_id)
    assert seen is not None
    assert (seen.state, seen.pin) == (NodeState.MAINTENANCE, found.pin)
    assert [disk.install_disk for disk in found.disks] == ["wwid:naa.5002538e00000001"]
    assert yard.machines[device_id].wiped == []


async def test_where_it_was_inspected_is_known_after_a_kill(yard: Yard) -> None:
    """Approved after the inspection, killed before the batch writer kept what the watch saw."""
    await yard.cluster()
    device_id = await yard.approved("worker")
    machine = yard.machines[device_id]
    async with yard.nodes.reach.client(machine.host, Maintenance()) as client:
        found = await look(client)
    async with yard.db.write() as session:
        now = utc_now() - timedelta(minutes=1)
        await keep.save(session, device_id, found, address=machine.host, pin=found.pin, at=now)
    yard.nodes.watch.look()

    async def waits() -> bool:
        seen = yard.nodes.news.of(device_id)
        return seen is not None and seen.state is NodeState.MAINTENANCE and seen.pin == found.pin

    await yard.until("it is found waiting, under the key of the inspection", waits)


async def test_a_machine_that_says_talos_is_on_it_ends_its_inspection_with_a_warning(
    yard: Yard,
) -> None:
    await yard.cluster()
    device_id = await pending(yard)
    await ask(yard, device_id, fetched=False)
    record(yard.writer, EventKind.TALOS_FOUND, device_id=device_id, address="127.0.0.9")
    await yard.writer.flush()
    await yard.until("it is kept", lambda: findings(yard, device_id))
    async with yard.db.read() as session:
        found = await keep.read(session, device_id)
        row = await store.findings(session, device_id)
        assert await devices.open_inspection(session, device_id) is None
    assert found is not None
    assert row is not None
    assert (row.pin, found.disks, row.address) == ("", [], "127.0.0.9")
    assert "Talos is installed" in found.warnings[0]
    assert await yard.state(device_id) == State.PENDING


async def test_a_stranger_s_word_ends_nothing_that_nobody_asked_for(yard: Yard) -> None:
    await yard.cluster()
    device_id = await pending(yard)
    record(yard.writer, EventKind.TALOS_FOUND, device_id=device_id, address="127.0.0.9")
    await yard.writer.flush()
    assert await findings(yard, device_id) is None
