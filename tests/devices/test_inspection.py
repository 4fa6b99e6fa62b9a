"""Leave to look at a machine: who may be asked for, how it ends, and what is counted."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from core.databases import KINDS, fresh_database
from ktizo.core.bootdb import boot_reader
from ktizo.core.db import Database, Meta, bump_boot_version
from ktizo.devices import approval, inspection, store
from ktizo.devices.identity import Claim
from ktizo.devices.inspection import expire_overdue_inspections
from ktizo.devices.lifecycle import UNDECIDED, Event, State, WrongState
from ktizo.devices.progress import InspectionSink, Looked
from ktizo.devices.register import register
from ktizo.devices.sighting import Sighting, SightingSink
from ktizo.devices.tables import Device, Inspection

pytestmark = pytest.mark.anyio
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
MAC, BUILD = "52:54:00:aa:bb:01", ("release", "v1.12.11")
UUID_A = "5f3c1d2e-0000-4000-8000-00000000000a"
UUID_B = "5f3c1d2e-0000-4000-8000-00000000000b"
LIMIT = 3


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


async def machine(db: Database, state: State = State.PENDING, mac: str = MAC) -> int:
    async with db.write() as session:
        device = await register(session, [mac], NOON, hostname=f"n{mac[-2:]}", uuid=UUID_A)
        device.state = state
        return device.id


async def asked(db: Database, device_id: int, now: datetime = NOON, **more: int) -> int:
    async with db.write() as session:
        device = await store.get(session, device_id)
        held = await inspection.ask(session, device, "ann", *BUILD, 60, now, **more)
        return held.id


async def row(db: Database, number: int) -> Inspection:
    async with db.read() as session:
        found = await session.get(Inspection, number)
        assert found is not None
        return found


@pytest.mark.parametrize("state", State)
async def test_only_a_machine_nobody_decided_about_is_looked_at(db: Database, state: State):
    device_id = await machine(db, state)
    if state in UNDECIDED:
        assert await asked(db, device_id)
        return
    with pytest.raises(WrongState, match=r"cannot inspect this machine: it(s| )"):
        await asked(db, device_id)
    async with db.read() as session:
        assert await store.open_inspection(session, device_id) is None


async def test_asking_twice_renews_the_first_and_a_used_up_or_overdue_one_begins_anew(
    db: Database,
):
    device_id = await machine(db)
    first = await asked(db, device_id)
    later = NOON + timedelta(minutes=30)
    assert await asked(db, device_id, later, limit=LIMIT) == first
    assert (await row(db, first)).expires_at == later + timedelta(minutes=60)
    async with db.write() as session:
        (await store.inspections_of(session, [device_id]))[device_id].boots = LIMIT
    second = await asked(db, device_id, later, limit=LIMIT)
    assert second != first
    assert (await row(db, first)).end == "expired"
    third = await asked(db, device_id, later + timedelta(minutes=60))
    assert third != second


async def test_the_boot_path_reads_lease_and_inspection_with_one_question(db: Database):
    device_id = await machine(db)
    number = await asked(db, device_id)
    reader = boot_reader(db)
    try:
        found = await store.boot_facts(reader, MAC)
        assert found is not None
        assert found.lease is None
        held = found.inspection
        assert held is not None
        assert (held.id, held.schematic, held.version) == (number, *BUILD)
        assert held.expires_at == NOON + timedelta(minutes=60)
        assert (held.boots, held.address) == (0, None)
        assert held.live(NOON)
        assert not held.live(NOON + timedelta(minutes=60))
        async with db.write() as session:
            device = await store.get(session, device_id)
            await approval.approve(session, device, by="ann", minutes=60, now=NOON)
        both = await store.boot_facts_by_id(reader, device_id)
        assert both is not None
        assert both.lease is not None
        assert both.inspection is None
    finally:
        reader.close()


@pytest.mark.parametrize("what", ["approve", "reject", "reinstall", "prove", "conflict", "end"])
async def test_every_decision_ends_it_and_says_that_answers_changed(db: Database, what: str):
    device_id = await machine(db, State.LAPSED if what in {"reinstall", "prove"} else State.PENDING)
    number = await asked(db, device_id)
    before = await version(db)
    async with db.write() as session:
        device = await store.get(session, device_id)
        match what:
            case "approve":
                await approval.approve(session, device, by="ann", minutes=60, now=NOON)
            case "reject":
                await approval.reject(session, device, now=NOON)
            case "reinstall":
                await approval.reinstall(
                    session, device, by="ann", minutes=9, confirm="n01", now=NOON
                )
            case "prove":
                await approval.prove(session, device, Event.PROVED_RUNNING, now=NOON)
            case "conflict":
                await contested(session, device)
            case _:
                assert await inspection.end(session, device_id, "cancelled", NOON) is not None
    assert await version(db) > before
    ended = await row(db, number)
    assert (ended.ended_at, ended.end) == (NOON, "cancelled" if what == "end" else "decided")


async def contested(session: object, device: Device) -> None:
    told: list[str] = []
    sink = SightingSink(lambda kind, *_: told.append(kind), bump_boot_version, 100)
    await sink.write(session, [Sighting(Claim(mac=MAC, uuid=UUID_B), NOON)])  # type: ignore[arg-type]
    sink.after_commit([])
    assert device.state == State.CONFLICT
    assert told == ["conflict", "inspection_ended"]


async def test_ending_what_is_not_open_changes_nothing(db: Database):
    device_id = await machine(db)
    before = await version(db)
    async with db.write() as session:
        assert await inspection.end(session, device_id, "done", NOON) is None
    assert await version(db) == before


async def test_overdue_ones_are_ended_and_only_those(db: Database):
    first = await machine(db)
    second = await machine(db, mac="52:54:00:aa:bb:02")
    one = await asked(db, first)
    two = await asked(db, second, NOON + timedelta(minutes=1))
    before = await version(db)
    async with db.write() as session:
        over = await expire_overdue_inspections(session, NOON + timedelta(minutes=60))
    assert [device.id for device in over] == [first]
    assert await version(db) > before
    assert ((await row(db, one)).end, (await row(db, two)).end) == ("expired", None)
    before = await version(db)
    async with db.write() as session:
        assert not await expire_overdue_inspections(session, NOON + timedelta(minutes=60))
    assert await version(db) == before


async def test_a_machine_that_is_forgotten_takes_its_inspections_along(db: Database):
    device_id = await machine(db)
    await asked(db, device_id)
    async with db.write() as session:
        await store.delete(session, await store.get(session, device_id))
    async with db.read() as session:
        assert not (await session.scalars(sa.select(Inspection))).all()


async def test_boots_and_the_first_address_are_written_down_and_only_the_limit_changes_answers(
    db: Database,
):
    device_id = await machine(db)
    number = await asked(db, device_id)
    sink = InspectionSink(bump_boot_version, LIMIT)
    merged = sink.merge(Looked(device_id, number, 2), Looked(device_id, number, address="10.0.0.5"))
    merged = sink.merge(merged, Looked(device_id, number, 1, "10.0.0.6"))
    assert merged == Looked(device_id, number, 2, "10.0.0.5")
    before = await version(db)
    for item in (merged, Looked(device_id, number, 1, "10.0.0.6")):
        async with db.write() as session:
            await sink.write(session, [item])
    found = await row(db, number)
    assert (found.boots, found.address, await version(db)) == (2, "10.0.0.5", before)
    async with db.write() as session:
        await sink.write(session, [Looked(device_id, number, LIMIT)])
    assert ((await row(db, number)).boots, await version(db)) == (LIMIT, before + 1)


async def test_what_comes_late_is_not_counted_for_another_inspection(db: Database):
    device_id = await machine(db)
    first = await asked(db, device_id)
    async with db.write() as session:
        await inspection.end(session, device_id, "cancelled", NOON)
    second = await asked(db, device_id)
    async with db.write() as session:
        late = [Looked(device_id, first, LIMIT, "10.0.0.5"), Looked(999, 7, 1)]
        await InspectionSink(bump_boot_version, LIMIT).write(session, late)
    found = await row(db, second)
    assert (found.boots, found.address) == (0, None)
