"""Reading and writing the LAN's row; the rest of the room sees only `Lan`."""

from datetime import datetime
from ipaddress import IPv4Address, IPv4Network

from sqlalchemy.ext.asyncio import AsyncSession

from ktizo.core.db import bump_boot_version
from ktizo.network.lan import Lan, Mode, UefiLoader
from ktizo.network.tables import LanRow

ONLY = 1


def _text(address: IPv4Address | None) -> str | None:
    return None if address is None else str(address)


def _address(text: str | None) -> IPv4Address | None:
    return None if text is None else IPv4Address(text)


def _lan(row: LanRow) -> Lan:
    return Lan(
        enabled=row.enabled,
        interface=row.interface,
        server_address=IPv4Address(row.server_address),
        mode=Mode(row.mode),
        subnet=IPv4Network(row.subnet),
        range_start=_address(row.range_start),
        range_end=_address(row.range_end),
        lease_time=row.lease_time,
        gateway=_address(row.gateway),
        dns=tuple(IPv4Address(one) for one in row.dns),
        ntp=tuple(IPv4Address(one) for one in row.ntp),
        domain=row.domain,
        vlan_note=row.vlan_note,
        uefi_loader=UefiLoader(row.uefi_loader),
    )


async def get(session: AsyncSession) -> Lan | None:
    """Return the LAN, or None when nobody has set one up yet."""
    row = await session.get(LanRow, ONLY)
    return None if row is None else _lan(row)


async def save(session: AsyncSession, lan: Lan, now: datetime) -> None:
    """Make `lan` the LAN; machines are told by the new one from this transaction on."""
    row = await session.get(LanRow, ONLY)
    if row is None:
        row = LanRow(id=ONLY)
        session.add(row)
    row.enabled = lan.enabled
    row.interface = lan.interface
    row.server_address = str(lan.server_address)
    row.mode = lan.mode.value
    row.subnet = str(lan.subnet)
    row.range_start, row.range_end = _text(lan.range_start), _text(lan.range_end)
    row.lease_time = lan.lease_time
    row.gateway = _text(lan.gateway)
    row.dns = [str(one) for one in lan.dns]
    row.ntp = [str(one) for one in lan.ntp]
    row.domain, row.vlan_note = lan.domain, lan.vlan_note
    row.uefi_loader = lan.uefi_loader.value
    row.updated_at = now
    await bump_boot_version(session)
    await session.flush()
