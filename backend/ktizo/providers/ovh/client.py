"""OVHcloud's verbs. Bodies: OpenAPI of /dedicated/server (2025-10), /order.json and /me.json.

A server's id is its service name (ns123.ip-1-2-3.eu); before delivery it is order-<number>, or
cart-<id> while not even the order's number is known. Both are accepted wherever a server is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from http import HTTPMethod
from typing import Any, ClassVar

from pydantic import ValidationError

from ktizo.core.errors import KtizoError
from ktizo.providers import fields
from ktizo.providers.base import (
    Account,
    Declaration,
    Plan,
    PowerAction,
    Quote,
    Region,
    Server,
    SshKey,
    Status,
    Wanted,
)
from ktizo.providers.errors import (
    CredentialsRefused,
    Gone,
    NotYet,
    OrderUnknown,
    OutOfStock,
    ProviderError,
    Rejected,
    Unsupported,
)
from ktizo.providers.http import Api
from ktizo.providers.ovh import ask, boot, cart, catalog, ending, ledger, servers, wire
from ktizo.providers.ovh.declaration import DECLARATION, OvhOptions, OvhSettings
from ktizo.providers.ovh.signing import Proof
from ktizo.providers.quoting import dearest


class OvhClient:
    """One OVHcloud account."""

    declaration: ClassVar[Declaration] = DECLARATION

    def __init__(self, api: Api, proof: Proof, settings: OvhSettings) -> None:
        self._api, self._proof, self._clock = api, proof, proof.now
        self._subsidiary = settings.subsidiary

    async def check(self) -> Account:
        """Ask who the account is (GET /me)."""
        try:
            me = (await self._api.get("/me")).json()
        except Rejected as error:
            raise CredentialsRefused(error.message) from None
        detail = fields.text(me, "organisation") or fields.text(me, "name")
        subsidiary = fields.text(me, "ovhSubsidiary")
        return Account(fields.text(me, "nichandle"), " ".join(filter(None, (detail, subsidiary))))

    async def plans(self) -> Sequence[Plan]:
        """Return both catalogues, with the stock of the cheapest hardware of each plan."""
        rows = await catalog.availabilities(self._api)
        found: dict[str, Plan] = {}
        for name in cart.RANGES:
            where = ask.path("order", "catalog", "public", name)
            told = await self._api.get(where, ovhSubsidiary=await self._subsidiary_of())
            found.update((plan.id, plan) for plan in catalog.plans(told.json(), rows))
        return tuple(found.values())

    async def regions(self) -> Sequence[Region]:
        """Return every datacentre with servers on sale."""
        return catalog.regions(await catalog.availabilities(self._api))

    async def ssh_keys(self) -> Sequence[SshKey]:
        """Return the account's keys."""

        async def key(name: str) -> SshKey:
            return wire.ssh_key((await self._api.get(ask.path("me", "sshKey", name))).json(), name)

        return await ask.each(await ask.ids(self._api, "/me/sshKey"), key)

    async def add_ssh_key(self, name: str, public_key: str) -> SshKey:
        """Add a key, or return the one with the same text."""
        wanted = wire.key_material(public_key)
        for known in await self.ssh_keys():
            if wire.key_material(known.public_key) == wanted:
                return known
        body = {"keyName": name, "key": public_key}
        await self._api.send(HTTPMethod.POST, "/me/sshKey", json=body)
        return SshKey(id=name, name=name, public_key=public_key)

    async def price_of(self, wanted: Wanted) -> Quote:
        """Preview the order in every region that sells it, free; the dearest is the quote."""
        options = _options(wanted)
        quotes: list[Quote] = []
        left = False
        sold_out = OutOfStock(f"OVHcloud has no {wanted.plan} in {' or '.join(wanted.regions)}")
        for region in wanted.regions:
            try:
                quote, in_stock = await self._preview(wanted.plan, region, options)
            except OutOfStock as error:  # it is not sold there
                sold_out = error
                continue
            quotes.append(quote)
            left = left or in_stock is not False
        if not wanted.regions:
            raise Rejected("name the datacentre, such as gra")
        if not left:
            raise sold_out
        most = max(quotes, key=lambda quote: quote.price.an_hour or 0)
        return replace(most, price=dearest([quote.price for quote in quotes]))

    async def _preview(
        self, plan: str, region: str, options: OvhOptions
    ) -> tuple[Quote, bool | None]:
        opened = await cart.opened(self._api, await self._subsidiary_of(), plan, options)
        try:
            await cart.filled(self._api, opened, region, options)
            told = await cart.preview(self._api, opened)
        finally:
            await cart.dropped(self._api, opened)
        price = wire.price(told)
        if price is None:
            raise ProviderError("OVHcloud's preview of the order has no price")
        rows = await catalog.availabilities(self._api, plan, region)
        in_stock = catalog.stock(rows, opened.hardware.values(), region)
        return Quote(price, wire.lines(told), checked=True), in_stock

    async def create_server(self, wanted: Wanted, region: str) -> Server:
        """Order a server; it is delivered bare, so `boot_url` counts at `reinstall_ipxe`."""
        options = _options(wanted)
        opened = await cart.opened(self._api, await self._subsidiary_of(), wanted.plan, options)
        entry = ledger.Entry(
            cart=opened.id,
            tag=wanted.tag,
            name=wanted.name,
            plan=wanted.plan,
            region=region,
            at=self._clock(),
        )
        try:
            hardware = opened.hardware.values()
            await catalog.insist_stock(self._api, wanted.plan, hardware, region)
            await cart.filled(self._api, opened, region, options)
            await ledger.write(self._api, entry)
            told = await cart.checkout(self._api, opened, options)
        except OrderUnknown:
            raise  # the cart stays: it is how the order is found again
        except KtizoError:
            await cart.dropped(self._api, opened)
            raise
        entry = replace(entry, order=fields.text(told, "orderId"), closed=True)
        await ask.tried(ledger.write(self._api, entry))
        ordered = servers.ordered(entry, "checking")
        return replace(ordered, price=wire.price(told))

    async def get_server(self, server_id: str) -> Server:
        """Return a server, or the order it will come from."""
        return await servers.get(self._api, server_id, now=self._clock())

    async def list_servers(self) -> Sequence[Server]:
        """Return every server and every order of ours that is on its way."""
        return await servers.listed(self._api, now=self._clock())

    async def reinstall_ipxe(self, server_id: str, boot_url: str) -> Server:
        """Set the boot script and reboot; afterwards call `boot_from_disk`."""
        before = await self._delivered(server_id)
        word = await boot.into_script(self._api, before.id, boot_url)
        return replace(before, status=Status.PROVISIONING, raw_status=word)

    async def boot_from_network(self, server_id: str, boot_url: str) -> None:
        """Set the boot script without a reboot; OVHcloud serves it at EVERY boot from now on."""
        await boot.set_script(self._api, (await self._delivered(server_id)).id, boot_url)

    async def boot_from_disk(self, server_id: str) -> None:
        """Let every boot go to the disk again, which also forgets the boot script."""
        await boot.set_disk(self._api, (await self._delivered(server_id)).id)

    async def delete_server(self, server_id: str, token: str = "") -> Server:
        """Have the token mailed; with it, end the server, which runs until its period's end."""
        try:
            before = await self.get_server(server_id)
        except Gone:
            return Server(id=server_id, name=server_id, status=Status.GONE, raw_status="gone")
        if before.status in {Status.DELETING, Status.GONE}:
            return before
        if servers.is_order(before.id):
            raise NotYet(f"{before.id} is not delivered: cancel the order at OVHcloud, or wait")
        return await ending.end(self._api, before, token)

    async def power(self, server_id: str, action: PowerAction) -> None:
        """Reboot; OVHcloud's API switches nothing on or off."""
        if action is not PowerAction.REBOOT:
            raise Unsupported("OVHcloud cannot switch a server on or off; reboot it instead")
        await boot.reboot(self._api, (await self._delivered(server_id)).id)

    async def close(self) -> None:
        """Let go of every connection."""
        await self._api.close()
        await self._proof.close()

    async def _delivered(self, server_id: str) -> Server:
        found = await self.get_server(server_id)
        if servers.is_order(found.id):
            raise NotYet(f"{found.id} is not delivered yet: {found.raw_status}")
        return found

    async def _subsidiary_of(self) -> str:
        if not self._subsidiary:
            told: Mapping[str, Any] = (await self._api.get("/me")).json()
            self._subsidiary = fields.text(told, "ovhSubsidiary")
            if not self._subsidiary:
                raise Rejected("OVHcloud does not tell the account's subsidiary: set it, as FR")
        return self._subsidiary


def _options(wanted: Wanted) -> OvhOptions:
    try:
        return OvhOptions.model_validate(dict(wanted.options))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise Rejected(f"the option {where} of the order: {first['msg']}") from None
