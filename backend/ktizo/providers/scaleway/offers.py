"""Elastic Metal's catalogue: offers by zone, by the hour.

An offer's id belongs to one zone, so a plan is called by its name ("EM-A115X-SSD").
Source: Elastic Metal API v1, GET /offers, and its SDK 2.12.0, read 2026-11-21.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ktizo.providers.base import Offer, Plan, Price, Region
from ktizo.providers.fields import rows, text
from ktizo.providers.scaleway.wire import amount, number

GIB, GB = 2**30, 10**9
WHY = "by the rescue system and SSH: there is no iPXE"
STOCK = {"empty": False, "low": True, "available": True}  # None: a word nobody knew
CITIES = {"fr-par": ("Paris", "FR"), "nl-ams": ("Amsterdam", "NL"), "pl-waw": ("Warsaw", "PL")}


@dataclass(frozen=True, slots=True)
class ZoneOffer:
    """One kind of server in one zone."""

    id: str
    name: str
    zone: str
    price: Price | None
    in_stock: bool | None
    cpu: str
    cores: int
    memory_gib: float
    disks: str


def read(given: Mapping[str, Any], zone: str) -> ZoneOffer:
    """`Offer` of GET /offers?subscription_period=hourly."""
    cpus = rows(given, "cpus")
    stock = STOCK.get(text(given.get("stock")))
    return ZoneOffer(
        id=text(given.get("id")),
        name=text(given.get("name")),
        zone=zone,
        price=price(given),
        in_stock=False if given.get("enable") is False else stock,
        cpu=", ".join(text(cpu.get("name")) for cpu in cpus),
        cores=sum(number(cpu.get("core_count")) for cpu in cpus),
        memory_gib=sum(number(m.get("capacity")) for m in rows(given, "memories")) / GIB,
        disks=", ".join(
            f"{number(disk.get('capacity')) // GB} GB {text(disk.get('type'))}".rstrip()
            for disk in rows(given, "disks")
        ),
    )


def price(given: Mapping[str, Any]) -> Price | None:
    """Return what an hour costs; None when it does not say."""
    hourly = amount(given.get("price_per_hour"))
    if hourly is None:
        return None
    fee = amount(given.get("fee"))
    return Price(hourly[0], hourly[1], setup=fee[1] if fee else Decimal(0))


def plans(offers: Iterable[ZoneOffer]) -> list[Plan]:
    """Return offers of the same name as one plan with a price and a stock per zone."""
    grouped: dict[str, list[ZoneOffer]] = {}
    for one in offers:
        if one.name:
            grouped.setdefault(one.name, []).append(one)
    return [
        Plan(
            id=name,
            name=name,
            kind="metal",
            cpu=same[0].cpu,
            cores=same[0].cores,
            memory_gib=same[0].memory_gib,
            disks=same[0].disks,
            offers=tuple(Offer(one.zone, one.price, one.in_stock) for one in same),
            talos=True,
            why=WHY,
        )
        for name, same in grouped.items()
    ]


def region(zone: str) -> Region:
    """fr-par-2 -> Paris 2."""
    place, _, count = zone.rpartition("-")
    city, country = CITIES.get(place, (place, ""))
    return Region(zone, f"{city} {count}", country)
