"""Scaleway Elastic Metal: metal by the hour, in several zones; a server is "zone/uuid".

A server is ordered bare, without an operating system: the way to Talos is the rescue system.
Our tag is one of the server's tags.

Sources: Elastic Metal API v1 (OpenAPI of 2025-05), its SDK 2.12.0, read 2026-11-21.
"""

from collections.abc import Sequence
from dataclasses import replace
from http import HTTPMethod
from typing import TYPE_CHECKING, ClassVar

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
from ktizo.providers.errors import (
    Gone,
    NotYet,
    OrderUnknown,
    OutOfStock,
    ProviderError,
    Rejected,
    Unsupported,
)
from ktizo.providers.http import Api
from ktizo.providers.quoting import dearest
from ktizo.providers.scaleway import offers, rescue, wire
from ktizo.providers.scaleway.declaration import DECLARATION, NO_IPXE, ScalewaySettings
from ktizo.providers.scaleway.endpoint import KEYS, every, servers
from ktizo.providers.scaleway.offers import ZoneOffer

POWER = {
    PowerAction.ON: ("start", {"boot_type": "normal"}),
    PowerAction.OFF: ("stop", {}),
    PowerAction.REBOOT: ("reboot", {"boot_type": "normal"}),
}


class ScalewayClient:
    """One project's verbs; a `Rescuer`."""

    declaration: ClassVar[Declaration] = DECLARATION

    def __init__(self, settings: ScalewaySettings, api: Api) -> None:
        self._project, self._zones = settings.project_id, settings.zones
        self.api = api

    def __repr__(self) -> str:
        return "ScalewayClient()"

    async def check(self) -> Account:
        """Test the key without spending; raises CredentialsRefused."""
        answer = await self.api.get(
            servers(self._zones[0]), page=1, page_size=1, project_id=self._project
        )
        wire.listed(answer.json(), "servers")
        return Account(f"project {self._project}", f"zones {', '.join(self._zones)}")

    async def plans(self) -> Sequence[Plan]:
        """Return every offer by the hour, with a price and a stock per zone."""
        return offers.plans([one for zone in self._zones for one in await self._offers(zone)])

    async def _offers(self, zone: str) -> list[ZoneOffer]:
        path = f"/baremetal/v1/zones/{zone}/offers"
        given = await every(self.api, path, "offers", subscription_period="hourly")
        return [offers.read(one, zone) for one in given]

    async def regions(self) -> Sequence[Region]:
        """Return the account's zones."""
        return [offers.region(zone) for zone in self._zones]

    async def ssh_keys(self) -> Sequence[SshKey]:
        """Return the project's SSH keys."""
        given = await every(self.api, KEYS, "ssh_keys", project_id=self._project)
        return [wire.ssh_key(one) for one in given]

    async def add_ssh_key(self, name: str, public_key: str) -> SshKey:
        """Add a key, or return the one that is there already."""
        wanted = public_key.split()[:2]
        for key in await self.ssh_keys():
            if wanted and key.public_key.split()[:2] == wanted:
                return key
        body = {"name": name, "public_key": public_key.strip(), "project_id": self._project}
        answer = await self.api.send(HTTPMethod.POST, KEYS, json=body)
        return wire.ssh_key(wire.mapping(answer.json()))

    async def price_of(self, wanted: Wanted) -> Quote:
        """Return the dearest of the wanted zones' prices: the order goes to whichever has stock."""
        found = [
            one
            for zone in wanted.regions
            for one in await self._sold(wanted, zone)
            if one.price is not None
        ]
        prices = [one.price for one in found if one.price is not None]
        if not prices:
            raise OutOfStock(f"Scaleway does not sell {wanted.plan} in {', '.join(wanted.regions)}")
        lines = tuple(
            f"{one.zone}: {one.price.hourly} {one.price.currency} an hour"
            + ("" if one.in_stock else ", none in stock")
            for one in found
            if one.price is not None
        )
        if not any(one.in_stock is not False for one in found):
            where = " and ".join(wanted.regions)
            raise OutOfStock(f"Scaleway has no {wanted.plan} in {where}: take another zone or plan")
        return Quote(dearest(prices), lines)

    async def _sold(self, wanted: Wanted, zone: str) -> list[ZoneOffer]:
        """Return the offer of the wanted plan in a zone, if there is one."""
        if wanted.options:
            raise Rejected("an order at Scaleway takes no options")
        if zone not in self._zones:
            raise Rejected(f"{zone} is not one of the account's zones: {', '.join(self._zones)}")
        return [one for one in await self._offers(zone) if one.name == wanted.plan][:1]

    async def create_server(self, wanted: Wanted, region: str) -> Server:
        """Order one server, bare and once; raises OutOfStock, Rejected or OrderUnknown."""
        sold = await self._sold(wanted, region)
        if not sold or sold[0].in_stock is False:
            raise OutOfStock(f"Scaleway has no {wanted.plan} in {region} now")
        body = {
            "offer_id": sold[0].id,
            "project_id": self._project,
            "name": wanted.name,
            "description": "ordered by Ktizo",
            "tags": [wanted.tag],
        }
        answer = await self.api.order(HTTPMethod.POST, servers(region), json=body)
        try:
            return wire.server(wire.mapping(answer.json()), region)
        except ProviderError:
            raise OrderUnknown("Scaleway took the order and its answer cannot be read") from None

    async def get_server(self, server_id: str) -> Server:
        """Return a server; raises Gone."""
        zone, uuid = wire.split_id(server_id)
        return wire.server(wire.mapping((await self.api.get(servers(zone, uuid))).json()), zone)

    async def list_servers(self) -> Sequence[Server]:
        """Return every server of the project, zone by zone; one zone that is away is an error.

        A server that was overlooked might be ordered again.
        """
        return [
            wire.server(one, zone)
            for zone in self._zones
            for one in await every(self.api, servers(zone), "servers", project_id=self._project)
        ]

    async def reinstall_ipxe(self, server_id: str, boot_url: str) -> Server:
        """Refuse: Elastic Metal has no iPXE; the message has the way out."""
        del server_id, boot_url
        raise Unsupported(NO_IPXE)

    async def delete_server(self, server_id: str, token: str = "") -> Server:
        """Give a server back at once; twice is the same as once. No token is mailed."""
        del token
        zone, uuid = wire.split_id(server_id)
        try:
            before = await self.get_server(server_id)
            if before.status is Status.DELETING:
                return before
            await self.api.order(HTTPMethod.DELETE, servers(zone, uuid))
        except Gone:
            return Server(id=server_id, name=uuid, status=Status.GONE, raw_status="not found")
        except NotYet:
            now = await self.get_server(server_id)
            if now.status is not Status.DELETING:
                raise
            return now
        return replace(before, status=Status.DELETING, raw_status="deleting")

    async def power(self, server_id: str, action: PowerAction) -> None:
        """Switch a server; it starts from its disk."""
        zone, uuid = wire.split_id(server_id)
        verb, body = POWER[action]
        await self.api.send(HTTPMethod.POST, servers(zone, uuid, verb), json=body)

    async def enter_rescue(self, server_id: str, key: SshKey) -> str:
        """Reboot into the rescue system, and so at every later boot, until `boot_from_disk`."""
        return await rescue.enter(self.api, server_id, (key.id,))

    async def rescue_login(self, server_id: str, mark: str) -> RescueLogin | None:
        """Return how to log in once the rescue system runs; Scaleway tells no host key."""
        return await rescue.login(self.api, server_id, mark)

    async def boot_from_disk(self, server_id: str) -> None:
        """Reboot from the disk where the rescue system is still what boots: that restarts it.

        Scaleway's API changes what boots only together with a reboot. Where the disk is what boots
        nothing is done.
        """
        await rescue.to_disk(self.api, server_id)

    async def close(self) -> None:
        """Let go of every connection."""
        await self.api.close()


if TYPE_CHECKING:  # mypy's word that every verb is there
    _rescuer: type[Rescuer] = ScalewayClient
