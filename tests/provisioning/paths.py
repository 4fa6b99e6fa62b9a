"""Asking under the boot path of a rented server, and what may come of it."""

import re
from typing import Any

from integration.house import Told
from provisioning.homes import STRANGER, Home

RENTED_MAC, STRANGE_MAC = "52:54:00:dd:00:01", "52:54:00:dd:00:99"
NOT_FOUND = "not_found: no such machine route\n"
REFUSED = "forbidden: this is not for you; an operator can see why in the audit log\n"
NAMED = re.compile(r"https?://[^\s|\"']+")


async def arrived(home: Home, path: str, mac: str = RENTED_MAC, **fields: str) -> int:
    """Let the rented machine ask for the first time; returns its number."""
    told = await home.ask(path, mac, **fields)
    assert told.first_word == "hold", told.text
    await home.flush()
    return int((await home.device(mac))["id"])


async def ready(home: Home, path: str, profile: str = "debian", **fields: str) -> int:
    """Bring the rented machine to where its next boot installs `profile`."""
    await home.stock(profile)
    device_id = await arrived(home, path, **fields)
    await home.approve(device_id, profile=profile)
    return device_id


def own_disk(told: Told, rule: str = "wrong_door") -> None:
    assert told.disk.rule == rule, told.text


def named_in(text: str) -> list[str]:
    """Every URL that a script or config names."""
    return NAMED.findall(text)


async def raw(
    home: Home, path: str, method: str = "GET", address: str = STRANGER, query: bytes = b""
) -> tuple[int, bytes]:
    """Ask with a path as a server hands it on: decoded, and never tidied up."""
    sent: list[dict[str, Any]] = []
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http",
        "method": method, "path": path, "raw_path": b"", "root_path": "", "query_string": query,
        "headers": [(b"host", b"ktizo.example:8000")], "client": (address, 40_000),
        "server": ("10.0.0.1", 8000), "state": {},
    }  # fmt: skip

    asked = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> dict[str, Any]:
        return next(asked, {"type": "http.disconnect"})

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await home.app(scope, receive, send)
    return sent[0]["status"], b"".join(one.get("body", b"") for one in sent[1:])


Rented = tuple[Home, str, int]  # a server that was ordered: its boot path, and its number
