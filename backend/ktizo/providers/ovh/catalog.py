"""Plans with prices and stock, from OVHcloud's public catalogues (no key needed).

GET /order/catalog/public/{baremetalServers,eco}?ovhSubsidiary= (model order.catalog.public.Catalog
of /order.json; prices are hundred-millionths of the currency) and
GET /dedicated/server/datacenter/availabilities (OpenAPI 2025-10). Read 2026-11-21.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from ktizo.providers import fields
from ktizo.providers.base import Offer, Plan, Price, Region
from ktizo.providers.errors import OutOfStock
from ktizo.providers.http import Api

UNIT = Decimal(10) ** 8
IN_STOCK = re.compile(r"\d+H")  # 1H-low, 1H-high, 24H ... 2160H: delivered within so many hours
NOT_IN_STOCK = frozenset({"unavailable", "comingSoon"})
# Datacentres by their codes (dedicated.AvailabilityDatacenterEnum); others show as their code.
PLACES = {
    "bhs": ("Beauharnois", "CA"),
    "eri": ("London", "GB"),
    "fra": ("Frankfurt", "DE"),
    "gra": ("Gravelines", "FR"),
    "hil": ("Hillsboro", "US"),
    "lim": ("Frankfurt", "DE"),
    "lon": ("London", "GB"),
    "mil": ("Milan", "IT"),
    "mum": ("Mumbai", "IN"),
    "par": ("Paris", "FR"),
    "rbx": ("Roubaix", "FR"),
    "sbg": ("Strasbourg", "FR"),
    "sgp": ("Singapore", "SG"),
    "syd": ("Sydney", "AU"),
    "tor": ("Toronto", "CA"),
    "vin": ("Vint Hill", "US"),
    "waw": ("Warsaw", "PL"),
    "ynm": ("Mumbai", "IN"),
}
Rows = Sequence[Mapping[str, Any]]


async def availabilities(api: Api, plan: str | None = None, region: str | None = None) -> Rows:
    """Return the stock, row by row: a plan with one memory and one storage."""
    where = "/dedicated/server/datacenter/availabilities"
    return fields.rows((await api.get(where, planCode=plan, datacenters=region)).json())


def stock(rows: Rows, hardware: Iterable[str], region: str) -> bool | None:
    """Return whether a plan with these options is there; None where OVHcloud does not say."""
    codes = tuple(hardware)
    words = {
        fields.text(place, "availability")
        for row in rows
        if _matches(row, codes)
        for place in fields.rows(row, "datacenters")
        if fields.text(place, "datacenter") == region
    }
    if any(IN_STOCK.match(word) for word in words):
        return True
    return False if words and words <= NOT_IN_STOCK else None


def _matches(row: Mapping[str, Any], codes: Sequence[str]) -> bool:
    # Stock says ram-64g-ecc-3200; the option is ram-64g-ecc-3200-24rise01.
    parts = (fields.text(row, name) for name in ("memory", "storage", "systemStorage", "gpu"))
    return all(
        not part or any(code == part or code.startswith(f"{part}-") for code in codes)
        for part in parts
    )


async def insist_stock(api: Api, plan: str, hardware: Iterable[str], region: str) -> None:
    """Raise OutOfStock when OVHcloud says that there is none; its checkout decides the rest."""
    if stock(await availabilities(api, plan, region), hardware, region) is False:
        raise OutOfStock(
            f"OVHcloud has no {plan} in {region} with this hardware; name other hardware"
        )


def regions(rows: Rows) -> tuple[Region, ...]:
    """Return every datacentre that the stock speaks of."""
    codes = {
        fields.text(place, "datacenter")
        for row in rows
        for place in fields.rows(row, "datacenters")
    }
    known = ((code, *PLACES.get(code[:3], (code, ""))) for code in sorted(codes - {""}))
    return tuple(Region(code, name, country) for code, name, country in known)


def plans(catalog: Any, rows: Rows) -> tuple[Plan, ...]:
    """Return the plans of a catalogue, each with the cheapest of its mandatory options."""
    by_plan: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_plan.setdefault(fields.text(row, "planCode"), []).append(row)
    addons = {fields.text(one, "planCode"): one for one in fields.rows(catalog, "addons")}
    products = {fields.text(one, "name"): one for one in fields.rows(catalog, "products")}
    currency = fields.text(catalog, "locale", "currencyCode")
    found = []
    for plan in fields.rows(catalog, "plans"):
        code = fields.text(plan, "planCode")
        if code:
            parts = _parts(plan, addons)
            cost = _price((plan, *parts), currency)
            found.append(_plan(code, plan, parts, products, cost, by_plan.get(code, ())))
    return tuple(found)


def _plan(
    code: str,
    plan: Mapping[str, Any],
    parts: Rows,
    products: Mapping[str, Any],
    cost: Price | None,
    rows: Rows,
) -> Plan:
    blobs = [_technical(one, products) for one in (plan, *parts)]
    cpu = next((blob for blob in (fields.at(b, "server", "cpu") for b in blobs) if blob), None)
    memory = max((fields.number(blob, "memory", "size") for blob in blobs), default=0.0)
    hardware = [fields.text(one, "planCode") for one in parts]
    disks = next(
        (one for one in parts if fields.rows(_technical(one, products), "storage", "disks")), {}
    )
    name = f"{fields.text(cpu, 'brand')} {fields.text(cpu, 'model')}".strip()
    return Plan(
        id=code,
        name=fields.text(plan, "invoiceName") or code,
        kind="metal",
        cpu=name,
        cores=int(fields.number(cpu, "cores")),
        memory_gib=memory,
        disks=fields.text(disks, "invoiceName"),
        offers=tuple(
            Offer(place, cost, stock(rows, hardware, place)) for place in _places(plan, rows)
        ),
    )


def _places(plan: Mapping[str, Any], rows: Rows) -> tuple[str, ...]:
    told = [
        value
        for row in fields.rows(plan, "configurations")
        if fields.text(row, "name") == "dedicated_datacenter"
        for value in fields.words(row, "values")
    ]
    return tuple(dict.fromkeys(told)) or tuple(one.id for one in regions(rows))


def _parts(plan: Mapping[str, Any], addons: Mapping[str, Any]) -> tuple[Any, ...]:
    parts = []
    for family in fields.rows(plan, "addonFamilies"):
        offered = [addons[code] for code in fields.words(family, "addons") if code in addons]
        priced = [
            (cost, fields.text(one, "planCode"), one)
            for one in offered
            if (cost := _renew(one)) is not None
        ]
        if fields.at(family, "mandatory") is True and priced:
            parts.append(min(priced, key=lambda one: one[:2])[2])
    return tuple(parts)


def _technical(part: Any, products: Mapping[str, Any]) -> Any:
    product = products.get(fields.text(part, "product"))
    return fields.at(part, "blobs", "technical") or fields.at(product, "blobs", "technical")


def _price(parts: Sequence[Any], currency: str) -> Price | None:
    monthly = _renew(parts[0])
    if monthly is None or not currency:
        return None
    rest = sum((_renew(one) or Decimal(0) for one in parts[1:]), Decimal(0))
    setup = sum((_amount(one, "installation") or Decimal(0) for one in parts), Decimal(0))
    return Price(currency=currency, monthly=monthly + rest, setup=setup)


def _renew(part: Any) -> Decimal | None:
    return _amount(part, "renew")


def _amount(part: Any, capacity: str) -> Decimal | None:
    for row in fields.rows(part, "pricings"):
        monthly = capacity != "renew" or (
            fields.number(row, "interval") == 1 and fields.text(row, "intervalUnit") == "month"
        )
        fits = capacity in fields.words(row, "capacities") and fields.text(row, "mode") == "default"
        if fits and monthly and not fields.number(row, "commitment"):
            price = fields.number(row, "price")
            return Decimal(int(price)) / UNIT if 0 <= price < 10**17 else None
    return None
