"""LANs and loader sets that several tests talk about."""

from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

from ktizo.network.lan import Lan, Mode
from ktizo.network.loaders import CANDIDATES, Advert, advertise
from ktizo.network.plan import Places, http_base, plan, render

PLACES = Places(Path("/var/lib/ktizo/compiled"), Path("/var/lib/ktizo/data"))
DEBIAN_12 = frozenset({"undionly.kpxe", "undionly.kkpxe", "ipxe.pxe", "ipxe.efi", "snponly.efi"})
DEBIAN_13 = DEBIAN_12 | {"ipxe-arm64.efi"}
EVERY_LOADER = frozenset(CANDIDATES)


def a_lan(**changes: Any) -> Lan:
    """A LAN in proxy mode, switched on, with `changes`."""
    fields: dict[str, Any] = {
        "enabled": True,
        "interface": "lan0",
        "server_address": IPv4Address("10.77.0.2"),
        "subnet": IPv4Network("10.77.0.0/24"),
    }
    return Lan(**fields | changes)


def a_full_lan(**changes: Any) -> Lan:
    """A LAN where Ktizo is the DHCP server, with everything said."""
    fields: dict[str, Any] = {
        "mode": Mode.FULL,
        "range_start": IPv4Address("10.77.0.100"),
        "range_end": IPv4Address("10.77.0.199"),
        "gateway": IPv4Address("10.77.0.1"),
        "dns": (IPv4Address("10.77.0.53"), IPv4Address("10.77.0.54")),
        "ntp": (IPv4Address("10.77.0.60"),),
        "domain": "lab.example",
    }
    return a_lan(**fields | changes)


def rendered(
    lan: Lan,
    available: frozenset[str] = DEBIAN_12,
    *,
    places: Places = PLACES,
    base_url: str | None = None,
    user: str | None = "dnsmasq",
) -> str:
    """The dnsmasq.conf of `lan`."""
    base = http_base(lan, 8000, base_url)
    return render(plan(lan, adverts(lan, available), places, base=base, user=user))


def adverts(lan: Lan, available: frozenset[str] = DEBIAN_12) -> tuple[Advert, ...]:
    """What is offered on `lan`."""
    return advertise(available, lan.uefi_loader)
