"""Servers and the orders they come from, told as one list (OpenAPI 2025-10, /me.json).

Per server three GETs in a list (itself, serviceInfos, its network cards), and three more for one
alone (its newest reboot, and what it boots).
"""

from collections.abc import Sequence
from dataclasses import replace
from http import HTTPMethod
from typing import Any

from ktizo.providers import fields
from ktizo.providers.base import Server
from ktizo.providers.errors import Gone
from ktizo.providers.http import Api
from ktizo.providers.ovh import ask, ledger, wire

ORDER, CART = "order-", "cart-"


def is_order(server_id: str) -> bool:
    """Whether it is not a server yet."""
    return server_id.startswith((ORDER, CART))


def ordered(entry: ledger.Entry, word: str) -> Server:
    """Return an order that is on its way, as a server."""
    status, pending = wire.order_status(word)
    return Server(
        id=entry.id,
        name=entry.name or entry.id,
        status=status,
        raw_status=f"order {word or 'unknown'}",
        plan=entry.plan,
        region=entry.region,
        tags=(entry.tag,) if entry.tag else (),
        pending=pending,
    )


async def listed(api: Api, *, now: float) -> Sequence[Server]:
    """Return every server, and our orders that are none yet."""
    names = await ask.ids(api, "/dedicated/server")

    async def one(name: str) -> Server:
        return await _brief(api, name, now=now)

    found = {server.id: server for server in await ask.each(names, one)}
    for entry in await ledger.entries(api, now=now):
        try:
            word, name = await _delivery(api, entry, names)
        except Gone:
            continue
        if not name:
            found[entry.id] = ordered(entry, word)
        elif name in found and entry.tag not in found[name].tags:
            found[name] = replace(found[name], tags=(*found[name].tags, entry.tag))
    return tuple(found.values())


async def get(api: Api, server_id: str, *, now: float) -> Server:
    """Return one server with all that is known of it, or its order; raises Gone."""
    if not is_order(server_id):
        return await _whole(api, server_id, now=now)
    entry = await _entry(api, server_id, now=now)
    names = await ask.ids(api, "/dedicated/server")
    word, name = await _delivery(api, entry, names)
    if not name:
        return ordered(entry, word)
    server = await _whole(api, name, now=now)
    if not entry.tag or entry.tag in server.tags:
        return server
    await _hand_over(api, name, entry.tag)
    return replace(server, tags=(*server.tags, entry.tag))


async def _entry(api: Api, server_id: str, *, now: float) -> ledger.Entry:
    known = {entry.id: entry for entry in await ledger.entries(api, now=now)}
    carts = {f"{CART}{entry.cart}": entry for entry in known.values()}
    found = known.get(server_id) or carts.get(server_id)
    if found is not None:
        return found
    number = server_id.removeprefix(ORDER)
    if server_id.startswith(ORDER) and number.isascii() and number.isdecimal():
        return ledger.Entry(order=number)  # its cart is gone, the order is not
    raise Gone(f"OVHcloud knows no order {server_id}")


async def _delivery(api: Api, entry: ledger.Entry, names: Sequence[str]) -> tuple[str, str]:
    """Return an order's status, and the server it became."""
    if not entry.order:
        return wire.LOST, ""
    where = ask.path("me", "order", entry.order, "status")
    word = fields.text((await api.get(where)).json())
    name = await ledger.service(api, entry.order, names) if word == "delivered" else ""
    return word, name


async def _hand_over(api: Api, name: str, tag: str) -> None:
    """Put the tag on the server itself, which outlives its cart (/v2/iam, as in its manager)."""
    body = (await api.get(ask.path("dedicated", "server", name))).json()
    urn = fields.text(body, "iam", "urn")
    if urn:
        root = api.vendor.base_url.removesuffix("/1.0")
        where = f"{root}/v2{ask.path('iam', 'resource', urn, 'tag')}"
        said = {"key": wire.TAG, "value": tag}
        await ask.tried(api.send(HTTPMethod.POST, where, json=said))


async def _brief(api: Api, name: str, *, now: float) -> Server:
    return wire.server(name, await _seen(api, name), now=now)


async def _whole(api: Api, name: str, *, now: float) -> Server:
    seen = await _seen(api, name)
    where = ("dedicated", "server", name)
    task = await ask.maybe(_newest_reboot(api, *where))
    boot: Any = None
    number = fields.text(seen.server, "bootId")
    if number and not fields.text(seen.server, "bootScript"):
        boot = await ask.maybe(_json(api, *where, "boot", number))
    return wire.server(name, replace(seen, task=task, boot=boot), now=now)


async def _seen(api: Api, name: str) -> wire.Seen:
    where = ("dedicated", "server", name)
    server = await _json(api, *where)
    infos = await ask.maybe(_json(api, *where, "serviceInfos"))
    cards = await ask.maybe(ask.ids(api, ask.path(*where, "networkInterfaceController")))
    return wire.Seen(server=server, infos=infos, macs=cards or ())


async def _newest_reboot(api: Api, *where: str) -> Any:
    found = await ask.ids(api, ask.path(*where, "task"), function="hardReboot")
    numbers = [int(one) for one in found if one.isascii() and one.isdecimal()]
    return await _json(api, *where, "task", str(max(numbers))) if numbers else None


async def _json(api: Api, *parts: str) -> Any:
    return (await api.get(ask.path(*parts))).json()
