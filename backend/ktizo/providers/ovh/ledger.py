"""Finding an order again by our tag.

An OVHcloud order carries no text of ours, and a dedicated server gets its IAM tags only once it is
delivered. Its cart has a description. So it is written there, just before the checkout: tag, plan,
datacentre and time; and after the answer the order's number. When that answer was lost, the order
is the one of that time with that plan and datacentre. A checked-out cart is read-only ("has already
been validated", terraform-provider-ovh docs of order_cart), so it is not ordered twice. (Model
order.cart.Cart of /order.json, read 2026-11-21. Not checked live: how long a cart stays after its
checkout.)
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from http import HTTPMethod
from typing import Any
from urllib.parse import parse_qs, urlencode

from ktizo.providers import fields
from ktizo.providers.errors import ProviderError
from ktizo.providers.http import Api
from ktizo.providers.ovh import ask, wire

MARK = "ktizo-order "
KEPT_S = 60 * 86400.0  # the cart's life: longer than the longest delivery
BEFORE_S, AFTER_S = 600.0, 3600.0  # an order's date may be so far from our time of the checkout
DOUBT_S = 900.0  # an open cart without an order is no order after so long


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An order of ours, as its cart tells it. `order` is empty while its number is not known."""

    cart: str = ""
    tag: str = ""
    name: str = ""
    plan: str = ""
    region: str = ""
    at: float = 0.0
    order: str = ""
    closed: bool = False  # the cart was checked out

    @property
    def id(self) -> str:
        """Return the id of the server that is not there yet."""
        return f"order-{self.order}" if self.order else f"cart-{self.cart}"


async def write(api: Api, entry: Entry) -> None:
    """Put the entry on its cart."""
    said = urlencode(
        {
            "tag": entry.tag,
            "name": entry.name,
            "plan": entry.plan,
            "dc": entry.region,
            "at": int(entry.at),
            "order": entry.order,
        }
    )
    await api.send(
        HTTPMethod.PUT,
        ask.path("order", "cart", entry.cart),
        json={"description": MARK + said, "expire": wire.stamp(entry.at + KEPT_S)},
    )


def read(cart: str, body: Any) -> Entry | None:
    """Return a cart's entry; None when it is no order of ours."""
    description = fields.text(body, "description")
    if not description.startswith(MARK):
        return None
    try:
        said = parse_qs(description.removeprefix(MARK), max_num_fields=20)
    except ValueError:
        return None
    told = {name: values[0] for name, values in said.items()}
    at, order = told.get("at", ""), told.get("order", "")
    if not told.get("tag") or not (at.isascii() and at.isdecimal() and len(at) < 12):
        return None
    return Entry(
        cart=cart,
        tag=told["tag"],
        name=told.get("name", ""),
        plan=told.get("plan", ""),
        region=told.get("dc", ""),
        at=float(at),
        order=order if order.isascii() and order.isdecimal() else "",
        closed=fields.at(body, "readOnly") is True,
    )


async def of_cart(api: Api, cart: str) -> Entry | None:
    """Return the entry of one cart."""
    told = (await api.get(ask.path("order", "cart", cart))).json()
    if not isinstance(told, dict):
        raise ProviderError(f"OVHcloud's cart {cart} cannot be read")
    return read(cart, told)


async def entries(api: Api, *, now: float) -> list[Entry]:
    """Return every order of ours, those whose answer was lost with the number found again."""

    async def one(cart: str) -> Entry | None:
        return await of_cart(api, cart)

    written = await ask.each(await ask.ids(api, "/order/cart"), one)
    taken = {entry.order for entry in written if entry.order}
    found = []
    for entry in sorted(written, key=lambda entry: entry.at):
        known = entry if entry.order else await _found_again(api, entry, taken)
        taken.add(known.order)
        if known.order or known.closed or now - known.at < DOUBT_S:
            found.append(known)
    return found


async def _found_again(api: Api, entry: Entry, taken: set[str]) -> Entry:
    span = {
        "date.from": wire.stamp(entry.at - BEFORE_S),
        "date.to": wire.stamp(entry.at + AFTER_S),
    }
    for order in await ask.ids(api, "/me/order", **span):
        if order not in taken and await _is_it(api, entry, order):
            return replace(entry, order=order)
    return entry


async def _is_it(api: Api, entry: Entry, order: str) -> bool:
    async def extension(detail: str) -> Any:
        where = ask.path("me", "order", order, "details", detail, "extension")
        return (await api.get(where)).json()

    details = await ask.ids(api, ask.path("me", "order", order, "details"))
    told: Sequence[Any] = await ask.each(details, extension)
    plans = {fields.text(one, "order", "plan", "code") for one in told}
    places = {
        fields.text(row, "value")
        for one in told
        for row in fields.rows(one, "order", "configurations")
        if fields.text(row, "label") == "dedicated_datacenter"
    }
    return entry.plan in plans and entry.region in places


async def service(api: Api, order: str, services: Sequence[str]) -> str:
    """Return the server that an order became; empty while there is none.

    It is the "domain" of one of the order's details (terraform-provider-ovh order.go, 2026-08-21).
    """

    async def domain(detail: str) -> str | None:
        body = (await api.get(ask.path("me", "order", order, "details", detail))).json()
        told = fields.text(body, "domain")
        return told if told in services else None

    details = await ask.ids(api, ask.path("me", "order", order, "details"))
    found = await ask.each(details, domain)
    return found[0] if found else ""
