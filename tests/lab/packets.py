"""Hand-made DHCP and TFTP from the host "probe": what firmware sends, answered in milliseconds."""

import itertools
import socket
import struct
import time
from contextlib import closing
from dataclasses import dataclass, field

from .net import ADDRESSES, LabError, Lan

DISCOVER, OFFER, REQUEST, ACK = 1, 2, 3, 5  # DHCP option 53
SUBNET_MASK, ROUTER, MESSAGE_TYPE, SERVER_ID, VENDOR_CLASS = 1, 3, 53, 54, 60
BOOT_SERVER, BOOT_FILE, USER_CLASS, CLIENT_ARCH, UNDI, GUID = 66, 67, 77, 93, 94, 97
VENDOR_ENCAPSULATED, PARAMETERS, IPXE, END, PAD = 43, 55, 175, 255, 0
# Every iPXE sends sub-options of option 175; 2.10 of the 2019 ROM, as captured in the lab.
IPXE_FEATURES = bytes.fromhex(
    "b105011af41000 eb0301000017010122010113010114010111010127010119010110010221"
)
FIRST_BOOT_ITEM = bytes.fromhex("470480000000ff")
_COOKIE = bytes.fromhex("63825363")
_HEADER = struct.Struct("!4B I 2H 4s4s4s4s 16s 64s 128s")

_macs = itertools.count(1)


def _next_mac() -> str:
    number = next(_macs)
    return f"52:54:00:99:{number >> 8:02x}:{number & 255:02x}"


@dataclass(frozen=True)
class PxeClient:
    """What a network card's firmware says about itself."""

    arch: int  # option 93, RFC 4578 2.1 and IANA's "Processor Architecture Types"
    ipxe: bool = False
    http_boot: bool = False
    mac: str = field(default_factory=_next_mac)
    vendor_class: str | None = None  # None: the usual one of its kind

    @property
    def options(self) -> list[tuple[int, bytes]]:
        """The options of its requests, without the message type."""
        kind = "HTTPClient" if self.http_boot else "PXEClient"
        vendor_class = self.vendor_class or f"{kind}:Arch:{self.arch:05d}:UNDI:003000"
        said = [
            (VENDOR_CLASS, vendor_class.encode()),
            (CLIENT_ARCH, self.arch.to_bytes(2)),
            (UNDI, bytes((1, 3, 0))),
            (GUID, bytes(17)),
            (PARAMETERS, bytes((1, 3, 6, 15, 43, 54, 60, 66, 67, 128, 175))),
        ]
        if self.ipxe:
            said += [(USER_CLASS, b"iPXE"), (IPXE, IPXE_FEATURES)]
        return said


@dataclass(frozen=True)
class DhcpAnswer:
    """One DHCP answer, as parsed."""

    sender: str
    message_type: int
    your_address: str
    next_server: str  # siaddr
    boot_file: str  # the header's file field, or option 67
    options: dict[int, bytes]


def dhcp_message(
    client: PxeClient,
    message_type: int,
    *,
    xid: int,
    client_address: str = "0.0.0.0",
    boot_item: bytes = b"",
) -> bytes:
    """Return the bytes of a DHCP request (RFC 2131) that asks for a broadcast answer."""
    hardware = bytes.fromhex(client.mac.replace(":", ""))
    none = bytes(4)
    header = _HEADER.pack(
        *(1, 1, 6, 0, xid, 0, 0x8000, socket.inet_aton(client_address), none, none, none),
        *(hardware, b"", b""),
    )
    options = [(MESSAGE_TYPE, bytes((message_type,))), *client.options]
    if boot_item:
        options.append((VENDOR_ENCAPSULATED, boot_item))
    packed = b"".join(bytes((code, len(value))) + value for code, value in options)
    return header + _COOKIE + packed + bytes((END,))


def parse_dhcp(message: bytes, sender: str) -> tuple[int, DhcpAnswer]:
    """Return the transaction id and the answer in `message`."""
    fields = _HEADER.unpack_from(message)
    options = dict(_options(message[_HEADER.size + len(_COOKIE) :]))
    file = fields[13].split(b"\0")[0] or options.get(BOOT_FILE, b"").rstrip(b"\0")
    return fields[4], DhcpAnswer(
        sender=sender,
        message_type=options[MESSAGE_TYPE][0],
        your_address=socket.inet_ntoa(fields[8]),
        next_server=socket.inet_ntoa(fields[9]),
        boot_file=file.decode(),
        options=options,
    )


def _options(packed: bytes) -> list[tuple[int, bytes]]:
    found, at = [], 0
    while at < len(packed) and packed[at] != END:
        if packed[at] == PAD:
            at += 1
            continue
        end = at + 2 + packed[at + 1]
        found.append((packed[at], packed[at + 2 : end]))
        at = end
    return found


def discover(lan: Lan, client: PxeClient) -> DhcpAnswer | None:
    """Return the appliance's answer to a broadcast DISCOVER; None when only the router answers."""
    message = dhcp_message(client, DISCOVER, xid=(xid := _xid(client)))
    return lan.call("probe", lambda: _ask(message, xid, ("255.255.255.255", 67)))


def ask_boot_server(lan: Lan, client: PxeClient) -> DhcpAnswer | None:
    """Return the appliance's answer to a REQUEST on port 4011: the boot file of a PXE client."""
    message = dhcp_message(
        client,
        REQUEST,
        xid=(xid := _xid(client)),
        client_address=ADDRESSES["probe"],
        # A BIOS chose item 0x8000 of the menu it was offered (PXE 2.1, 2.2.7, sub-option 71).
        boot_item=FIRST_BOOT_ITEM if client.arch == 0 and not client.ipxe else b"",
    )
    return lan.call("probe", lambda: _ask(message, xid, (ADDRESSES["appliance"], 4011)))


def _xid(client: PxeClient) -> int:
    return int(client.mac.replace(":", "")[4:], 16)


def _ask(message: bytes, xid: int, to: tuple[str, int]) -> DhcpAnswer | None:
    """Send from port 68; wait 2 s for the appliance, or 0.3 s more once the router has answered."""
    with closing(_port_68()) as port:
        port.sendto(message, to)
        deadline = time.monotonic() + 2
        while (left := deadline - time.monotonic()) > 0:
            port.settimeout(left)
            try:
                data, (sender, _) = port.recvfrom(4096)
            except TimeoutError:
                return None
            answered, answer = parse_dhcp(data, sender)
            if answered != xid:
                continue
            if sender == ADDRESSES["appliance"]:
                return answer
            deadline = min(deadline, time.monotonic() + 0.3)
    return None


def _port_68() -> socket.socket:
    port = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for option in (socket.SO_REUSEADDR, socket.SO_BROADCAST):
        port.setsockopt(socket.SOL_SOCKET, option, 1)
    port.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lan0")
    port.bind(("", 68))
    return port


class TftpRefused(Exception):
    """The server sent an ERROR packet (RFC 1350): its code and text."""


def tftp_read(lan: Lan, file: str) -> bytes:
    """Return `file` as the appliance's TFTP server sends it; raise TftpRefused when it does not."""
    return lan.call("probe", lambda: _tftp_read(file))


def _tftp_read(file: str) -> bytes:
    """RFC 1350 with a block size of 1432 (RFC 2348), as PXE firmware asks for it."""
    request = b"\0\1" + b"\0".join((file.encode(), b"octet", b"blksize", b"1432")) + b"\0"
    received = bytearray()
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as port:
        port.settimeout(3)
        port.sendto(request, (ADDRESSES["appliance"], 69))
        size, expected = 512, 1
        while True:
            packet, server = port.recvfrom(65536)
            kind, number = struct.unpack_from("!2H", packet)
            if kind == 5:
                raise TftpRefused(f"{number}: {packet[4:].rstrip(bytes(1)).decode()}")
            if kind == 6:  # OACK: the server took the block size
                size, number = 1432, 0
            elif kind != 3:
                raise LabError(f"TFTP sent packet type {kind}")
            elif number == expected & 0xFFFF:
                received += packet[4:]
                expected += 1
            port.sendto(struct.pack("!2H", 4, number), server)
            if kind == 3 and len(packet) - 4 < size:
                return bytes(received)
