"""The machines of the two weeks: makes an operator knows, numbers nobody has."""

from dataclasses import dataclass
from uuid import UUID, uuid5

from .served import Hardware

_NAMES = UUID("5f3c1d2e-0000-4000-8000-000000000000")
# Vendor, model, first three bytes of its cards, how a serial number of it looks.
MAKES = (
    ("Dell Inc.", "PowerEdge R650", "24:6e:96", "{:X}K3XQ5"),
    ("HPE", "ProLiant DL360 Gen11", "94:40:c9", "CZ2D{:X}F4M"),
    ("Supermicro", "SYS-620U-TNR", "3c:ec:ef", "S4786{:X}X2B"),
    ("Lenovo", "ThinkSystem SR630 V3", "08:3a:88", "J30{:X}2C"),
    ("Intel(R) Client Systems", "NUC13ANHi5", "48:21:0b", "G6AN3{:X}"),
    ("ASRockRack", "ALTRAD8UD-1L2T", "d0:50:99", "M80-{:X}"),
)
ARM = "ALTRAD8UD-1L2T"


@dataclass(frozen=True)
class Member:
    """A machine with a place in a cluster, or with another system."""

    hostname: str
    make: int
    cluster: str | None = None
    role: str | None = None
    profile: str | None = None
    installed_days_ago: float = 13.0
    seconds: float = 4.0  # its disk and network: how long a step takes it


def hardware(number: int, make: int) -> Hardware:
    """Return machine `number`, of one of the makes."""
    vendor, product, card, serial = MAKES[make]
    return Hardware(
        mac=f"{card}:{number * 37 % 256:02x}:{number * 91 % 256:02x}:{number:02x}",
        vendor=vendor,
        product=product,
        serial=serial.format(0x2B1 + number * 7919 % 0xD000),
        uuid=str(uuid5(_NAMES, str(number))),
        platform="pcbios" if number % 9 == 4 else "efi",
        arch="arm64" if product == ARM else "x86_64",
        address=f"10.20.{number // 200}.{20 + number % 200}",
    )


def _rack() -> list[Member]:
    cp = [Member(f"prod-cp-{n}", 0, "prod", "controlplane", None, 13.4 - n / 10) for n in (1, 2, 3)]
    workers = [
        Member(f"prod-w-{n:02}", 1 + n % 3, "prod", "worker", None, 12.5 - n * 0.9, 4.0 + n % 5)
        for n in range(1, 13)
    ]
    edge = [
        Member("edge-cp-1", 4, "edge", "controlplane", None, 6.2),
        *(Member(f"edge-w-{n}", 4, "edge", "worker", None, 6 - n * 0.8, 9.0) for n in (1, 2, 3)),
    ]
    others = [
        Member("backup-1", 3, profile="debian", installed_days_ago=9.1, seconds=12.0),
        Member("monitor-1", 0, profile="debian", installed_days_ago=4.4, seconds=7.0),
    ]
    return cp + workers + edge + others


RACK = _rack()
