from datetime import timedelta

import pytest

from ktizo.core.bootdb import boot_reader
from ktizo.core.clock import utc_now
from ktizo.core.errors import Unavailable
from ktizo.devices.tables import Device, Inspection, Lease
from ktizo.nodes.live.sources import Sources, latest, plain
from ktizo.nodes.tables import NodeRow
from nodes.live.conftest import House

pytestmark = pytest.mark.anyio
NOW = utc_now()


async def lease(house: House, device_id: int, address: str, *, ended: bool = False) -> None:
    async with house.db.write() as session:
        session.add(
            Lease(
                device_id=device_id,
                reason="approved",
                granted_by="ada",
                granted_at=NOW,
                expires_at=NOW + timedelta(hours=1),
                config_address=address,
                ended_at=NOW if ended else None,
            )
        )


async def inspection(house: House, device_id: int, address: str) -> None:
    async with house.db.write() as session:
        session.add(
            Inspection(
                device_id=device_id,
                asked_by="ada",
                asked_at=NOW,
                expires_at=NOW + timedelta(hours=1),
                schematic="0" * 64,
                version="v1.12.11",
                address=address,
            )
        )


async def node(house: House, device_id: int, address: str) -> None:
    async with house.db.write() as session:
        session.add(
            NodeRow(
                device_id=device_id, state="running", since=NOW, address=address, answered_at=NOW
            )
        )


async def test_a_machine_is_known_by_the_address_it_last_asked_from(house: House):
    mine = await house.machine(1, "10.0.0.5")
    assert await house.sources.device_at("10.0.0.5") == mine
    assert await house.sources.device_at("10.0.0.6") is None


async def test_the_card_its_packets_come_from_beats_an_address_it_may_have_lost(house: House):
    await house.machine(1, "10.0.0.5")
    now_there = await house.machine(2, None)
    house.macs["10.0.0.5"] = "52:54:00:11:00:02"
    house.macs["10.0.0.7"] = "52:54:00:99:99:99"
    assert await house.sources.device_at("10.0.0.5") == now_there
    assert await house.sources.device_at("10.0.0.7") is None


async def test_the_best_sign_wins(house: House):
    by_device, by_node = await house.machine(1, "10.0.0.5"), await house.machine(2, None)
    by_lease, by_card = await house.machine(3, None), await house.machine(4, None)
    house.macs["10.0.0.5"] = "52:54:00:11:00:04"
    found = []
    for step in (node(house, by_node, "10.0.0.5"), lease(house, by_lease, "10.0.0.5")):
        found.append(await fresh(house, "10.0.0.5"))
        await step
    found.append(await fresh(house, "10.0.0.5"))
    assert found == [by_card, by_node, by_lease]
    del house.macs["10.0.0.5"]
    assert by_device not in found


async def fresh(house: House, address: str) -> int | None:
    house.sources._kept.clear()
    return await house.sources.device_at(address)


async def test_a_machine_being_inspected_is_known_by_where_it_fetched_its_config(house: House):
    mine = await house.machine(1, None)
    await inspection(house, mine, "10.0.0.5")
    assert await house.sources.device_at("10.0.0.5") == mine


async def test_a_lease_that_has_ended_says_nothing(house: House):
    mine = await house.machine(1, None)
    await lease(house, mine, "10.0.0.5", ended=True)
    assert await house.sources.device_at("10.0.0.5") is None


async def test_of_two_machines_with_one_address_the_one_seen_last_counts(house: House):
    await house.machine(1, "10.0.0.5")
    later = await house.machine(2, "10.0.0.5")
    assert await fresh(house, "10.0.0.5") == later
    async with house.db.write() as session:
        for device_id in (later, later - 1):
            (await session.get_one(Device, device_id)).last_seen = NOW
    assert await fresh(house, "10.0.0.5") is None


def test_what_cannot_be_told_apart_is_nobody():
    assert latest([]) is None
    assert latest([(1, None), (1, NOW)]) == 1
    assert latest([(1, None), (2, None)]) is None
    assert latest([(1, None), (2, NOW)]) == 2


async def test_an_answer_is_kept_for_a_moment_and_no_longer(house: House):
    now = 0.0
    asked = []

    def mac_at(address: str) -> None:
        asked.append(address)

    reader = boot_reader(house.db)
    sources = Sources(reader, mac_at, lambda: now)
    for _ in range(100):
        assert await sources.device_at("10.0.0.5") is None
    assert len(asked) == 1
    mine = await house.machine(1, "10.0.0.5")
    now = 1.5
    assert await sources.device_at("10.0.0.5") == mine
    now = 3.0
    assert sources.remembered("10.0.0.5") == (True, mine)
    now = 4.0
    assert sources.remembered("10.0.0.5") == (False, None)
    reader.close()


async def test_addresses_nobody_knows_fill_no_memory(house: House, monkeypatch):
    monkeypatch.setattr("ktizo.nodes.live.sources.KEPT", 10)
    for number in range(100):
        await house.sources.device_at(f"10.0.0.{number}")
    assert len(house.sources._kept) == 10


async def test_a_database_that_is_away_is_not_a_stranger(house: House, monkeypatch):
    async def away(*_: object) -> None:
        raise Unavailable("away")

    monkeypatch.setattr(house.sources._reader, "rows", away)
    with pytest.raises(Unavailable):
        await house.sources.device_at("10.0.0.5")


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("::ffff:10.0.0.5", "10.0.0.5"),
        ("fe80::1%eth0", "fe80::1"),
        ("10.0.0.5", "10.0.0.5"),
        ("what", "what"),
    ],
)
def test_an_address_is_read_as_it_was_recorded(said: str, meant: str):
    assert plain(said) == meant
