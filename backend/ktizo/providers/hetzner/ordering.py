"""Ordering at Robot: the marker key, the dry run, the order. Nothing here asks twice.

Robot has no tags, and a comment would make a person process the order. What an order does carry
is the names of its SSH keys. So each order gets a key of its own, named after our tag, whose
private half is thrown away at once: it opens nothing, and finds the order again (30 days long;
after delivery the server's name carries the tag instead).

Source: robot.hetzner.com/doc/webservice/en.html, server ordering, read 2026-11-21.
"""

import re
from collections.abc import Iterable
from http import HTTPMethod

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import ValidationError

from ktizo.providers.base import Quote, Server, Wanted
from ktizo.providers.errors import Gone, OrderUnknown, OutOfStock, ProviderError, Rejected
from ktizo.providers.fields import text
from ktizo.providers.hetzner import products, wire
from ktizo.providers.hetzner.declaration import HetznerOptions
from ktizo.providers.hetzner.products import Product
from ktizo.providers.hetzner.robot import Robot
from ktizo.providers.hetzner.wire import BETWEEN, MARKER, MARKET
from ktizo.providers.quoting import dearest

Form = list[tuple[str, str]]
FINGERPRINT = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){15}")


def options_of(wanted: Wanted) -> HetznerOptions:
    """Read an order's options; raises Rejected."""
    try:
        return HetznerOptions.model_validate(dict(wanted.options))
    except ValidationError as error:
        names = ", ".join(str(one["loc"][0]) for one in error.errors() if one["loc"])
        raise Rejected(f"Hetzner's options are not right: {names}") from None


def shop(plan: str) -> str:
    """Return the path of the catalogue a plan is from."""
    return "/order/server_market" if plan.startswith(MARKET) else "/order/server"


async def product_of(robot: Robot, plan: str) -> Product:
    """Return a plan's product; raises OutOfStock when it is sold, Rejected when it is no plan."""
    id_ = plan.removeprefix(MARKET)
    if not id_.replace("-", "").isalnum() or not id_.isascii():
        raise Rejected("Hetzner's plans look like EX44, or market/283693 for an auction")
    try:
        answer = await robot.get(f"{shop(plan)}/product/{id_}")
    except Gone:
        raise OutOfStock(f"Hetzner does not sell {plan} (any more)") from None
    given = wire.unwrapped(answer.json(), "product")
    return products.auction(given) if plan.startswith(MARKET) else products.standard(given)


def form_of(wanted: Wanted, region: str, keys: tuple[str, ...], *, test: bool) -> Form:
    """Return an order's form; arrays are repeated `name[]`."""
    form: Form = [("product_id", wanted.plan.removeprefix(MARKET))]
    if not wanted.plan.startswith(MARKET):
        form.append(("location", region))
    form += [("authorized_key[]", fingerprint) for fingerprint in keys]
    if options_of(wanted).primary_ipv4:
        form.append(("addon[]", products.IPV4))
    return [*form, ("test", "true")] if test else form


async def quote(robot: Robot, wanted: Wanted) -> Quote:
    """Return the dearest of the wanted regions' prices, checked by a dry run.

    The guard orders in whichever region has stock, so the limit has to hold for each of them.
    """
    with_ipv4 = options_of(wanted).primary_ipv4
    product = await product_of(robot, wanted.plan)
    found = {
        region: price
        for region in wanted.regions
        if (price := product.price(region, ipv4=with_ipv4)) is not None
    }
    if not found:
        raise OutOfStock(f"Hetzner does not sell {wanted.plan} in {', '.join(wanted.regions)}")
    lines = [
        f"{region}: {price.hourly or '?'} EUR an hour, at most {price.monthly or '?'} EUR a month,"
        f" {price.setup} EUR once"
        for region, price in found.items()
    ]
    checked = await _checked(robot, wanted, found)
    lines.append("accepted by the dry run" if checked else "sold out everywhere for now")
    return Quote(dearest(list(found.values())), tuple(lines), checked)


async def _checked(robot: Robot, wanted: Wanted, regions: Iterable[str]) -> bool:
    """Run the order dry, region by region; a dry run that went well says "cancelled"."""
    for region in regions:
        form = form_of(wanted, region, wanted.ssh_keys, test=True)
        try:
            await robot.send(HTTPMethod.POST, f"{shop(wanted.plan)}/transaction", form=form)
        except OutOfStock:
            continue
        return True
    return False


async def order(robot: Robot, wanted: Wanted, region: str) -> Server:
    """Order one server, once; raises OutOfStock, Rejected or OrderUnknown."""
    product = await product_of(robot, wanted.plan)
    if region not in product.locations or region not in product.prices:
        raise OutOfStock(f"Hetzner has no {wanted.plan} in {region} now")
    marker = await marker_for(robot, wanted)
    form = form_of(wanted, region, (*wanted.ssh_keys, marker), test=False)
    answer = await robot.order(HTTPMethod.POST, f"{shop(wanted.plan)}/transaction", form=form)
    prefix = MARKET if wanted.plan.startswith(MARKET) else ""
    try:
        placed = wire.Order.of(wire.unwrapped(answer.json(), "transaction"), prefix)
    except ProviderError:
        raise OrderUnknown("Hetzner took the order and its answer cannot be read") from None
    return placed.server()


async def marker_for(robot: Robot, wanted: Wanted) -> str:
    """Return the fingerprint of this order's marker key, made when it is missing."""
    if BETWEEN in wanted.tag or not wanted.tag or not wanted.name:
        raise Rejected(
            f"a tag for Hetzner must not hold {BETWEEN!r}, and name and tag not be empty"
        )
    name = MARKER + wire.name_with_tag(wanted.name, wanted.tag)
    for key in await robot.every("/key", "key"):
        if text(key.get("name")) == name and key.get("fingerprint"):
            return text(key["fingerprint"])
    public = Ed25519PrivateKey.generate().public_key()
    data = public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    answer = await robot.send(HTTPMethod.POST, "/key", form=[("name", name), ("data", data)])
    fingerprint = text(wire.unwrapped(answer.json(), "key").get("fingerprint"))
    if not fingerprint:
        raise ProviderError("Hetzner Robot gave the order's marker key no fingerprint")
    return fingerprint


async def forget_marker(robot: Robot, server_name: str) -> None:
    """Remove an order's marker key, once the server's own name carries the tag."""
    for key in await robot.every("/key", "key"):
        if text(key.get("name")) == MARKER + server_name:
            fingerprint = text(key.get("fingerprint"))
            if not FINGERPRINT.fullmatch(fingerprint):
                continue
            try:
                await robot.send(HTTPMethod.DELETE, f"/key/{fingerprint}")
            except Gone:
                continue
