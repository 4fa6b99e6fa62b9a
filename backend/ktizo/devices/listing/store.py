"""The one query behind every list of machines."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction

from ktizo.devices.tables import Device, DeviceMac


@dataclass(frozen=True)
class Sought:
    """Which machines: every field that says something must fit; of several values any one."""

    state: Sequence[str] = ()
    role: Sequence[str] = ()
    arch: Sequence[str] = ()
    firmware: Sequence[str] = ()
    text: str = ""  # part of a name, MAC, serial, make, address, note ...
    vendor: str = ""  # part of it, in any case
    tag: str = ""  # all of it


class IPv4Number(GenericFunction[int]):
    """The number of an IPv4 address kept as text; NULL for any other text, which never fails."""

    type = sa.BigInteger()
    inherit_cache = True


# "10.0.0.9" as the JSON array [10,0,0,9]: SQLite cannot split a text otherwise.
_IN_SQLITE = """
CASE WHEN json_valid('[' || replace({0}, '.', ',') || ']') THEN
  json_extract('[' || replace({0}, '.', ',') || ']', '$[0]') * 16777216
  + json_extract('[' || replace({0}, '.', ',') || ']', '$[1]') * 65536
  + json_extract('[' || replace({0}, '.', ',') || ']', '$[2]') * 256
  + json_extract('[' || replace({0}, '.', ',') || ']', '$[3]')
END"""
_IN_POSTGRESQL = """
CASE WHEN {0} ~ '^[0-9]{{1,3}}([.][0-9]{{1,3}}){{3}}$' THEN
  split_part({0}, '.', 1)::bigint * 16777216
  + split_part({0}, '.', 2)::bigint * 65536
  + split_part({0}, '.', 3)::bigint * 256
  + split_part({0}, '.', 4)::bigint
END"""


@compiles(IPv4Number, "sqlite")
def _sqlite(element: IPv4Number, compiler: Any, **kw: Any) -> str:
    return _IN_SQLITE.format(compiler.process(element.clauses, **kw))


@compiles(IPv4Number, "postgresql")
def _postgresql(element: IPv4Number, compiler: Any, **kw: Any) -> str:
    return _IN_POSTGRESQL.format(compiler.process(element.clauses, **kw))


_MAKE = sa.func.lower(Device.vendor), sa.func.lower(Device.product)
# Each with what decides among equals; at last it is always the number.
SORTS: dict[str, tuple[Any, ...]] = {
    "id": (Device.id,),
    "hostname": (Device.hostname,),
    "state": (Device.state,),
    "address": (IPv4Number(Device.address), Device.address),
    "vendor": _MAKE,
    "product": _MAKE[::-1],
    "serial": (Device.serial,),
    "arch": (Device.arch, Device.firmware),
    "firmware": (Device.firmware, Device.arch),
    "role": (Device.role, Device.hostname),
    "first_seen": (Device.first_seen,),
    "last_seen": (Device.last_seen,),
}


def _like(text: str) -> str:
    for special in "\\%_":
        text = text.replace(special, f"\\{special}")
    return f"%{text.lower()}%"


def _matching(sought: Sought) -> sa.Select[Device]:
    query = sa.select(Device)
    for column, values in (
        (Device.state, sought.state),
        (Device.role, sought.role),
        (Device.arch, sought.arch),
        (Device.firmware, sought.firmware),
    ):
        if values:
            query = query.where(column.in_(values))
    if sought.text:
        like = _like(sought.text)
        columns: list[Any] = [Device.hostname, Device.serial, Device.vendor, Device.product]
        columns += [Device.uuid, Device.address, Device.notes, Device.asset]
        owned = sa.select(DeviceMac.device_id).where(DeviceMac.mac.like(like, escape="\\"))
        query = query.where(
            sa.or_(Device.id.in_(owned), *(c.ilike(like, escape="\\") for c in columns))
        )
    if sought.vendor:
        query = query.where(Device.vendor.ilike(_like(sought.vendor), escape="\\"))
    if sought.tag:
        query = query.where(sa.cast(Device.tags, sa.Text).like(f'%"{sought.tag}"%'))
    return query


async def search(
    session: AsyncSession,
    sought: Sought,
    *,
    sort: str = "-last_seen",
    limit: int = 100,
    offset: int = 0,
) -> tuple[Sequence[Device], int]:
    """Return one page of machines and how many match in all.

    `sort`: one of SORTS, `-` before it for downwards. Machines without a value come last either
    way; an IPv4 address counts as a number and comes before other addresses.
    """
    query = _matching(sought)
    total = await session.scalar(sa.select(sa.func.count()).select_from(query.subquery()))
    down = sort.startswith("-")
    order = [
        (column.desc() if down else column.asc()).nulls_last() for column in SORTS[sort.lstrip("-")]
    ]
    rows = await session.scalars(query.order_by(*order, Device.id).limit(limit).offset(offset))
    return rows.all(), int(total or 0)
