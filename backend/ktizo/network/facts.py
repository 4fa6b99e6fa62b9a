"""What dnsmasq's log can tell: the nouns of logparse."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """Which answer a machine got."""

    PROXY = "proxy"
    """A proxy offer, beside the address another DHCP server gives."""
    BOOT_SERVER = "boot_server"
    """The boot file, on port 4011."""
    OFFER = "offer"
    """A DHCP offer of ours; full mode."""
    ACK = "ack"
    """The address is theirs now; full mode."""


@dataclass(frozen=True, slots=True)
class Client:
    """What a DHCP packet says of its sender. `arch`: option 93; None when it is none we know."""

    mac: str
    arch: int | None = None
    ipxe: bool = False
    vendor_class: str = ""
    user_class: str = ""

    @property
    def netboots(self) -> bool:
        """Is it firmware or iPXE, and not just somebody's laptop that wants an address?"""
        return self.arch is not None or self.ipxe or self.vendor_class.startswith("PXEClient")


@dataclass(frozen=True, slots=True)
class DhcpSeen:
    """A machine asked. `ignored`: why it gets no answer, else empty."""

    client: Client
    ignored: str = ""


@dataclass(frozen=True, slots=True)
class DhcpReply:
    """A machine was answered."""

    client: Client
    kind: Kind
    address: str | None
    next_server: str
    filename: str


@dataclass(frozen=True, slots=True)
class TftpSent:
    """A whole file went to `address`."""

    address: str
    file: str


@dataclass(frozen=True, slots=True)
class TftpMissing:
    """`address` wanted a file that is not there."""

    address: str
    file: str


@dataclass(frozen=True, slots=True)
class TftpAborted:
    """`address` broke off; PXE firmware does so on purpose, to learn a file's size first."""

    address: str
    reason: str


@dataclass(frozen=True, slots=True)
class Started:
    """dnsmasq is up."""

    version: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """dnsmasq ends because it was told to."""

    reason: str


@dataclass(frozen=True, slots=True)
class Failed:
    """dnsmasq ends because it cannot go on."""

    reason: str


Fact = DhcpSeen | DhcpReply | TftpSent | TftpMissing | TftpAborted | Started | Stopped | Failed
