"""The verbs of one Latitude.sh account."""

import re
from collections.abc import Sequence
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
from ktizo.providers.errors import Gone, OrderUnknown, ProviderError, Rejected
from ktizo.providers.fields import text
from ktizo.providers.http import Answer, Api
from ktizo.providers.latitude import wire
from ktizo.providers.latitude.declaration import DECLARATION, Options

# The default is 20 a page [L1]; a cap of what we ask for cannot be below it.
PAGE, SMALLEST_PAGE, PAGES = 100, 20, 200
ID = re.compile(r"\w+", re.ASCII)  # sv_VE1Wd3aXDXnZJ
REASON = {"reason": "given back by Ktizo"}
ACTIONS = {
    PowerAction.ON: "power_on",
    PowerAction.OFF: "power_off",
    PowerAction.REBOOT: "reboot",
}


class Client:
    """One account; servers are ordered into `project`."""

    declaration: ClassVar[Declaration] = DECLARATION

    def __init__(self, api: Api, project: str) -> None:
        self._api = api
        self._project = project

    async def check(self) -> Account:
        """Test the key, and that the project is one it sees (GET /team, GET /projects)."""
        teams = wire.list_of(await self._api.get("/team"))
        projects = await self._all("/projects")
        names = {text(one, "id") for one in projects}
        names |= {text(one, "attributes", "slug") for one in projects}
        if self._project not in names:
            raise Rejected(
                f"Latitude.sh: no project {self._project} for this key; take its ID or slug"
            )
        return wire.account(teams, self._project)

    async def plans(self) -> Sequence[Plan]:
        """GET /plans; GET /plans/operating_systems says which of them boot iPXE."""
        bootable = wire.ipxe_plans(await self._all("/plans/operating_systems"))
        rows = wire.list_of(await self._api.get("/plans"))
        return [plan for plan in (wire.plan(one, bootable) for one in rows) if plan.id]

    async def regions(self) -> Sequence[Region]:
        """GET /regions."""
        found = [wire.region(one) for one in await self._all("/regions")]
        return [one for one in found if one.id]

    async def ssh_keys(self) -> Sequence[SshKey]:
        """GET /ssh_keys."""
        found = [wire.ssh_key(one) for one in await self._all("/ssh_keys")]
        return [one for one in found if one.id]

    async def add_ssh_key(self, name: str, public_key: str) -> SshKey:
        """POST /ssh_keys, unless the same key is there under any name."""
        bare = public_key.split()[:2]
        for one in await self.ssh_keys():
            if one.public_key.split()[:2] == bare:
                return one
        attributes = {"name": name, "public_key": public_key}
        body = {"data": {"type": "ssh_keys", "attributes": attributes}}
        return wire.ssh_key(
            wire.data_of(await self._api.send(HTTPMethod.POST, "/ssh_keys", json=body))
        )

    async def price_of(self, wanted: Wanted) -> Quote:
        """Return the price from the catalogue; Latitude.sh has no dry run."""
        _options(wanted)
        wire.hostname(wanted)
        return wire.quote(await self.plans(), wanted)

    async def create_server(self, wanted: Wanted, region: str) -> Server:
        """POST /servers: by the hour, booting `boot_url` at once; no Ubuntu first."""
        body = wire.order(
            wanted, self._project, region, persistent=_options(wanted).persistent_netboot
        )
        hidden = (wanted.boot_url,)
        answer = await self._api.order(HTTPMethod.POST, "/servers", json=body, hidden=hidden)
        made = _ordered(answer)
        return replace(
            made,
            name=wanted.name,
            region=made.region or region,
            tags=tuple(dict.fromkeys((wanted.tag, *made.tags))),
        )

    async def get_server(self, server_id: str) -> Server:
        """GET /servers/{id}; an order that was reaped after its 201 is Gone like any other."""
        found = wire.server(wire.data_of(await self._api.get(_path(server_id))))
        return found if found.id else replace(found, id=server_id)

    async def list_servers(self) -> Sequence[Server]:
        """GET /servers, of all projects: whoever moves a server does not hide it from us."""
        return [wire.server(one) for one in await self._all("/servers")]

    async def reinstall_ipxe(self, server_id: str, boot_url: str) -> Server:
        """POST /servers/{id}/reinstall; `on` is still told for some seconds after it [L2]."""
        before = await self.get_server(server_id)
        path = f"{_path(server_id)}/reinstall"
        body = wire.reinstall(boot_url)
        await self._api.order(HTTPMethod.POST, path, json=body, hidden=(boot_url,))
        return replace(before, status=Status.PROVISIONING, raw_status="reinstall taken")

    async def delete_server(self, server_id: str, token: str = "") -> Server:  # noqa: ARG002 - needs none
        """DELETE /servers/{id}: at once, and billing by the hour ends."""
        try:
            before = await self.get_server(server_id)
            await self._api.order(HTTPMethod.DELETE, _path(server_id), params=REASON)
        except Gone:
            return Server(id=server_id, name="", status=Status.GONE, raw_status="404")
        return replace(before, status=Status.DELETING, raw_status="delete taken")

    async def power(self, server_id: str, action: PowerAction) -> None:
        """POST /servers/{id}/actions."""
        body = {"data": {"type": "actions", "attributes": {"action": ACTIONS[action]}}}
        await self._api.send(HTTPMethod.POST, f"{_path(server_id)}/actions", json=body)

    async def boot_from_disk(self, server_id: str) -> None:
        """Do nothing: without `persistent_netboot` the disk is what boots.

        Only an order and a reinstall take that option, and a reinstall erases the disks [L1, L2]:
        where it is on, Ktizo answers "your own disk".
        """

    async def close(self) -> None:
        """Let go of every connection."""
        await self._api.close()

    async def _all(self, path: str) -> list[Any]:
        """Return every row of every page; a row that is told twice counts once."""
        found: dict[str, Any] = {}
        for page in range(1, PAGES + 1):
            answer = await self._api.get(path, **{"page[size]": PAGE, "page[number]": page})
            rows, before = wire.list_of(answer), len(found)
            found |= {text(one, "id") or repr(one): one for one in rows}
            if len(rows) < SMALLEST_PAGE or len(found) == before:
                return list(found.values())
        raise ProviderError(f"Latitude.sh has more than {PAGES} pages of {path}")


def _path(server_id: str) -> str:
    if not ID.fullmatch(server_id):
        raise Gone(f"Latitude.sh has no server {server_id!r}")
    return f"/servers/{server_id}"


def _options(wanted: Wanted) -> Options:
    try:
        return Options.model_validate(dict(wanted.options))
    except ValidationError as error:
        names = ", ".join(".".join(map(str, one["loc"])) for one in error.errors())
        raise Rejected(f"the order has options that Latitude.sh does not take: {names}") from None


def _ordered(answer: Answer) -> Server:
    """Return the server of an order that was taken; one that nobody can read is unknown."""
    try:
        made = wire.server(wire.data_of(answer))
    except ProviderError:
        made = None
    if made is None or not made.id:
        raise OrderUnknown("Latitude.sh took the order and its answer cannot be read: look for it")
    return made
