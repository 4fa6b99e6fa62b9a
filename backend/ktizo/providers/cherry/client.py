"""What Ktizo asks of Cherry Servers, as verbs. Paths: cherrygo 69ef188 (2026-08-18)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from http import HTTPMethod
from typing import Any, ClassVar
from urllib.parse import quote

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
from ktizo.providers.cherry import wire
from ktizo.providers.cherry.declaration import DECLARATION, CherryOptions
from ktizo.providers.errors import Gone, OrderUnknown, ProviderError, Rejected, Unsupported
from ktizo.providers.fields import body, rows, text
from ktizo.providers.http import Answer, Api
from ktizo.providers.quoting import from_catalogue

A_PAGE = 100
PAGES = 200
# The names of cherrygo first, then those of the API reference (read 2026-10-06): they disagree.
REINSTALL = ("reinstall", "rebuild")
POWER: Mapping[PowerAction, tuple[str, ...]] = {
    PowerAction.ON: ("power_on", "power-on"),
    PowerAction.OFF: ("power_off", "power-off"),
    PowerAction.REBOOT: ("reboot",),
}


class Cherry:
    """One account at Cherry Servers; servers stand in its project.

    A tag is the value of the server's tag named `ktizo`; their list cannot be asked for it, so the
    whole list is read.
    """

    declaration: ClassVar[Declaration] = DECLARATION

    def __init__(self, api: Api, *, project_id: str, team_id: str = "") -> None:
        self._api = api
        self._project, self._team = project_id, team_id

    async def close(self) -> None:
        """Let go of every connection."""
        await self._api.close()

    async def check(self) -> Account:
        """Ask for the project: the key and the project are both right, or not."""
        try:
            given = (await self._api.get(f"/projects/{self._project}")).json()
        except Gone as error:
            raise Rejected(
                f"there is no project {self._project} that this key may see; look at the number"
            ) from error
        return Account(text(given, "name") or self._project, f"project {self._project}")

    async def plans(self) -> Sequence[Plan]:
        """Return every plan; with a team, at the team's prices."""
        return [wire.plan(one) for one in await self._plans()]

    async def _plans(self) -> list[dict[str, Any]]:
        return await self._all(f"/teams/{self._team}/plans" if self._team else "/plans")

    async def regions(self) -> Sequence[Region]:
        """Return every region."""
        return [wire.region(one) for one in await self._all("/regions")]

    async def ssh_keys(self) -> Sequence[SshKey]:
        """Return the account's keys; an order by iPXE cannot use them."""
        return [wire.ssh_key(one) for one in await self._all("/ssh-keys")]

    async def add_ssh_key(self, name: str, public_key: str) -> SshKey:
        """Add a key, or return the one that is there already, whatever its name."""
        wanted = public_key.split()[:2]
        for key in await self.ssh_keys():
            if key.public_key.split()[:2] == wanted:
                return key
        body = {"label": name, "key": public_key.strip()}
        return wire.ssh_key((await self._api.send(HTTPMethod.POST, "/ssh-keys", json=body)).json())

    async def price_of(self, wanted: Wanted) -> Quote:
        """Return the plan's price by the hour; refuses a plan that cannot boot by iPXE."""
        _persists(wanted)
        wire.script(wanted.boot_url)
        found = [one for one in await self._plans() if wire.plan(one).id == wanted.plan]
        if not found:
            raise Rejected(f"Cherry Servers has no plan {wanted.plan}; take one from the list")
        takes = wire.takes_ipxe(found[0])
        if takes is None:
            path = f"/plans/{quote(wanted.plan, safe='')}/images"
            takes = wire.has_ipxe((await self._api.get(path)).json())
        if not takes:
            raise Unsupported(f"{wanted.plan} does not take an iPXE script; take a plan that does")
        price = wire.price_of(found[0])
        if price is None:
            raise Rejected(f"{wanted.plan} is not sold by the hour; take another plan")
        terms = ("by the hour, until it is given back", "without VAT")
        plan = wire.plan(found[0])
        if not plan.offers:  # nothing is told about regions at all
            return Quote(price, terms)
        told = from_catalogue("Cherry Servers", plan, wanted)
        return replace(told, lines=(*told.lines, *terms))

    async def create_server(self, wanted: Wanted, region: str) -> Server:
        """Order a server that boots our script."""
        body = wire.order(wanted, region, self._project, persist_ipxe=_persists(wanted))
        answer = await self._api.order(
            HTTPMethod.POST,
            f"/projects/{self._project}/servers",
            json=body,
            hidden=(wanted.boot_url,),
        )
        server = _server_in(answer)
        if not server.id:
            raise OrderUnknown(
                "Cherry Servers took the order but its answer names no server: look at the project"
            )
        return server

    async def get_server(self, server_id: str) -> Server:
        """Return a server."""
        answer = await self._api.get(_path(server_id))
        return replace(wire.server(answer.json()), id=server_id)

    async def list_servers(self) -> Sequence[Server]:
        """Return every server of the project."""
        return [wire.server(one) for one in await self._all(f"/projects/{self._project}/servers")]

    async def reinstall_ipxe(self, server_id: str, boot_url: str) -> Server:
        """Boot our script again. The medium it comes on is taken away after some five minutes."""
        before = await self.get_server(server_id)
        body = wire.reinstall(before.name, boot_url)
        hidden = (boot_url, body["password"])
        answer = await self._act(server_id, REINSTALL, once=True, hidden=hidden, **body)
        told = _server_in(answer)
        return replace(told, id=server_id) if told.id else before

    async def delete_server(self, server_id: str, token: str = "") -> Server:  # noqa: ARG002 - nothing is mailed
        """Give a server back, at once. Extra addresses and storage stay, and are billed on."""
        try:
            answer = await self._api.order(HTTPMethod.DELETE, _path(server_id))
        except Gone:
            return Server(id=server_id, name="", status=Status.GONE, raw_status="")
        return replace(_server_in(answer), id=server_id, status=Status.DELETING)

    async def power(self, server_id: str, action: PowerAction) -> None:
        """Switch a server."""
        await self._act(server_id, POWER[action], once=False)

    async def boot_from_disk(self, server_id: str) -> None:
        """Do nothing: the script's medium is taken away after some five minutes.

        `persist_ipxe` keeps it, and only an order and a reinstall take that option (cherrygo's
        UpdateServer has not got it): where it is on, Ktizo answers "your own disk".
        """

    async def _act(
        self,
        server_id: str,
        names: Sequence[str],
        *,
        once: bool,
        hidden: tuple[str, ...] = (),
        **body: Any,
    ) -> Answer:
        """Send an action under its first name; under the next one only if that was refused."""
        refused: list[str] = []
        for name in names:
            try:
                return await self._api.send(
                    HTTPMethod.POST,
                    f"{_path(server_id)}/actions",
                    once=once,
                    json={"type": name, **body},
                    hidden=hidden,
                )
            except Rejected as error:
                refused.append(error.message)
        raise Rejected("; ".join(refused))

    async def _all(self, path: str) -> list[dict[str, Any]]:
        """Read a whole list; one that ends early is an error, for an order may hide in its rest."""
        found: list[Any] = []
        for _ in range(PAGES):
            answer = await self._api.get(path, limit=A_PAGE, offset=len(found))
            told = answer.headers.get("x-total-count", "")
            total = int(told) if told.isascii() and told.isdecimal() and len(told) < 18 else 0
            page = answer.json()
            if not isinstance(page, list):
                break
            found.extend(page)
            if len(found) >= total if total else len(page) != A_PAGE:
                return rows(found)
            if not page:
                break
        raise ProviderError(f"Cherry Servers' list at {path} breaks off after {len(found)} lines")


def _server_in(answer: Answer) -> Server:
    """Read the server an accepted order answers with; a body nobody can read is an empty one."""
    return wire.server(body(answer))


def _path(server_id: str) -> str:
    """Return a server's path; an id that is no number never becomes a shorter path."""
    if not (server_id.isascii() and server_id.isdecimal() and len(server_id) <= 18):
        raise Gone(f"{server_id!r} is not the number of a server at Cherry Servers")
    return f"/servers/{server_id}"


def _persists(wanted: Wanted) -> bool:
    try:
        return CherryOptions.model_validate(dict(wanted.options)).persist_ipxe
    except ValidationError as error:
        wrong = ", ".join(".".join(map(str, one["loc"])) for one in error.errors())
        raise Rejected(f"an order at Cherry Servers has no such option or value: {wrong}") from None
