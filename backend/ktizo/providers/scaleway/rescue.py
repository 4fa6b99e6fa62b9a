"""The rescue system: the API's half of the way to Talos at Scaleway.

The way: `enter`, `login` until it runs, then SSH (providers/rescue; as `user`, with sudo), and
`to_disk` when Talos is installed: a rescue boot stays set until another reboot is asked for.
Scaleway tells no host key of the rescue system, so SSH has nothing to pin: log in with a key,
never with the password, which is not even kept here.

Source: Elastic Metal API v1, POST /servers/{id}/reboot and `rescue_server`, read 2026-11-21.
"""

from dataclasses import dataclass
from http import HTTPMethod
from typing import Any

from ktizo.providers.base import RescueLogin, Status
from ktizo.providers.errors import Failed
from ktizo.providers.fields import text
from ktizo.providers.http import Api
from ktizo.providers.scaleway import wire
from ktizo.providers.scaleway.endpoint import servers

ENDED = frozenset({Status.FAILED, Status.DELETING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rescue:
    """What a server boots. `booted`: its rescue system runs, as far as Scaleway knows."""

    chosen: bool  # the rescue system is what it boots, also the next time
    booted: bool
    status: Status
    updated_at: str = ""
    address: str = ""
    user: str = ""


async def enter(api: Api, server_id: str, keys: tuple[str, ...] = ()) -> str:
    """Reboot into the rescue system; `keys` by id, besides the project's own.

    Returns when the server changed last, where it is in a rescue system already: until that moves,
    what `login` sees is the earlier one. Empty where it is not.
    """
    before = await look(api, server_id)
    more = {"ssh_key_ids": list(keys)} if keys else {}
    await _reboot(api, server_id, {"boot_type": "rescue", **more})
    return before.updated_at if before.chosen else ""


async def login(api: Api, server_id: str, mark: str) -> RescueLogin | None:
    """Return how to log in once the rescue system runs; raises Failed or Gone.

    Just after `enter` the server still says "ready" and what it had booted: that never counts.
    """
    found = await look(api, server_id)
    if found.status in ENDED:
        raise Failed(f"the server is {found.status}, and will not boot its rescue system")
    if not found.booted or (mark and found.updated_at == mark):
        return None
    if not found.address or not found.user:
        raise Failed("Scaleway does not tell how to log in to the rescue system; look at it there")
    return RescueLogin(address=found.address, user=found.user)


async def to_disk(api: Api, server_id: str) -> None:
    """Reboot from the disk where the rescue system is what boots; otherwise nothing.

    A server that is switched off is left alone: `power` starts it from its disk.
    """
    found = await look(api, server_id)
    if found.chosen and found.status is not Status.OFF:
        await _reboot(api, server_id, {"boot_type": "normal"})


async def look(api: Api, server_id: str) -> Rescue:
    """Return what the server boots, and how to log in to its rescue system."""
    zone, uuid = wire.split_id(server_id)
    given = wire.mapping((await api.get(servers(zone, uuid))).json())
    server = wire.server(given, zone)
    way_in = wire.mapping(given.get("rescue_server"))
    booted = server.status is Status.RESCUE and bool(way_in)
    return Rescue(
        chosen=given.get("boot_type") == "rescue",
        booted=booted,
        status=server.status,
        updated_at=text(given.get("updated_at")),
        address=server.addresses[0] if server.addresses else "",
        user=text(way_in.get("user")) if booted else "",
    )


async def _reboot(api: Api, server_id: str, body: dict[str, Any]) -> None:
    zone, uuid = wire.split_id(server_id)
    await api.send(HTTPMethod.POST, servers(zone, uuid, "reboot"), json=body)
