"""From the LAN's settings to the exact words of dnsmasq.conf; pure.

Facts behind the template, each measured with dnsmasq 2.90 (lab.md 3, and tests/network):

- `pid-file=` empty: two dnsmasq on one host share a default pid file, and one of them dies.
- iPXE ignores a proxy offer whose next server is 0.0.0.0, so `dhcp-boot` names it (third field).
- In full mode port 4011 does not answer a UEFI client, and a `pxe-service` takes the file out of
  the offer: so `pxe-service` in proxy mode only, `dhcp-boot` per architecture in full mode.
- In full mode dnsmasq does not return "HTTPClient" unless told, and without it UEFI HTTP Boot
  drops the offer.
- In proxy mode an architecture without a loader would still get an empty offer, and its firmware
  would wait for a file that never comes: it is ignored instead.
- In full mode, without a router option, dnsmasq would name itself the default gateway.
- By default only 50 machines may fetch a loader at once, and 1000 have an address.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ktizo.core import urls
from ktizo.core.errors import Invalid
from ktizo.core.templates import render_file
from ktizo.network.lan import Lan, Mode
from ktizo.network.loaders import ARCHITECTURES, Advert, Over

LEASES = 65_536  # a lease takes dnsmasq about 200 bytes

# dnsmasq reads `,` as a separator in tftp-root, `#` after a blank as a comment, `"` and `\` itself.
_PLAIN_PATH = re.compile(r"/[\w./+@~=-]*")
_PLAIN_URL = re.compile(r"https?://[A-Za-z0-9.\-\[\]:]{1,255}")


class UnusablePath(Invalid):
    """A folder whose name dnsmasq's file format cannot hold."""


@dataclass(frozen=True, slots=True)
class Offer:
    """`target` for the firmware that says `code` in option 93: a TFTP name, or a URL."""

    code: int
    label: str
    target: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Exactly the variables of templates/dnsmasq/dnsmasq.conf.j2."""

    interface: str
    server: str
    full: bool
    subnet: str
    netmask: str
    range_start: str
    range_end: str
    lease_time: str
    lease_max: int
    router: str
    dns: str
    ntp: str
    domain: str
    user: str
    lease_file: str
    tftp_root: str
    boot_url: str
    codes: tuple[int, ...]
    tftp: tuple[Offer, ...]
    http: tuple[Offer, ...]


@dataclass(frozen=True, slots=True)
class Places:
    """Where things lie: absolute folders, and the program. One per process."""

    compiled: Path
    data: Path

    @property
    def conf(self) -> Path:
        """The file dnsmasq runs with."""
        return self.compiled / "dnsmasq" / "dnsmasq.conf"

    @property
    def tftp(self) -> Path:
        """The one folder TFTP gives away; machine configs are elsewhere."""
        return self.compiled / "tftp"

    @property
    def lease_file(self) -> Path:
        """Where dnsmasq keeps the addresses it gave."""
        return self.data / "dnsmasq.leases"

    @property
    def state_file(self) -> Path:
        """Which dnsmasq is ours, for the start after a kill -9."""
        return self.data / "dnsmasq.state"


def http_base(lan: Lan, port: int, base_url: str | None) -> str:
    """Return how machines reach Ktizo, without a slash at the end."""
    return (base_url or f"http://{lan.server_address}:{port}").rstrip("/")


def plan(
    lan: Lan, adverts: Sequence[Advert], places: Places, *, base: str, user: str | None
) -> Plan:
    """Return what dnsmasq will be told. `user`: whom it becomes; None leaves it as it is."""
    full = lan.mode is Mode.FULL
    return Plan(
        interface=lan.interface,
        server=str(lan.server_address),
        full=full,
        subnet=str(lan.subnet.network_address),
        netmask=str(lan.subnet.netmask),
        range_start=str(lan.range_start) if full else "",
        range_end=str(lan.range_end) if full else "",
        lease_time=lan.lease_time,
        lease_max=_range_size(lan),
        router=str(lan.gateway) if lan.gateway else "",
        dns=",".join(map(str, lan.dns)),
        ntp=",".join(map(str, lan.ntp)),
        domain=lan.domain,
        user=user or "",
        lease_file=_plain(places.lease_file),
        tftp_root=_plain(places.tftp),
        boot_url=_url(base + urls.BOOT_SCRIPT),
        codes=tuple(one.code for one in ARCHITECTURES),
        tftp=_offers(adverts, Over.TFTP, ""),
        http=_offers(adverts, Over.HTTP, base),
    )


def render(context: Plan) -> str:
    """Return the whole text of dnsmasq.conf."""
    return render_file("dnsmasq/dnsmasq.conf.j2", context)


def _offers(adverts: Sequence[Advert], over: Over, base: str) -> tuple[Offer, ...]:
    return tuple(
        Offer(
            code=one.architecture.code,
            label=f"Ktizo for {one.architecture.label}",
            target=_url(base + urls.loader(one.file)) if over is Over.HTTP else one.file,
        )
        for one in adverts
        if one.file is not None and one.architecture.over is over
    )


def _range_size(lan: Lan) -> int:
    if lan.range_start is None or lan.range_end is None:
        return 0
    return min(int(lan.range_end) - int(lan.range_start) + 1, LEASES)


def _plain(path: Path) -> str:
    text = str(path)
    if not _PLAIN_PATH.fullmatch(text):
        raise UnusablePath(
            f"dnsmasq cannot be given the path {text!r}; set KTIZO_DATA_DIR and "
            "KTIZO_COMPILED_DIR to paths of letters, digits and . _ + @ ~ = -"
        )
    return text


def _url(text: str) -> str:
    base = re.match(_PLAIN_URL, text)
    # The file field of a DHCP packet is 128 bytes, the last one zero (RFC 2131 2).
    if base is None or len(text) > 127 or "," in text:
        raise Invalid(f"{text!r} does not fit in a DHCP answer; set a shorter KTIZO_BASE_URL")
    return text
