"""The network interfaces of this box, asked of the C library; no program is run for it."""

import ctypes
import ctypes.util
import os
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface

IFF_UP = 0x1
IFF_LOOPBACK = 0x8
AF_INET = 2
AF_PACKET = 17


@dataclass(frozen=True, slots=True)
class Interface:
    """One interface; `addresses` are its IPv4 addresses with their prefix."""

    name: str
    mac: str | None
    up: bool
    addresses: tuple[IPv4Interface, ...]


class _IfAddrs(ctypes.Structure):
    """Linux `struct ifaddrs` (getifaddrs(3)), the first fields."""


_IfAddrs._fields_ = [
    ("next", ctypes.POINTER(_IfAddrs)),
    ("name", ctypes.c_char_p),
    ("flags", ctypes.c_uint),
    ("address", ctypes.c_void_p),
    ("netmask", ctypes.c_void_p),
]


def interfaces() -> list[Interface]:
    """Return every interface but the loopback, by name. Raises OSError when the system will not."""
    libc = ctypes.CDLL(None, use_errno=True)
    head = ctypes.POINTER(_IfAddrs)()
    if libc.getifaddrs(ctypes.byref(head)) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    try:
        return _gather(_walk(head))
    finally:
        libc.freeifaddrs(head)


def _walk(head: "ctypes._Pointer[_IfAddrs]") -> Iterator[_IfAddrs]:
    while head:
        yield head.contents
        head = head.contents.next


def _gather(entries: Iterator[_IfAddrs]) -> list[Interface]:
    macs: dict[str, str | None] = {}
    up: dict[str, bool] = {}
    addresses: dict[str, list[IPv4Interface]] = {}
    for entry in entries:
        if entry.flags & IFF_LOOPBACK:
            continue
        name = entry.name.decode(errors="replace")
        up[name] = bool(entry.flags & IFF_UP)
        macs.setdefault(name, None)
        family = _family(entry.address)
        if family == AF_PACKET:
            macs[name] = _mac(entry.address)
        elif family == AF_INET and entry.netmask:
            addresses.setdefault(name, []).append(_interface(entry))
    return [
        Interface(name, macs[name], up[name], tuple(sorted(addresses.get(name, ()))))
        for name in sorted(up)
    ]


def _family(address: int | None) -> int:
    return ctypes.c_ushort.from_address(address).value if address else 0


def _mac(address: int) -> str | None:
    # struct sockaddr_ll: family 2, protocol 2, ifindex 4, hatype 2, pkttype 1, halen 1, addr 8
    raw = ctypes.string_at(address, 20)
    return raw[12:18].hex(":") if raw[11] == 6 else None


def _interface(entry: _IfAddrs) -> IPv4Interface:
    # struct sockaddr_in: family 2, port 2, addr 4
    address = IPv4Address(ctypes.string_at(entry.address, 8)[4:])
    mask = IPv4Address(ctypes.string_at(entry.netmask, 8)[4:])
    return IPv4Interface(f"{address}/{mask}")
