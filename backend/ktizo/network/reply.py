"""What the LAN answers a machine before it speaks HTTP, as data for `explain`; pure.

A test sends hand-made DISCOVERs to the real dnsmasq and insists that it says the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from ktizo.core import urls
from ktizo.network.lan import Lan, Mode
from ktizo.network.loaders import Advert, Over


class Via(StrEnum):
    """Where the boot file name comes from."""

    OFFER = "offer"
    """In the DHCP offer itself (UDP 67)."""
    BOOT_SERVER = "boot_server"
    """In a second answer: the firmware is sent on to UDP 4011 (PXE 2.1, 2.2.5)."""
    ADDRESS_ONLY = "address_only"
    """An address and nothing to boot; full mode."""
    NOTHING = "nothing"
    """No answer: the firmware tries its next boot device."""


@dataclass(frozen=True, slots=True)
class Reply:
    """`next_server` and `filename` are None when nothing is said of them."""

    next_server: str | None
    filename: str | None
    via: Via
    why: str


def reply_for(lan: Lan, adverts: Sequence[Advert], base: str, *, arch: int, ipxe: bool) -> Reply:
    """Return what a client of DHCP option 93 code `arch` is told; `base` as of plan.http_base."""
    if not lan.enabled:
        return Reply(None, None, Via.NOTHING, "the LAN service is off")
    server = str(lan.server_address)
    if ipxe:
        why = "it is iPXE already (option 175 or user class): straight to Ktizo"
        return Reply(server, base + urls.BOOT_SCRIPT, Via.OFFER, why)
    advert = next((one for one in adverts if one.architecture.code == arch), None)
    if advert is None or advert.file is None:
        why = advert.why if advert else f"architecture {arch} is unknown to Ktizo"
        via = Via.ADDRESS_ONLY if lan.mode is Mode.FULL else Via.NOTHING
        return Reply(None, None, via, why)
    why = f"{advert.architecture.label}: {advert.why}"
    if advert.architecture.over is Over.HTTP:
        return Reply(server, base + urls.loader(advert.file), Via.OFFER, why)
    via = Via.OFFER if lan.mode is Mode.FULL else Via.BOOT_SERVER
    return Reply(server, advert.file, via, why)
