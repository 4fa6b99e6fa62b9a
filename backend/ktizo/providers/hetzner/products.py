"""Robot's two catalogues: products per location, and the auction. Prices are euros without VAT.

Source: robot.hetzner.com/doc/webservice/en.html, server ordering, read 2026-11-21.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ktizo.providers.base import Offer, Plan, Price, Region
from ktizo.providers.fields import money, text
from ktizo.providers.hetzner.wire import MARKET, mapping, number, region_of, texts

EURO = "EUR"
IPV4 = "primary_ipv4"
WHY = "by the rescue system and SSH: there is no iPXE"
PLACES = {
    "FSN1": ("Falkenstein", "DE"),
    "NBG1": ("Nuremberg", "DE"),
    "HEL1": ("Helsinki", "FI"),
}
CORES = {"dual": 2, "quad": 4, "hexa": 6, "octa": 8}


@dataclass(frozen=True, slots=True)
class Product:
    """One product. `prices` by location; those in `locations` can be ordered now."""

    id: str  # as ours: auction products begin with market/
    name: str
    description: tuple[str, ...]
    locations: frozenset[str]
    prices: Mapping[str, Price]
    ipv4: Mapping[str, Price]  # of the primary_ipv4 add-on
    memory_gib: float = 0.0

    def price(self, region: str, *, ipv4: bool) -> Price | None:
        """Return what it costs in a region, with the add-on; None when it is not sold there."""
        price = self.prices.get(region)
        extra = self.ipv4.get(region) if ipv4 else None
        return price if price is None or extra is None else both(price, extra)


def both(one: Price, extra: Price) -> Price:
    """Add an add-on's price; what `one` has no price for stays unknown, never too low."""
    hourly = None if one.hourly is None else one.hourly + (extra.an_hour or Decimal(0))
    monthly = None if one.monthly is None else one.monthly + (extra.monthly or Decimal(0))
    return Price(EURO, hourly, monthly, one.setup + extra.setup)


def standard(given: Mapping[str, Any]) -> Product:
    """`product` of GET /order/server/product."""
    description = texts(given.get("description"))
    return Product(
        id=text(given.get("id")),
        name=text(given.get("name")) or text(given.get("id")),
        description=description,
        locations=frozenset(texts(given.get("location"))),
        prices=prices(given.get("prices")),
        ipv4=ipv4_prices(given.get("orderable_addons")),
        memory_gib=memory(description),
    )


def auction(given: Mapping[str, Any]) -> Product:
    """`product` of GET /order/server_market/product; it stands where it stands."""
    place = region_of(text(given.get("datacenter")))
    monthly = amount(given.get("price"))
    hourly, setup = amount(given.get("price_hourly")), amount(given.get("price_setup"))
    price = Price(EURO, hourly, monthly, setup or Decimal(0))
    return Product(
        id=MARKET + text(given.get("id")),
        name=text(given.get("name")),
        description=texts(given.get("description")),
        locations=frozenset({place}),
        prices={} if hourly is None and monthly is None else {place: price},
        ipv4=ipv4_prices(given.get("orderable_addons")),
        memory_gib=float(number(given.get("memory_size"))),
    )


def prices(value: object) -> dict[str, Price]:
    """`[{location, price: {net, hourly_net}, price_setup: {net}}]`, net only."""
    found = {}
    for one in value if isinstance(value, list) else []:
        entry, price = mapping(one), mapping(mapping(one).get("price"))
        hourly, monthly = amount(price.get("hourly_net")), amount(price.get("net"))
        setup = amount(mapping(entry.get("price_setup")).get("net"))
        if hourly is not None or monthly is not None:
            place = text(entry.get("location"))
            found[place] = Price(EURO, hourly, monthly, setup or Decimal(0))
    return found


def ipv4_prices(addons: object) -> dict[str, Price]:
    """Return the prices of the IPv4 add-on by location."""
    listed = addons if isinstance(addons, list) else []
    one = next((mapping(a) for a in listed if mapping(a).get("id") == IPV4), {})
    return prices(one.get("prices"))


def amount(value: object) -> Decimal | None:
    """Return an amount; None when it is none, or has more digits than any price."""
    found = money(value)
    exponent = found.as_tuple().exponent if found is not None else None
    return found if isinstance(exponent, int) and exponent >= -8 else None


def memory(description: Iterable[str]) -> float:
    """Return the GB of the line that speaks of RAM; 0 when none does."""
    for line in description:
        found = re.search(r"(?:(\d{1,3})\s*x\s*)?(?:RAM\s*)?(\d{1,6})\s*([GM])B\b", line)
        if "RAM" in line and found:
            size = int(found[1] or 1) * int(found[2])
            return size / (1 if found[3] == "G" else 1024)
    return 0.0


def cores(cpu: str) -> int:
    """Return the cores a CPU's name tells; 0 when it tells none."""
    found = re.search(r"\b(\d{1,3}|dual|quad|hexa|octa)[- ]?cores?\b", cpu, re.IGNORECASE)
    word = found[1].lower() if found else "0"
    return CORES.get(word) or int(word)


def plan(product: Product) -> Plan:
    """Return a product as a plan, with the IPv4 add-on in its price."""
    cpu = product.description[0] if product.description else ""
    disks = [d for d in product.description if re.search(r"HDD|SSD|NVMe|SATA", d)]
    return Plan(
        id=product.id,
        name=product.name,
        kind="metal",
        cpu=cpu,
        cores=cores(cpu),
        memory_gib=product.memory_gib,
        disks=", ".join(disks),
        offers=tuple(
            Offer(place, product.price(place, ipv4=True), place in product.locations)
            for place in product.prices
        ),
        talos=True,
        why=WHY,
    )


def regions(products: Iterable[Product]) -> list[Region]:
    """Return every location a product is sold in."""
    ids = sorted({place for product in products for place in product.prices if place})
    return [Region(place, *PLACES.get(place, (place, ""))) for place in ids]
