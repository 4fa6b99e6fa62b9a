"""Queries about machines. Functions, session first; nothing here decides."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from ktizo.core.bootdb import BootReader
from ktizo.core.errors import NotFound
from ktizo.devices.facts import DeviceFacts, InspectionFacts, LeaseFacts
from ktizo.devices.lifecycle import State
from ktizo.devices.tables import Device, DeviceMac, Inspection, Lease


class DeviceNotFound(NotFound):
    """No machine has this number."""


async def get(session: AsyncSession, device_id: int) -> Device:
    """Return a machine; raises DeviceNotFound."""
    device = await session.get(Device, device_id)
    if device is None:
        raise DeviceNotFound(f"there is no machine {device_id}")
    return device


async def by_macs(session: AsyncSession, macs: Iterable[str]) -> dict[str, Device]:
    """Return the machines that own `macs`, by MAC; unknown MACs are left out."""
    rows = await session.execute(
        sa.select(DeviceMac.mac, Device)
        .join(Device, Device.id == DeviceMac.device_id)
        .where(DeviceMac.mac.in_(list(macs)))
    )
    return {row[0]: row[1] for row in rows}


async def by_ids(session: AsyncSession, ids: Iterable[int]) -> dict[int, Device]:
    """Return many machines by number; those that are gone are left out."""
    rows = await session.scalars(sa.select(Device).where(Device.id.in_(list(ids))))
    return {device.id: device for device in rows}


async def by_uuids(session: AsyncSession, uuids: Iterable[str]) -> Sequence[Device]:
    """Return every machine recorded with one of `uuids`."""
    rows = await session.scalars(sa.select(Device).where(Device.uuid.in_(list(uuids))))
    return rows.all()


async def by_doors(session: AsyncSession, doors: Iterable[int]) -> dict[int, Device]:
    """Return the machines that are these rented servers, by the servers' numbers."""
    wanted = list(doors)
    if not wanted:
        return {}
    rows = await session.scalars(sa.select(Device).where(Device.door.in_(wanted)))
    return {device.door: device for device in rows if device.door is not None}


async def macs_of(session: AsyncSession, ids: Iterable[int]) -> dict[int, list[str]]:
    """Return each machine's MACs, sorted."""
    rows = await session.execute(
        sa.select(DeviceMac.device_id, DeviceMac.mac)
        .where(DeviceMac.device_id.in_(list(ids)))
        .order_by(DeviceMac.mac)
    )
    found: dict[int, list[str]] = {}
    for device_id, mac in rows:
        found.setdefault(device_id, []).append(mac)
    return found


async def add(session: AsyncSession, device: Device, macs: Sequence[str]) -> Device:
    """Insert a machine with its cards. Raises IntegrityError for a taken MAC."""
    session.add(device)
    await session.flush()
    session.add_all(DeviceMac(mac=mac, device_id=device.id) for mac in macs)
    await session.flush()
    return device


async def add_all(session: AsyncSession, born: Sequence[tuple[Device, Sequence[str]]]) -> None:
    """Insert many machines with their cards, which nobody else may own."""
    if not born:
        return
    session.add_all(device for device, _ in born)
    await session.flush()
    session.add_all(
        DeviceMac(mac=mac, device_id=device.id) for device, macs in born for mac in macs
    )
    await session.flush()


async def add_mac(session: AsyncSession, device_id: int, mac: str) -> None:
    """Give a machine one more card."""
    session.add(DeviceMac(mac=mac, device_id=device_id))
    await session.flush()


async def move_macs(session: AsyncSession, source: int, target: int) -> None:
    """Hand all cards of one machine to another."""
    await session.execute(
        sa.update(DeviceMac).where(DeviceMac.device_id == source).values(device_id=target)
    )


async def addresses(session: AsyncSession, ids: Iterable[int]) -> dict[int, str]:
    """Return from which address each machine last asked from the network, by machine."""
    query = sa.select(Device.id, Device.address)
    query = query.where(Device.id.in_(list(ids)), Device.address.is_not(None))
    return {row[0]: str(row[1]) for row in await session.execute(query)}


async def open_inspections(session: AsyncSession) -> dict[int, str]:
    """Return where machines are that may be looked at and fetched their config for it."""
    query = sa.select(Inspection.device_id, Inspection.address).where(
        Inspection.ended_at.is_(None), Inspection.address.is_not(None)
    )
    return {row[0]: str(row[1]) for row in await session.execute(query)}


async def delete(session: AsyncSession, device: Device) -> None:
    """Forget a machine, its cards and leases."""
    await session.delete(device)
    await session.flush()


async def count(session: AsyncSession, *states: State) -> int:
    """Count machines in any of `states`."""
    query = sa.select(sa.func.count()).select_from(Device).where(Device.state.in_(states))
    return int(await session.scalar(query) or 0)


async def ids_in(session: AsyncSession, states: Iterable[State]) -> set[int]:
    """Return the numbers of the machines in any of `states`."""
    return set(await session.scalars(sa.select(Device.id).where(Device.state.in_(list(states)))))


async def counts(session: AsyncSession) -> dict[str, int]:
    """Count machines per state."""
    rows = await session.execute(sa.select(Device.state, sa.func.count()).group_by(Device.state))
    return {row[0]: row[1] for row in rows}


async def open_lease(session: AsyncSession, device_id: int) -> Lease | None:
    """Return the machine's lease that has not ended, live or past its time."""
    query = sa.select(Lease).where(Lease.device_id == device_id, Lease.ended_at.is_(None))
    found: Lease | None = await session.scalar(query)
    return found


async def open_leases(session: AsyncSession, ids: Iterable[int]) -> dict[int, Lease]:
    """Return the open leases of many machines, by machine."""
    rows = await session.scalars(
        sa.select(Lease).where(Lease.device_id.in_(list(ids)), Lease.ended_at.is_(None))
    )
    return {lease.device_id: lease for lease in rows}


async def overdue_leases(session: AsyncSession, now: datetime) -> Sequence[tuple[Lease, Device]]:
    """Return open leases whose time is over, with their machines."""
    rows = await session.execute(
        sa.select(Lease, Device)
        .join(Device, Device.id == Lease.device_id)
        .where(Lease.ended_at.is_(None), Lease.expires_at <= now)
    )
    return [(lease, device) for lease, device in rows]


async def add_lease(session: AsyncSession, lease: Lease) -> Lease:
    """Insert a lease; raises IntegrityError when one is open already."""
    session.add(lease)
    await session.flush()
    return lease


async def open_inspection(session: AsyncSession, device_id: int) -> Inspection | None:
    """Return the machine's inspection that has not ended, live or past its time."""
    return (await inspections_of(session, [device_id])).get(device_id)


async def inspections_of(session: AsyncSession, ids: Iterable[int]) -> dict[int, Inspection]:
    """Return the open inspections of many machines, by machine."""
    query = sa.select(Inspection).where(
        Inspection.device_id.in_(list(ids)), Inspection.ended_at.is_(None)
    )
    return {each.device_id: each for each in await session.scalars(query)}


async def overdue_inspections(
    session: AsyncSession, now: datetime
) -> Sequence[tuple[Inspection, Device]]:
    """Return open inspections whose time is over, with their machines."""
    rows = await session.execute(
        sa.select(Inspection, Device)
        .join(Device, Device.id == Inspection.device_id)
        .where(Inspection.ended_at.is_(None), Inspection.expires_at <= now)
    )
    return [(inspection, device) for inspection, device in rows]


async def inspected_builds(session: AsyncSession) -> Sequence[tuple[str, str]]:
    """Return schematic and version of every build that an open inspection boots."""
    query = sa.select(Inspection.schematic, Inspection.version).distinct()
    rows = await session.execute(query.where(Inspection.ended_at.is_(None)))
    return [(row[0], row[1]) for row in rows]


async def add_inspection(session: AsyncSession, inspection: Inspection) -> Inspection:
    """Insert an inspection; raises IntegrityError when one is open already."""
    session.add(inspection)
    await session.flush()
    return inspection


_FACTS = (
    sa.select(
        Device.id,
        Device.state,
        Device.uuid,
        Device.serial,
        Device.hostname,
        Device.role,
        Device.handover,
        Device.tags,
        Device.boot_mac,
        Device.approved_by,
        Device.approved_at,
        Lease.id,
        Lease.reason,
        Lease.granted_by,
        Lease.expires_at,
        Lease.offers,
        Lease.config_address,
        Inspection.id,
        Inspection.schematic,
        Inspection.version,
        Inspection.expires_at,
        Inspection.boots,
        Inspection.address,
        Device.door,
    )
    .select_from(DeviceMac)
    .join(Device, Device.id == DeviceMac.device_id)
    .outerjoin(Lease, sa.and_(Lease.device_id == Device.id, Lease.ended_at.is_(None)))
    .outerjoin(
        Inspection, sa.and_(Inspection.device_id == Device.id, Inspection.ended_at.is_(None))
    )
)
_BY_MAC = _FACTS.where(DeviceMac.mac == sa.bindparam("mac"))
_BY_ID = _FACTS.where(Device.id == sa.bindparam("id")).limit(1)
_MACS = (
    sa.select(DeviceMac.mac)
    .where(DeviceMac.device_id == sa.bindparam("id"))
    .order_by(DeviceMac.mac)
)


def _facts(row: tuple[Any, ...]) -> DeviceFacts:
    lease = LeaseFacts(*row[11:17]) if row[11] is not None else None
    inspection = InspectionFacts(*row[17:23]) if row[17] is not None else None
    device_id, state, uuid, serial, hostname, role, handover, tags, boot, by, at = row[:11]
    return DeviceFacts(
        device_id,
        State(state),
        uuid,
        serial,
        hostname,
        role,
        handover,
        tuple(tags),
        boot,
        by,
        at,
        lease,
        inspection,
        row[23],
    )


async def boot_facts(reader: BootReader, mac: str) -> DeviceFacts | None:
    """Return what is recorded of the machine that owns `mac`, for the boot path."""
    rows = await reader.rows(_BY_MAC, {"mac": mac})
    return _facts(rows[0]) if rows else None


async def boot_facts_by_id(reader: BootReader, device_id: int) -> DeviceFacts | None:
    """Return what is recorded of machine `device_id`, for the boot path."""
    rows = await reader.rows(_BY_ID, {"id": device_id})
    return _facts(rows[0]) if rows else None


async def facts_of(session: AsyncSession, ids: Iterable[int]) -> dict[int, DeviceFacts]:
    """Return what is recorded of many machines, by number, with one query."""
    rows = await session.execute(_FACTS.where(Device.id.in_(list(ids))))
    return {row[0]: _facts(tuple(row)) for row in rows}


async def boot_macs(reader: BootReader, device_id: int) -> tuple[str, ...]:
    """Return the machine's MACs, sorted."""
    return tuple(row[0] for row in await reader.rows(_MACS, {"id": device_id}))


# Which machine is at an address

Seen = tuple[int, datetime | None]  # machine, when it was last seen
_SEEN = sa.select(Device.id, Device.last_seen)
_ADDRESS: sa.BindParameter[str] = sa.bindparam("address")
_LEASE_AT = _SEEN.join(Lease, Lease.device_id == Device.id).where(
    Lease.ended_at.is_(None), Lease.config_address == _ADDRESS
)
_INSPECTION_AT = _SEEN.join(Inspection, Inspection.device_id == Device.id).where(
    Inspection.ended_at.is_(None), Inspection.address == _ADDRESS
)
_LAST_AT = _SEEN.where(Device.address == _ADDRESS)


async def configured_at(reader: BootReader, address: str) -> list[Seen]:
    """Return the machines that fetched the config of an open lease or inspection from there."""
    named = {"address": address}
    found = [*await reader.rows(_LEASE_AT, named), *await reader.rows(_INSPECTION_AT, named)]
    return [(row[0], row[1]) for row in found]


async def last_at(reader: BootReader, address: str) -> list[Seen]:
    """Return the machines whose last boot question came from there; more than one with DHCP."""
    return [(row[0], row[1]) for row in await reader.rows(_LAST_AT, {"address": address})]


async def id_at_door(reader: BootReader, door: int) -> int | None:
    """Return the number of the machine that is this rented server; None: none has asked yet."""
    found = await reader.rows(_ID_AT_DOOR, {"door": door})
    return found[0][0] if found else None


async def id_of_mac(reader: BootReader, mac: str) -> int | None:
    """Return the number of the machine that owns `mac`."""
    found = await reader.rows(_ID_OF_MAC, {"mac": mac})
    return found[0][0] if found else None


_ID_AT_DOOR = sa.select(Device.id).where(Device.door == sa.bindparam("door"))
_ID_OF_MAC = sa.select(DeviceMac.device_id).where(DeviceMac.mac == sa.bindparam("mac"))
