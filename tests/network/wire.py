"""Hand-made DHCP and TFTP packets to the real dnsmasq, and what comes back."""

import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from ktizo.network.reply import Via
from lab.net import ADDRESSES, Lan
from lab.packets import (
    DISCOVER,
    FIRST_BOOT_ITEM,
    REQUEST,
    DhcpAnswer,
    PxeClient,
    dhcp_message,
    parse_dhcp,
)

SERVER = ADDRESSES["appliance"]
PROBE = ADDRESSES["probe"]
TIMEOUT_S = 5.0


@dataclass(frozen=True)
class Told:
    """What a client was told, in the words of ktizo.network.reply."""

    next_server: str | None
    filename: str | None
    via: Via


@contextmanager
def port(lan: Lan, number: int) -> Iterator[socket.socket]:
    """A UDP socket on the probe, as a client's."""

    def opened() -> socket.socket:
        it = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        it.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        it.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        it.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lan0")
        it.bind(("", number))
        it.settimeout(TIMEOUT_S)
        return it

    with closing(lan.call("probe", opened)) as it:
        yield it


def discover(lan: Lan, client: PxeClient) -> DhcpAnswer | None:
    """The answer to a DISCOVER, or None.

    Nobody waits for a silence: a second DISCOVER, of an iPXE that is always answered, follows
    at once, and dnsmasq answers in turn.
    """
    sentinel = PxeClient(arch=7, ipxe=True)
    with port(lan, 68) as it:
        for xid, one in ((1, client), (2, sentinel)):
            it.sendto(dhcp_message(one, DISCOVER, xid=xid), ("255.255.255.255", 67))
        xid, answer = _from_dnsmasq(it)
        if xid == 2:
            return None
        assert _from_dnsmasq(it)[0] == 2
        return answer


def ask_boot_server(lan: Lan, client: PxeClient) -> DhcpAnswer:
    """The answer to a REQUEST on port 4011."""
    item = FIRST_BOOT_ITEM if client.arch == 0 else b""
    request = dhcp_message(client, REQUEST, xid=3, client_address=PROBE, boot_item=item)
    with port(lan, 68) as it:
        it.sendto(request, (SERVER, 4011))
        return _from_dnsmasq(it)[1]


def _from_dnsmasq(it: socket.socket) -> tuple[int, DhcpAnswer]:
    data, (sender, _) = it.recvfrom(4096)
    assert sender == SERVER
    return parse_dhcp(data, sender)


def told(lan: Lan, client: PxeClient, *, full: bool) -> Told:
    """Go through the exchange as that firmware does; return what it ends up with."""
    offer = discover(lan, client)
    if offer is None:
        return Told(None, None, Via.NOTHING)
    if offer.boot_file:
        return Told(offer.next_server, offer.boot_file, Via.OFFER)
    if full:
        return Told(None, None, Via.ADDRESS_ONLY)
    answer = ask_boot_server(lan, client)
    return Told(answer.next_server, answer.boot_file, Via.BOOT_SERVER)


def tftp_abort(lan: Lan, file: str) -> None:
    """Ask for a file's size and break off, as PXE firmware does."""
    with port(lan, 0) as it:
        it.sendto(b"\0\1" + file.encode() + b"\0octet\0tsize\x000\0", (SERVER, 69))
        _, transfer = it.recvfrom(4096)
        it.sendto(b"\0\5\0\x08User aborted the transfer\0", transfer)
