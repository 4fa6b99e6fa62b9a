"""What a batch of history makes of machines: offers counted, new machines recorded together."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from core.databases import KINDS, fresh_database
from ktizo.core.db import Database, Meta, bump_boot_version
from ktizo.devices import lease, store
from ktizo.devices.identity import Claim
from ktizo.devices.lifecycle import State
from ktizo.devices.progress import Offer, OfferSink
from ktizo.devices.register import register
from ktizo.devices.sighting import Sighting, SightingSink
from ktizo.devices.tables import Device, DeviceMac, Lease

pytestmark = pytest.mark.anyio
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
LIMIT = 3
UUID = "5f3c1d2e-0000-4000-8000-00000000000a"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(params=KINDS)
async def db(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    async with fresh_database(request.param, tmp_path) as database:
        yield database


async def version(db: Database) -> int:
    async with db.read() as session:
        return await session.scalar(sa.select(Meta.value)) or 0


async def approved(db: Database, count: int) -> list[Offer]:
    """Return the first offer of each of `count` machines that may install."""
    offers = []
    async with db.write() as session:
        for number in range(count):
            device = await register(session, [f"52:54:00:00:00:{number:02x}"], NOON)
            device.state = State.APPROVED
            held = await lease.grant(
                session, device, reason="approval", by="a", minutes=60, now=NOON
            )
            offers.append(Offer(device.id, held.id, 1, NOON))
    return offers


class Offers:
    """The sink of offers, and what it told."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.told: list[tuple[str, int]] = []
        self.sink = OfferSink(
            lambda kind, device_id, _: self.told.append((kind, device_id)), bump_boot_version, LIMIT
        )

    async def write(self, *offers: Offer) -> None:
        async with self.db.write() as session:
            await self.sink.write(session, offers)
        self.sink.after_commit(offers)

    async def now(self) -> list[tuple[str, int]]:
        """Return state of each machine and the count of its last lease."""
        async with self.db.read() as session:
            rows = await session.execute(
                sa.select(Device.state, Lease.offers)
                .join(Lease, Lease.device_id == Device.id)
                .order_by(Device.id)
            )
            return [(row[0], row[1]) for row in rows]


async def test_a_count_below_the_limit_makes_nobody_be_looked_up_anew(db: Database):
    offers = await approved(db, 3)
    sink, before = Offers(db), await version(db)
    await sink.write(*offers)
    await sink.write(*(replace(offer, count=LIMIT - 1) for offer in offers))
    assert await sink.now() == [(State.INSTALLING, LIMIT - 1)] * 3
    assert await version(db) == before


async def test_a_permission_that_is_used_up_is_looked_up_anew_and_the_next_use_is_a_loop(
    db: Database,
):
    (used, other) = await approved(db, 2)
    sink, before = Offers(db), await version(db)
    await sink.write(replace(used, count=LIMIT), other)
    assert await version(db) == before + 1
    assert await sink.now() == [(State.INSTALLING, LIMIT), (State.INSTALLING, 1)]
    await sink.write(replace(used, count=LIMIT + 1))
    assert await version(db) == before + 2
    assert await sink.now() == [(State.BOOT_LOOP, LIMIT + 1), (State.INSTALLING, 1)]
    assert sink.told == [("boot_loop", used.device_id)]


async def test_an_offer_of_a_lease_that_ended_or_of_a_machine_that_is_gone_changes_nothing(
    db: Database,
):
    (one, two, three) = await approved(db, 3)
    async with db.write() as session:
        await lease.end(session, await store.get(session, one.device_id), "revoked", now=NOON)
        await store.delete(session, await store.get(session, two.device_id))
    sink = Offers(db)
    await sink.write(one, two, replace(three, lease_id=999))
    assert await sink.now() == [(State.APPROVED, 0), (State.APPROVED, 0)]


class Sightings:
    """The sink of sightings, and what it told."""

    def __init__(self, db: Database, room: int = 100) -> None:
        self.db = db
        self.told: list[tuple[str, str, int | None, Any]] = []
        self.sink = SightingSink(self._notify, bump_boot_version, room)

    def _notify(
        self, kind: str, claim: Claim, device_id: int | None, at: datetime, data: dict[str, object]
    ) -> None:
        self.told.append((kind, claim.mac, device_id, data.get("like")))

    async def write(self, *claims: Claim) -> None:
        seen = [Sighting(claim, NOON + timedelta(seconds=n)) for n, claim in enumerate(claims)]
        async with self.db.write() as session:
            await self.sink.write(session, seen)
        self.sink.after_commit(seen)

    async def now(self) -> list[tuple[str, str, Sequence[str]]]:
        """Return state, boot MAC and all MACs of every machine."""
        async with self.db.read() as session:
            devices = (await session.scalars(sa.select(Device).order_by(Device.id))).all()
            macs = await store.macs_of(session, [device.id for device in devices])
            return [(d.state, d.boot_mac or "", macs.get(d.id, [])) for d in devices]


def mac(number: int) -> str:
    return f"52:54:00:00:00:{number:02x}"


async def test_a_rack_of_new_machines_is_recorded_in_the_order_it_asked(db: Database):
    street = Sightings(db)
    claims = [Claim(mac(n), (mac(n + 100),), serial=f"S{n}") for n in range(20)]
    await street.write(*claims)
    assert await street.now() == [
        (State.PENDING, mac(n), [mac(n), mac(n + 100)]) for n in range(20)
    ]
    assert [(kind, m) for kind, m, _, _ in street.told] == [
        ("device_seen", mac(n)) for n in range(20)
    ]
    ids = [device_id for _, _, device_id, _ in street.told]
    assert ids == sorted(ids)
    assert len(set(ids)) == 20


async def test_two_boards_with_one_uuid_contest_it_even_in_one_batch(db: Database):
    street = Sightings(db)
    await street.write(Claim(mac(1), uuid=UUID), Claim(mac(2)), Claim(mac(3), uuid=UUID))
    states = [(state, boot) for state, boot, _ in await street.now()]
    assert states == [(State.PENDING, mac(1)), (State.PENDING, mac(2)), (State.CONFLICT, mac(3))]
    first = next(device_id for kind, m, device_id, _ in street.told if m == mac(1))
    assert (street.told[-1][:2], street.told[-1][3]) == (("conflict", mac(3)), first)


async def test_a_board_recorded_earlier_is_recognised_by_its_uuid(db: Database):
    street = Sightings(db)
    await street.write(Claim(mac(1), uuid=UUID))
    await street.write(Claim(mac(2), uuid=UUID, serial="S2"))
    assert [state for state, _, _ in await street.now()] == [State.PENDING, State.CONFLICT]


async def test_a_uuid_learned_a_moment_ago_is_known_to_the_same_batch(db: Database):
    street = Sightings(db)
    await street.write(Claim(mac(1)))
    await street.write(Claim(mac(1), uuid=UUID), Claim(mac(2), uuid=UUID))
    assert [state for state, _, _ in await street.now()] == [State.PENDING, State.CONFLICT]


async def test_a_card_named_by_two_new_machines_belongs_to_the_first(db: Database):
    street = Sightings(db)
    await street.write(Claim(mac(1), (mac(9),)), Claim(mac(2), (mac(9),)))
    assert await street.now() == [
        (State.PENDING, mac(1), [mac(1), mac(9)]),
        (State.CONFLICT, mac(2), [mac(2)]),
    ]


async def test_a_new_machine_that_asks_with_its_other_card_in_the_same_batch_stays_one(
    db: Database,
):
    street = Sightings(db)
    await street.write(Claim(mac(1), (mac(9),)), Claim(mac(9), (mac(1), mac(7))))
    assert await street.now() == [(State.PENDING, mac(9), [mac(1), mac(7), mac(9)])]
    assert [kind for kind, _, _, _ in street.told] == ["device_seen"]


async def test_machines_beyond_the_room_for_new_ones_are_told_of_once_and_not_recorded(
    db: Database,
):
    street = Sightings(db, room=2)
    await street.write(*(Claim(mac(n)) for n in range(4)))
    assert len(await street.now()) == 2
    assert sorted(kind for kind, _, _, _ in street.told) == [
        "device_not_recorded",
        "device_seen",
        "device_seen",
    ]


async def test_every_card_is_recorded_once(db: Database):
    street = Sightings(db)
    await street.write(Claim(mac(1), (mac(1), mac(2))))
    async with db.read() as session:
        assert sorted(await session.scalars(sa.select(DeviceMac.mac))) == [mac(1), mac(2)]
