"""What the operator decided about the network machines boot from: the noun of this room."""

import re
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network

# Linux: at most 15 bytes (IFNAMSIZ - 1). A leading dash would read as an option, `*` is dnsmasq's
# wildcard and `:` names an alias, so none of them is taken.
INTERFACE = r"^[A-Za-z0-9_][A-Za-z0-9_.\-]{0,14}$"
_LABEL = r"[a-z0-9]([a-z0-9\-]{0,61}[a-z0-9])?"
DOMAIN = rf"^{_LABEL}(\.{_LABEL})*$"
DOMAIN_MAX = 253
LEASE_TIME = r"^[1-9][0-9]{0,3}[mh]$"


class Mode(StrEnum):
    """Who gives addresses: the LAN's own DHCP server (proxy), or Ktizo (full)."""

    PROXY = "proxy"
    FULL = "full"


class UefiLoader(StrEnum):
    """Which iPXE build x86-64 UEFI machines get: its own drivers, or the firmware's (SNP)."""

    IPXE = "ipxe"
    SNPONLY = "snponly"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lan:
    """The one LAN. `range_*` and `lease_time` mean something in full mode only.

    Construction fails for a string that could leave its line in dnsmasq.conf, wherever it came
    from: the API, the database, or a test.
    """

    interface: str
    server_address: IPv4Address
    subnet: IPv4Network
    enabled: bool = False
    mode: Mode = Mode.PROXY
    range_start: IPv4Address | None = None
    range_end: IPv4Address | None = None
    lease_time: str = "12h"
    gateway: IPv4Address | None = None
    dns: tuple[IPv4Address, ...] = ()
    ntp: tuple[IPv4Address, ...] = ()
    domain: str = ""
    vlan_note: str = ""
    uefi_loader: UefiLoader = UefiLoader.IPXE

    def __post_init__(self) -> None:
        # fullmatch: in Python `$` also matches before a final newline.
        if not re.fullmatch(INTERFACE, self.interface):
            raise ValueError("not the name of a network interface")
        if self.domain and not _is_domain(self.domain):
            raise ValueError("not a domain name")
        if not re.fullmatch(LEASE_TIME, self.lease_time):
            raise ValueError("not a lease time; write it as 30m or 12h")
        if self.mode is Mode.FULL and not (self.range_start and self.range_end):
            raise ValueError("full DHCP needs a range")


def _is_domain(text: str) -> bool:
    return len(text) <= DOMAIN_MAX and re.fullmatch(DOMAIN, text) is not None
