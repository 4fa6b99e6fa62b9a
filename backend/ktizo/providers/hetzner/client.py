"""Hetzner Robot: dedicated servers, ordered by transactions.

An order has an id of its own ("B20150121-344958-251479", an auction's with "market/" before it)
until it is delivered; a server has its number. Every verb takes both. Our tag is the end of the
server's name ("node1--<tag>"), and before that the name of the order's marker key (ordering.py).

Source: robot.hetzner.com/doc/webservice/en.html, as copied by public mirrors and read 2026-11-21.
"""

import re
from collections.abc import Mapping, Sequence
from http import HTTPMethod
from typing import TYPE_CHECKING, Any, ClassVar

from ktizo.providers.base import (
    Account,
    Declaration,
    Plan,
    PowerAction,
    Quote,
    Region,
    RescueLogin,
    Rescuer,
    Server,
    SshKey,
    Status,
    Wanted,
)
from ktizo.providers.errors import Forbidden, Gone, NotYet, Rejected, Unsupported
from ktizo.providers.fields import text
from ktizo.providers.hetzner import cancellation, ordering, products, rescue, wire
from ktizo.providers.hetzner.declaration import DECLARATION, NO_IPXE, HetznerSettings
from ktizo.providers.hetzner.products import Product
from ktizo.providers.hetzner.robot import Robot
from ktizo.providers.hetzner.wire import MARKER, MARKET

SHOPS = (("/order/server", ""), ("/order/server_market", MARKET))
ORDER_ID = re.compile(r"(?:market/)?B[0-9-]{1,60}", re.ASCII)
SERVER_ID = re.compile(r"[0-9]{1,15}", re.ASCII)


class HetznerClient:
    """One web service user's verbs; a `Rescuer`."""

    declaration: ClassVar[Declaration] = DECLARATION

    def __init__(self, settings: HetznerSettings, robot: Robot) -> None:
        self._settings = settings
        self.robot = robot

    def __repr__(self) -> str:
        return "HetznerClient()"

    async def check(self) -> Account:
        """Test the credentials without spending; raises CredentialsRefused."""
        servers = await self.robot.every("/server", "server")
        return Account(self._settings.user, f"{len(servers)} servers")

    async def plans(self) -> Sequence[Plan]:
        """Return products and the auction, with prices and stock."""
        return [products.plan(one) for one in await self._products()]

    async def regions(self) -> Sequence[Region]:
        """Return every location something is sold in."""
        return products.regions(await self._products())

    async def _products(self) -> list[Product]:
        standard = await self.robot.every("/order/server/product", "product")
        auction = await self.robot.every("/order/server_market/product", "product")
        return [*map(products.standard, standard), *map(products.auction, auction)]

    async def ssh_keys(self) -> Sequence[SshKey]:
        """Return the account's SSH keys, without the markers of orders."""
        keys = map(wire.ssh_key, await self.robot.every("/key", "key"))
        return [key for key in keys if not key.name.startswith(MARKER)]

    async def add_ssh_key(self, name: str, public_key: str) -> SshKey:
        """Add a key, or return the one that is there already (409 KEY_ALREADY_EXISTS)."""
        form = [("name", name), ("data", public_key.strip())]
        try:
            answer = await self.robot.send(HTTPMethod.POST, "/key", form=form)
        except NotYet as error:
            if error.detail.get("vendor_code") != "KEY_ALREADY_EXISTS":
                raise
            wanted = public_key.split()[1:2]
            for key in await self.ssh_keys():
                if wanted and key.public_key.split()[1:2] == wanted:
                    return key
            raise Rejected("Hetzner has this key already, and does not list it") from None
        return wire.ssh_key(wire.unwrapped(answer.json(), "key"))

    async def price_of(self, wanted: Wanted) -> Quote:
        """Return what an order would cost at most; checked by Robot's dry run (`test=true`)."""
        return await ordering.quote(self.robot, wanted)

    async def create_server(self, wanted: Wanted, region: str) -> Server:
        """Order one server, once; raises OutOfStock, Rejected or OrderUnknown."""
        return await ordering.order(self.robot, wanted, region)

    async def get_server(self, server_id: str) -> Server:
        """Return a server, or an order that is still to become one; raises Gone."""
        if ORDER_ID.fullmatch(server_id):
            return await self._delivered(await self._order(server_id))
        return wire.server(await self._server(server_id))

    async def _order(self, order_id: str) -> wire.Order:
        prefix = MARKET if order_id.startswith(MARKET) else ""
        path = f"{ordering.shop(order_id)}/transaction/{order_id.removeprefix(MARKET)}"
        answer = await self.robot.get(path)
        return wire.Order.of(wire.unwrapped(answer.json(), "transaction"), prefix)

    async def _server(self, server_id: str) -> Mapping[str, Any]:
        if not SERVER_ID.fullmatch(server_id):
            raise Gone("Hetzner's servers have numbers, and its orders ids that begin with B")
        answer = await self.robot.get(f"/server/{server_id}")
        return wire.unwrapped(answer.json(), "server")

    async def _delivered(self, order: wire.Order) -> Server:
        """Return an order's server; its name gets our tag as soon as it has one."""
        if not order.server_number:
            return order.server()
        given = await self._server(order.server_number)
        if order.tags and order.tags[0] not in wire.server(given).tags:
            given = await self._named(given, order)
        return wire.server(given, order.tags)

    async def _named(self, given: Mapping[str, Any], order: wire.Order) -> Mapping[str, Any]:
        """Write the tag into a server's name: its order is only shown for 30 days."""
        name = wire.name_with_tag(order.name, order.tags[0])
        path = f"/server/{order.server_number}"
        try:
            answer = await self.robot.send(HTTPMethod.POST, path, form=[("server_name", name)])
        except Rejected:
            return given  # a name Robot does not take is no reason not to show the server
        await ordering.forget_marker(self.robot, name)
        return wire.unwrapped(answer.json(), "server")

    async def list_servers(self) -> Sequence[Server]:
        """Return every server, and every order of the last 30 days still to become one."""
        orders = [one for path, prefix in SHOPS for one in await self._orders(path, prefix)]
        ours = {one.server_number: one for one in orders if one.server_number and one.tags}
        found = []
        for given in await self.robot.every("/server", "server"):
            order = ours.pop(text(given.get("server_number")), None)
            if order and not text(given.get("server_name")):
                given = await self._named(given, order)
            found.append(wire.server(given, order.tags if order else ()))
        found += [o.server() for o in orders if not o.server_number and o.status != "cancelled"]
        for order in ours.values():  # not in the list: new, or gone
            try:
                found.append(wire.server(await self._server(order.server_number), order.tags))
            except Gone:
                continue
        return found

    async def _orders(self, path: str, prefix: str) -> list[wire.Order]:
        try:
            given = await self.robot.every(f"{path}/transaction", "transaction")
        except Forbidden:
            return []  # a web service user that may not order has ordered nothing
        return [wire.Order.of(one, prefix) for one in given]

    async def reinstall_ipxe(self, server_id: str, boot_url: str) -> Server:
        """Refuse: Hetzner has no iPXE; the message has the way out."""
        del server_id, boot_url
        raise Unsupported(NO_IPXE)

    async def delete_server(self, server_id: str, token: str = "") -> Server:
        """Cancel a server for the earliest day; twice is the same as once. No token is mailed."""
        del token
        number = server_id
        if ORDER_ID.fullmatch(server_id):
            order = await self._order(server_id)
            if order.status == "cancelled":
                return order.server()
            number = order.server_number
        if not number:
            raise NotYet(
                "Robot cannot call an order back before it is delivered; wait for the server and"
                " give that back, or write to Hetzner's support"
            )
        server = wire.server(await self._server(number))
        if server.status is Status.DELETING:
            return server
        reason = self._settings.cancellation_reason
        return await cancellation.cancel(self.robot, server, reason)

    async def power(self, server_id: str, action: PowerAction) -> None:
        """Press the button or the reset; never by a technician's hand (`man`)."""
        await rescue.power(self.robot, await self._number(server_id), action)

    async def enter_rescue(self, server_id: str, key: SshKey) -> str:
        """Reset into the rescue system, for this one boot; the mark is earlier host keys."""
        return await rescue.enter(self.robot, await self._number(server_id), key.fingerprint)

    async def rescue_login(self, server_id: str, mark: str) -> RescueLogin | None:
        """Return how to log in, with the fresh host keys; None until Robot shows them."""
        return await rescue.login(self.robot, await self._number(server_id), mark)

    async def boot_from_disk(self, server_id: str) -> None:
        """Take back a rescue system that is still set; the disk is what boots otherwise."""
        await rescue.to_disk(self.robot, await self._number(server_id))

    async def _number(self, server_id: str) -> str:
        """Return a server's number, also of an order; raises NotYet before its delivery."""
        if SERVER_ID.fullmatch(server_id):
            return server_id  # queries of servers are few an hour
        number = (await self.get_server(server_id)).id
        if not SERVER_ID.fullmatch(number):
            raise NotYet("the server is not delivered yet")
        return number

    async def close(self) -> None:
        """Let go of every connection."""
        await self.robot.close()


if TYPE_CHECKING:  # mypy's word that every verb is there
    _rescuer: type[Rescuer] = HetznerClient
