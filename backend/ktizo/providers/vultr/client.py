"""The verbs of one Vultr account."""

import asyncio
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from http import HTTPMethod
from typing import Any, ClassVar

from pydantic import ValidationError

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
    Gone,
    OrderUnknown,
    OutOfStock,
    ProviderError,
    Rejected,
    Unsupported,
)
from ktizo.providers.fields import at, text
from ktizo.providers.http import Answer, Api
from ktizo.providers.vultr import wire
from ktizo.providers.vultr.declaration import DECLARATION, Options
from ktizo.providers.vultr.wire import KINDS, METAL, Kind

PAGE, PAGES = 500, 200  # rows of a page (500 is the most [V0]), pages of a list
ID = re.compile(r"[\w-]+", re.ASCII)  # a UUID
ACTIONS = {PowerAction.ON: "start", PowerAction.OFF: "halt", PowerAction.REBOOT: "reboot"}


class Client:
    """One account. Ids and plans begin with their kind: `bm/` bare metal, `vm/` an instance."""

    declaration: ClassVar[Declaration] = DECLARATION

    def __init__(self, api: Api) -> None:
        self._api = api

    async def check(self) -> Account:
        """GET /account."""
        return wire.account(wire.one_of(await self._api.get("/account"), ("account",)))

    async def plans(self) -> Sequence[Plan]:
        """GET /plans-metal and /plans, and what each region has left of them."""
        told = {kind: await self._plans(kind) for kind in KINDS.values()}
        regions = [one.id for one in await self.regions()]
        found: list[Plan] = []
        for kind, plans in told.items():
            stock = await self._stock(kind, regions)
            found += [wire.plan(kind, one, stock) for one in plans if text(one, "id")]
        return found

    async def regions(self) -> Sequence[Region]:
        """GET /regions."""
        found = [wire.region(one) for one in await self._all("/regions", "regions")]
        return [one for one in found if ID.fullmatch(one.id)]

    async def ssh_keys(self) -> Sequence[SshKey]:
        """GET /ssh-keys."""
        found = [wire.ssh_key(one) for one in await self._all("/ssh-keys", "ssh_keys")]
        return [one for one in found if one.id]

    async def add_ssh_key(self, name: str, public_key: str) -> SshKey:
        """POST /ssh-keys, unless the same key is there under any name."""
        bare = public_key.split()[:2]
        for one in await self.ssh_keys():
            if one.public_key.split()[:2] == bare:
                return one
        body = {"name": name, "ssh_key": public_key}
        answer = await self._api.send(HTTPMethod.POST, "/ssh-keys", json=body)
        return wire.ssh_key(wire.one_of(answer, ("ssh_key",)))

    async def price_of(self, wanted: Wanted) -> Quote:
        """Return the catalogue's price; Vultr has no dry run."""
        kind, _ = wire.kind_of_plan(wanted.plan)
        wire.order(wanted, "", _options(wanted))
        stock = await self._stock(kind, wanted.regions)
        return wire.quote(wanted, await self._plans(kind), stock)

    async def create_server(self, wanted: Wanted, region: str) -> Server:
        """POST /bare-metals or /instances with the chain URL; the region's stock is asked first."""
        kind, plan = wire.kind_of_plan(wanted.plan)
        body = wire.order(wanted, region, _options(wanted))
        left = (await self._stock(kind, [region])).get(region)
        if left is not None and plan not in left:
            raise OutOfStock(f"Vultr has no {wanted.plan} left in {region}: take another region")
        hidden = (wanted.boot_url,)
        answer = await self._api.order(HTTPMethod.POST, kind.path, json=body, hidden=hidden)
        made = _ordered(kind, answer)
        return replace(
            made,
            name=made.name or wanted.name,
            plan=wanted.plan,
            region=made.region or region,
            tags=tuple(dict.fromkeys((wanted.tag, *made.tags))),
        )

    async def get_server(self, server_id: str) -> Server:
        """GET /bare-metals/{id} or /instances/{id}."""
        kind, data = await self._one(server_id)
        return replace(wire.server(kind, data), id=server_id)

    async def list_servers(self) -> Sequence[Server]:
        """GET /bare-metals and /instances; our tag is among their tags."""
        return [
            wire.server(kind, one)
            for kind in KINDS.values()
            for one in await self._all(kind.path, kind.nouns)
        ]

    async def reinstall_ipxe(self, server_id: str, boot_url: str) -> Server:
        """Name the chain URL (PATCH), then POST .../reinstall; bare metal only.

        The chain URL is only taken at create and by PATCH, and a PATCH that changes the operating
        system reinstalls by itself [V1, V3]. Whether the disks are wiped is not documented: the
        script that is served has to do it.
        """
        kind, data = await self._one(server_id)
        if kind is not METAL:
            raise Unsupported(
                "Vultr boots an instance from the network only when it is made: delete it and "
                "order it again, or take bare metal"
            )
        _, path = _found(server_id)
        chain = {"ipxe_chain_url": boot_url}
        if at(data, "os_id") == wire.CUSTOM_OS:
            await self._api.send(HTTPMethod.PATCH, path, json=chain, hidden=(boot_url,))
            await self._api.order(HTTPMethod.POST, f"{path}/reinstall", hidden=(boot_url,))
        else:
            custom = {"os_id": wire.CUSTOM_OS, **chain}
            await self._api.order(HTTPMethod.PATCH, path, json=custom, hidden=(boot_url,))
        before = wire.server(kind, data)
        return replace(
            before, id=server_id, status=Status.PROVISIONING, raw_status="reinstall taken"
        )

    async def delete_server(self, server_id: str, token: str = "") -> Server:  # noqa: ARG002 - needs none
        """DELETE, at once; only this ends the bill."""
        try:
            before = await self.get_server(server_id)
            await self._api.order(HTTPMethod.DELETE, _found(server_id)[1])
        except Gone:
            return Server(id=server_id, name="", status=Status.GONE, raw_status="404")
        return replace(before, status=Status.DELETING, raw_status="delete taken")

    async def power(self, server_id: str, action: PowerAction) -> None:
        """POST .../start, /halt or /reboot; what is halted is still paid for."""
        await self._api.send(HTTPMethod.POST, f"{_found(server_id)[1]}/{ACTIONS[action]}")

    async def boot_from_disk(self, server_id: str) -> None:
        """Do nothing: without `persistent_pxe` the disk is what boots.

        That option is only taken at create; PATCH does not have it [V1 BareMetalUpdate]. Where it
        is on, Ktizo answers "your own disk".
        """

    async def close(self) -> None:
        """Let go of every connection."""
        await self._api.close()

    async def _one(self, server_id: str) -> tuple[Kind, Mapping[str, Any]]:
        kind, path = _found(server_id)
        return kind, wire.one_of(await self._api.get(path), kind.one)

    async def _plans(self, kind: Kind) -> list[dict[str, Any]]:
        return await self._all(kind.plans_path, kind.plans)

    async def _stock(self, kind: Kind, regions: Iterable[str]) -> dict[str, frozenset[str] | None]:
        """GET /regions/{id}/availability of each region, side by side: there are about thirty."""
        names = [one for one in regions if ID.fullmatch(one)]
        answers = await asyncio.gather(
            *(self._api.get(f"/regions/{name}/availability", type=kind.stock) for name in names),
            return_exceptions=True,  # all of them end before the first error is told
        )
        found: dict[str, frozenset[str] | None] = {}
        for name, answer in zip(names, answers, strict=True):
            if isinstance(answer, BaseException) and not isinstance(answer, Gone):
                raise answer
            # A region that is not there any more says nothing; the order itself will.
            found[name] = None if isinstance(answer, BaseException) else wire.available(answer)
        return found

    async def _all(self, path: str, noun: str) -> list[dict[str, Any]]:
        """Return every row of every page, by cursor; an empty `next` is the end."""
        found: list[dict[str, Any]] = []
        cursor: str | None = None
        for _ in range(PAGES):
            answer = await self._api.get(path, per_page=PAGE, cursor=cursor)
            found += wire.list_of(answer, noun)
            last, cursor = cursor, text(answer.json(), "meta", "links", "next")
            if not cursor or cursor == last:
                return found
        raise ProviderError(f"Vultr has more than {PAGES} pages of {noun}")


def _found(server_id: str) -> tuple[Kind, str]:
    """Return a server's kind and path; an id that is none of ours leads nowhere."""
    kind, theirs = wire.split(server_id)
    if kind is None or not ID.fullmatch(theirs):
        raise Gone(f"Vultr has no server {server_id!r}")
    return kind, f"{kind.path}/{theirs}"


def _options(wanted: Wanted) -> Options:
    try:
        return Options.model_validate(dict(wanted.options))
    except ValidationError as error:
        names = ", ".join(".".join(map(str, one["loc"])) for one in error.errors())
        raise Rejected(f"the order has options that Vultr does not take: {names}") from None


def _ordered(kind: Kind, answer: Answer) -> Server:
    """Return the server of an order that was taken; one that nobody can read is unknown."""
    try:
        data = wire.one_of(answer, kind.one)
    except ProviderError:
        data = {}
    if not ID.fullmatch(text(data, "id")):
        raise OrderUnknown("Vultr took the order and its answer cannot be read: look for it")
    return wire.server(kind, data)
