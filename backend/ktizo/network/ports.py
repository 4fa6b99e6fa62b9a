"""Are the UDP ports free, and if not, who has them. DHCP 67, TFTP 69, PXE boot server 4011.

A port is tried the way dnsmasq itself will bind it: two dnsmasq on different interfaces (libvirt
starts one) share port 67 without harm, so "somebody has it open" alone is no fault.
"""

import contextlib
import errno
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ktizo.network.errors import PortTaken

DHCP, TFTP, PXE = 67, 69, 4011
_SOCKET_LINK = re.compile(r"socket:\[(\d+)\]")


@dataclass(frozen=True, slots=True)
class UdpSocket:
    """A line of /proc/net/udp: who listens where."""

    address: str
    port: int
    inode: int


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that has one of the ports open; name and pid None when we may not look."""

    port: int
    name: str | None
    pid: int | None

    def __str__(self) -> str:
        who = f"{self.name} (pid {self.pid})" if self.pid else "a program we may not look into"
        return f"UDP port {self.port} by {who}"


def parse_udp(text: str) -> list[UdpSocket]:
    """Read /proc/net/udp. Addresses there are little-endian hex, ports big-endian hex."""
    sockets = []
    for line in text.splitlines()[1:]:
        fields = line.split()
        if len(fields) < 10:
            continue
        address, _, port = fields[1].partition(":")
        octets = reversed(bytes.fromhex(address))
        sockets.append(UdpSocket(".".join(map(str, octets)), int(port, 16), int(fields[9])))
    return sockets


def holders(wanted: tuple[int, ...], proc: Path = Path("/proc")) -> list[Holder]:
    """Return who has any of the ports open. Walks /proc: call it from a thread."""
    try:
        sockets = parse_udp((proc / "net/udp").read_text())
    except OSError:
        return []
    inodes = {one.inode: one.port for one in sockets if one.port in wanted}
    owners = dict(_owners(set(inodes), proc)) if inodes else {}
    return [_holder(port, owners.get(inode), proc) for inode, port in inodes.items()]


def _owners(inodes: set[int], proc: Path) -> Iterator[tuple[int, int]]:
    for process in proc.iterdir():
        if not process.name.isdecimal():
            continue
        for link in _open_files(process / "fd"):
            match = _SOCKET_LINK.fullmatch(link)
            if match and int(match[1]) in inodes:
                yield int(match[1]), int(process.name)


def _open_files(folder: Path) -> Iterator[str]:
    try:
        entries = list(folder.iterdir())
    except OSError:
        return  # gone meanwhile, or another user's
    for entry in entries:
        with contextlib.suppress(OSError):  # closed meanwhile
            yield str(entry.readlink())


def _holder(port: int, pid: int | None, proc: Path) -> Holder:
    if pid is None:
        return Holder(port, None, None)
    try:
        name = (proc / str(pid) / "comm").read_text().strip()
    except OSError:
        name = "a process that is gone"
    return Holder(port, name, pid)


def require_free(server_address: str, *, pxe: bool) -> list[str]:
    """Raise PortTaken when dnsmasq could not bind; return remarks on ports it would share.

    `pxe`: port 4011 is needed too (proxy mode). Binds and closes: call it from a thread.
    """
    wanted = (DHCP, TFTP, PXE) if pxe else (DHCP, TFTP)
    taken = [port for port in wanted if not _can_bind(port, server_address)]
    who = holders(wanted)
    if taken:
        names = [str(one) for one in who if one.port in taken] or [f"UDP port {p}" for p in taken]
        raise PortTaken(
            f"taken: {', '.join(names)}; stop that program, or leave the LAN service off",
            ports=taken,
        )
    return [f"shared: {one}; fine if it serves another interface" for one in who]


def _can_bind(port: int, server_address: str) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if port != TFTP:  # dnsmasq sets it on its DHCP sockets only
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        try:
            probe.bind((server_address if port == TFTP else "", port))
        except OSError as error:
            # Anything else (no such address here) is told better by dnsmasq itself.
            return error.errno != errno.EADDRINUSE
    return True
