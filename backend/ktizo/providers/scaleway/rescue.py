"""The rescue system: the API's half of the way to Talos at Scaleway.

The way: `enter`, `wait`, then SSH (as `user`, with sudo), which is not built yet, then `leave`.
Scaleway tells no host key of the rescue system, so SSH has nothing to pin: log in with a key,
never with the password, and send no secret that way.

Source: Elastic Metal API v1, POST /servers/{id}/reboot and `rescue_server`, read 2026-11-21.
"""

import asyncio
from dataclasses import dataclass, field
from http import HTTPMethod
from typing import Any

from ktizo.providers.base import Status
from ktizo.providers.errors import Failed
from ktizo.providers.fields import text
from ktizo.providers.http import Api, Sleep
from ktizo.providers.scaleway import wire
from ktizo.providers.scaleway.endpoint import servers

LOOK_S = 10.0
ENDED = frozenset({Status.FAILED, Status.DELETING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rescue:
    """A rescue system. `booted`: it runs, as far as Scaleway knows."""

    booted: bool
    status: Status
    address: str = ""
    user: str = ""
    password: str = field(default="", repr=False)


async def enter(api: Api, server_id: str, keys: tuple[str, ...] = ()) -> None:
    """Reboot into the rescue system; `keys` by id, besides the project's own."""
    more = {"ssh_key_ids": list(keys)} if keys else {}
    await _reboot(api, server_id, {"boot_type": "rescue", **more})


async def leave(api: Api, server_id: str) -> None:
    """Reboot from the disk."""
    await _reboot(api, server_id, {"boot_type": "normal"})


async def look(api: Api, server_id: str) -> Rescue:
    """Return what the server has booted, and how to log in to its rescue system."""
    zone, uuid = wire.split_id(server_id)
    given = wire.mapping((await api.get(servers(zone, uuid))).json())
    server = wire.server(given, zone)
    login = wire.mapping(given.get("rescue_server"))
    booted = server.status is Status.RESCUE and bool(login)
    return Rescue(
        booted=booted,
        status=server.status,
        address=server.addresses[0] if server.addresses else "",
        user=text(login.get("user")) if booted else "",
        password=text(login.get("password")) if booted else "",
    )


async def wait(
    api: Api, server_id: str, *, timeout_s: float = 1800.0, sleep: Sleep = asyncio.sleep
) -> Rescue:
    """Wait for the rescue system; raises Failed, Gone or TimeoutError.

    Just after `enter` the server still says "ready" and "normal": that never counts.
    """
    waited = 0.0
    while True:
        found = await look(api, server_id)
        if found.booted:
            return found
        if found.status in ENDED:
            raise Failed(f"the server is {found.status}, and will not boot its rescue system")
        if waited >= timeout_s:
            raise TimeoutError("the rescue system of Scaleway does not come up")
        waited += LOOK_S
        await sleep(LOOK_S)


async def _reboot(api: Api, server_id: str, body: dict[str, Any]) -> None:
    zone, uuid = wire.split_id(server_id)
    await api.send(HTTPMethod.POST, servers(zone, uuid, "reboot"), json=body)
