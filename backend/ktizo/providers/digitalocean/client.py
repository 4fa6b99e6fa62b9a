"""What Ktizo asks of DigitalOcean, as verbs. Paths: digitalocean/openapi 7c1300c4 (2026-08-07).

`DELETE /droplets?tag_name=` deletes everything that has a tag; nothing here ever asks for it, and
no droplet's path is made without its number.
"""

from collections.abc import Mapping, Sequence
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
from ktizo.providers.digitalocean import images, wire
from ktizo.providers.digitalocean.declaration import DECLARATION, DigitalOceanOptions
from ktizo.providers.errors import Gone, OrderUnknown, ProviderError, Rejected, Unsupported
from ktizo.providers.fields import at, body, number, rows, text
from ktizo.providers.http import Answer, Api
from ktizo.providers.quoting import from_catalogue

A_PAGE = 200  # the most they give
PAGES = 100
POWER: Mapping[PowerAction, str] = {
    PowerAction.ON: "power_on",
    PowerAction.OFF: "power_off",
    PowerAction.REBOOT: "reboot",
}


class DigitalOcean:
    """One account at DigitalOcean. A tag is one of the droplet's tags.

    GPU droplets are in a list of their own (`type=gpus`); both are read, for an order must be found
    again wherever it is.
    """

    declaration: ClassVar[Declaration] = DECLARATION

    def __init__(self, api: Api, *, image: str = "") -> None:
        self._api = api
        self._image = image

    async def close(self) -> None:
        """Let go of every connection."""
        await self._api.close()

    async def check(self) -> Account:
        """Ask whose token it is."""
        account = at((await self._api.get("/account")).json(), "account")
        name = text(account, "team", "name") or text(account, "email")
        status, limit = text(account, "status"), number(account, "droplet_limit")
        return Account(name or "unnamed", f"{status or 'unknown'}, at most {limit:.0f} droplets")

    async def plans(self) -> Sequence[Plan]:
        """Return every size."""
        return [wire.plan(one) for one in await self._all("/sizes", "sizes")]

    async def regions(self) -> Sequence[Region]:
        """Return every region."""
        return [wire.region(one) for one in await self._all("/regions", "regions")]

    async def ssh_keys(self) -> Sequence[SshKey]:
        """Return the account's keys."""
        return [wire.ssh_key(one) for one in await self._all("/account/keys", "ssh_keys")]

    async def add_ssh_key(self, name: str, public_key: str) -> SshKey:
        """Add a key, or return the one that is there already, whatever its name."""
        wanted = public_key.split()[:2]
        for key in await self.ssh_keys():
            if key.public_key.split()[:2] == wanted:
                return key
        body = {"name": name, "public_key": public_key.strip()}
        answer = await self._api.send(HTTPMethod.POST, "/account/keys", json=body)
        return wire.ssh_key(at(answer.json(), "ssh_key"))

    async def price_of(self, wanted: Wanted) -> Quote:
        """Return the size's price, once everything the order needs is there."""
        wire.insist_on_names(wanted)
        options = _options(wanted)
        sizes = {text(one, "slug"): one for one in await self._all("/sizes", "sizes")}
        size = sizes.get(wanted.plan)
        if size is None:
            raise Rejected(f"DigitalOcean has no size {wanted.plan}; take one from the list")
        plan = wire.plan(size)
        if wire.price_of(size) is None:
            raise Rejected(f"DigitalOcean names no price for {wanted.plan}; take another size")
        if not plan.talos:
            raise Unsupported(f"{wanted.plan} cannot run Talos: {plan.why}; take a larger size")
        image = await self._talos(options.image or self._image, wanted.regions)
        if number(size, "disk") < image.disk_gb:
            raise Rejected(
                f"{wanted.plan}'s disk is smaller than the {image.disk_gb} GB of the image"
            )
        await self._keys(wanted)
        told = from_catalogue("DigitalOcean", plan, wanted)
        terms = (f"from the image {image.name} ({image.id})", "by the second, off or on")
        return replace(told, lines=(*told.lines, *terms))

    async def create_server(self, wanted: Wanted, region: str) -> Server:
        """Order a droplet from the Talos image; it never asks for `boot_url`."""
        wire.insist_on_names(wanted)
        options = _options(wanted)
        image = await self._talos(options.image or self._image, (region,))
        body = wire.order(
            wanted,
            region,
            image=image.id,
            ssh_keys=await self._keys(wanted),
            vpc_uuid=options.vpc_uuid,
        )
        answer = await self._api.order(HTTPMethod.POST, "/droplets", json=body)
        server = _server_in(answer)
        if not server.id:
            raise OrderUnknown(
                "DigitalOcean took the order but its answer names no droplet: look at the account"
            )
        # Tags are put on "after it is created": the answer may not have them yet.
        return server if wanted.tag in server.tags else replace(server, tags=(wanted.tag,))

    async def get_server(self, server_id: str) -> Server:
        """Return a droplet."""
        answer = await self._api.get(_path(server_id))
        return replace(wire.server(at(answer.json(), "droplet")), id=server_id)

    async def list_servers(self) -> Sequence[Server]:
        """Return every droplet, those with GPUs too."""
        found: dict[str, Server] = {}
        for kind in ("droplets", "gpus"):
            for one in await self._all("/droplets", "droplets", type=kind):
                server = wire.server(one)
                found[server.id] = server
        return list(found.values())

    async def reinstall_ipxe(self, server_id: str, boot_url: str) -> Server:  # noqa: ARG002 - cannot
        """Refuse: a droplet has no network boot."""
        raise Unsupported(
            "DigitalOcean cannot boot a droplet from the network: rebuild it from the Talos image, "
            "delete it and order another, or take a provider with ipxe_reinstall"
        )

    async def reinstall_image(self, server_id: str, image: str = "") -> Server:
        """Erase a droplet and write the Talos image to its disk again; addresses stay."""
        before = await self.get_server(server_id)
        talos = await self._talos(image or self._image, (before.region,))
        body = {"type": "rebuild", "image": int(talos.id)}
        await self._api.order(HTTPMethod.POST, f"{_path(server_id)}/actions", json=body)
        return before

    async def delete_server(self, server_id: str, token: str = "") -> Server:  # noqa: ARG002 - no mail
        """Destroy a droplet, by its number. Volumes, snapshots and reserved addresses stay."""
        try:
            await self._api.order(HTTPMethod.DELETE, _path(server_id))
        except Gone:
            return Server(id=server_id, name="", status=Status.GONE, raw_status="")
        return Server(id=server_id, name="", status=Status.DELETING, raw_status="")

    async def power(self, server_id: str, action: PowerAction) -> None:
        """Switch a droplet; one that is off is billed all the same."""
        body = {"type": POWER[action]}
        await self._api.send(HTTPMethod.POST, f"{_path(server_id)}/actions", json=body)

    async def boot_from_disk(self, server_id: str) -> None:
        """Do nothing: a droplet has nothing but its disk to boot from."""

    async def _talos(self, named: str, regions: Sequence[str]) -> images.Image:
        """Return the image to start from, usable in `regions`."""
        if not named:
            raise Rejected(f"no Talos image is named; {images.HOW}")
        if wire.is_number(named):
            try:
                answer = await self._api.get(f"/images/{named}")
            except Gone as error:
                raise Rejected(f"there is no image {named}; {images.HOW}") from error
            image = images.read(at(answer.json(), "image"))
        else:
            found = await self._all("/images", "images", private="true")
            image = images.named(named, [images.read(one) for one in found])
        images.insist_on(image, regions)
        if not wire.is_number(image.id):
            raise ProviderError("DigitalOcean's image has no number")
        return image

    async def _keys(self, wanted: Wanted) -> tuple[str, ...]:
        """Return the keys to order with: a custom image wants one, though Talos never reads it."""
        if wanted.ssh_keys:
            return wanted.ssh_keys
        known = [key.id for key in await self.ssh_keys() if key.id]
        if not known:
            raise Rejected(
                "DigitalOcean wants an SSH key with a custom image, though Talos does not use it: "
                "add any key to the account"
            )
        return (known[0],)

    async def _all(self, path: str, name: str, **params: str) -> list[dict[str, Any]]:
        """Read a whole list, page by page; their links are never followed, only counted."""
        found: list[dict[str, Any]] = []
        for page in range(1, PAGES + 1):
            answer = await self._api.get(path, per_page=A_PAGE, page=page, **params)
            body = answer.json()
            if not isinstance(at(body, name), list):
                raise ProviderError(f"DigitalOcean's answer has no {name}")
            found.extend(rows(body, name))
            if not text(body, "links", "pages", "next"):
                return found
        raise ProviderError(f"DigitalOcean's list of {name} does not end")


def _server_in(answer: Answer) -> Server:
    """Read the droplet an accepted order answers with; a body nobody can read is an empty one."""
    return wire.server(at(body(answer), "droplet"))


def _path(server_id: str) -> str:
    """Return a droplet's path; an id that is no number never becomes a shorter path."""
    if not wire.is_number(server_id):
        raise Gone(f"{server_id!r} is not the number of a droplet")
    return f"/droplets/{server_id}"


def _options(wanted: Wanted) -> DigitalOceanOptions:
    try:
        return DigitalOceanOptions.model_validate(dict(wanted.options))
    except ValidationError as error:
        wrong = ", ".join(".".join(map(str, one["loc"])) for one in error.errors())
        raise Rejected(f"an order at DigitalOcean has no such option or value: {wrong}") from None
