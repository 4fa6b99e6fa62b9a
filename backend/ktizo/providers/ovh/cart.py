"""The cart of one order: plan, mandatory options, configuration, the free preview, the checkout.

Steps of terraform-provider-ovh order.go:338-390 (2026-08-21) and ovh/order-cart-examples, bodies of
/order.json. GET /order/cart/{c}/baremetalServers is left out: it answered 500 in 2025
(terraform-provider-ovh#819), and the options name the plan as well.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from http import HTTPMethod
from typing import Any

from ktizo.core.errors import KtizoError
from ktizo.providers import fields
from ktizo.providers.errors import (
    CredentialsRefused,
    NotYet,
    OrderUnknown,
    OutOfStock,
    ProviderAway,
    ProviderError,
    Rejected,
)
from ktizo.providers.http import Answer, Api
from ktizo.providers.ovh import ask
from ktizo.providers.ovh.declaration import OvhOptions

# Which of the two catalogues has a plan is told by who has options for it; eco is Rise, So you
# Start and Kimsufi.
RANGES = ("baremetalServers", "eco")
MONTHLY: Mapping[str, Any] = {"duration": "P1M", "pricingMode": "default", "quantity": 1}
# OVHcloud's own regions (configuration "region"), by the first letters of a datacentre.
AREAS = {
    "europe": ("gra", "rbx", "sbg", "lim", "fra", "eri", "lon", "waw", "par", "mil", "eu-"),
    "canada": ("bhs", "tor", "ynm", "yyz", "ca-"),
    "apac": ("sgp", "syd", "mum", "ap-"),
    "united_states": ("vin", "hil", "us-"),
}


@dataclass(frozen=True, slots=True)
class Cart:
    """A cart that is assigned to the account, for one plan."""

    id: str
    plan: str
    range: str  # baremetalServers or eco
    hardware: Mapping[str, str] = field(default_factory=dict)  # family -> option

    def path(self, *parts: str) -> str:
        """Return a path inside the cart."""
        return ask.path("order", "cart", self.id, *parts)


async def opened(api: Api, subsidiary: str, plan: str, options: OvhOptions) -> Cart:
    """Open a cart and choose the plan's options; nothing is in it yet."""
    body = {"ovhSubsidiary": subsidiary, "description": f"Ktizo: {plan}"}
    told = (await api.send(HTTPMethod.POST, "/order/cart", json=body)).json()
    cart = Cart(fields.text(told, "cartId"), plan, RANGES[0])
    if not cart.id:
        raise ProviderError("OVHcloud opened a cart and did not name it")
    try:
        await api.send(HTTPMethod.POST, cart.path("assign"))
        for name in RANGES:
            rows = await _options(api, cart, name)
            if rows:
                return Cart(cart.id, plan, name, chosen(rows, options.hardware))
        raise Rejected(f"OVHcloud {subsidiary} has no plan {plan}: take one of the catalogue")
    except KtizoError:
        await dropped(api, cart)
        raise


async def _options(api: Api, cart: Cart, name: str) -> Sequence[Mapping[str, Any]]:
    try:
        answer = await api.get(cart.path(name, "options"), planCode=cart.plan)
    except CredentialsRefused:
        raise
    except (ProviderAway, ProviderError):
        if name == RANGES[-1]:
            raise
        return ()
    except KtizoError:  # no such plan in this range
        return ()
    return fields.rows(answer.json())


def chosen(rows: Sequence[Mapping[str, Any]], named: Mapping[str, str]) -> dict[str, str]:
    """Return the option of each family: the one named, else the cheapest where one is needed."""
    families: dict[str, list[tuple[Decimal, str]]] = {}
    needed: set[str] = set()
    for row in rows:
        family, code = fields.text(row, "family"), fields.text(row, "planCode")
        cost = _monthly(row)
        if family and code and cost is not None:
            families.setdefault(family, []).append((cost, code))
        if family and fields.at(row, "mandatory") is True:
            needed.add(family)
    for family, code in named.items():
        if code not in {one for _, one in families.get(family, ())}:
            offered = ", ".join(sorted(one for _, one in families.get(family, ()))) or "none"
            raise Rejected(f"the plan has no {family} {code}; there is: {offered}")
    picked = dict(named)
    for family in sorted(needed - set(named)):
        if family not in families:
            raise Rejected(f"the plan's {family} cannot be had by the month")
        picked[family] = min(families[family])[1]
    return picked


def _monthly(row: Mapping[str, Any]) -> Decimal | None:
    for price in fields.rows(row, "prices"):
        told = price.get("capacities")
        recurring = "renew" in told if isinstance(told, list) and told else True
        mode, duration = fields.text(price, "pricingMode"), fields.text(price, "duration")
        if recurring and mode == "default" and duration == "P1M":
            return fields.money(price, "price", "value")
    return None


async def filled(api: Api, cart: Cart, region: str, options: OvhOptions) -> None:
    """Put the server, its options and its configuration into the cart."""
    body = {"planCode": cart.plan, **MONTHLY}
    told = (await api.send(HTTPMethod.POST, cart.path(cart.range), json=body)).json()
    item = fields.text(told, "itemId")
    if not item.isdecimal():
        raise ProviderError("OVHcloud put the server into the cart without a number")
    for code in cart.hardware.values():
        option = {"itemId": int(item), "planCode": code, **MONTHLY}
        await api.send(HTTPMethod.POST, cart.path(cart.range, "options"), json=option)
    where = cart.path("item", item, "requiredConfiguration")
    asked = fields.rows((await api.get(where)).json())
    # Each label once: a second time is an error, "duplicated" (kimsufi-notifier#36, 2026-03-31).
    for label, value in configuration(asked, region, options).items():
        said = {"label": label, "value": value}
        await api.send(HTTPMethod.POST, cart.path("item", item, "configuration"), json=said)


def configuration(
    asked: Sequence[Mapping[str, Any]], region: str, options: OvhOptions
) -> dict[str, str]:
    """Return what the item is told: datacentre, operating system, OVHcloud's own region."""
    allowed = {fields.text(row, "label"): fields.words(row, "allowedValues") for row in asked}
    places = allowed.get("dedicated_datacenter", ())
    if places and region not in places:
        raise OutOfStock(f"OVHcloud does not sell it in {region}: there is {', '.join(places)}")
    told = {"dedicated_datacenter": region, "dedicated_os": options.operating_system}
    if "region" in allowed or not allowed:
        told["region"] = options.area or area_of(region, allowed.get("region", ()))
    needed = {fields.text(row, "label") for row in asked if fields.at(row, "required") is True}
    missing = sorted(needed - set(told) - {""})
    if missing:
        raise Rejected(f"OVHcloud also wants to know {', '.join(missing)}, which Ktizo cannot say")
    return told


def area_of(datacenter: str, allowed: Sequence[str]) -> str:
    """Return OVHcloud's own region of a datacentre; of those allowed, where that is told."""
    if len(allowed) == 1:
        return allowed[0]
    for area, starts in AREAS.items():
        if datacenter.startswith(starts) and (not allowed or area in allowed):
            return area
    raise Rejected(f"say which region {datacenter} is in (option area): {', '.join(allowed)}")


async def preview(api: Api, cart: Cart) -> Any:
    """Return what the cart would cost, free of charge."""
    return (await api.get(cart.path("checkout"))).json()


async def checkout(api: Api, cart: Cart, options: OvhOptions) -> Any:
    """Order what is in the cart, once; an answer that cannot be read is OrderUnknown.

    So is 409, which may tell of an order that is being made.
    """
    said = {
        "autoPayWithPreferredPaymentMethod": options.pay,
        "waiveRetractationPeriod": options.waive_retraction,
    }
    try:
        answer = await api.order(HTTPMethod.POST, cart.path("checkout"), json=said)
        return _ordered(answer)
    except (CredentialsRefused, OrderUnknown):
        raise
    except (NotYet, ProviderError) as error:
        raise OrderUnknown(
            f"{error.message}; it may have been ordered: look before asking again"
        ) from None


def _ordered(answer: Answer) -> Any:
    told = answer.json()
    if not fields.text(told, "orderId").isdecimal():
        raise OrderUnknown("OVHcloud took the order and told no number of it: look at your orders")
    return told


async def dropped(api: Api, cart: Cart) -> None:
    """Throw a cart away; one that stays is forgotten by OVHcloud after a day."""
    await ask.tried(api.send(HTTPMethod.DELETE, cart.path()))
