"""In front of the front: the boot paths of rented servers, open to any address.

What follows the path is answered as on the LAN, by the same code, only that every URL the machine
is told begins with its own path. A path that is not ours, of a server that was given back, or of a
boot that a newer one replaced, opens nothing.
"""

import logging
import re
from typing import Any

from ktizo.boot import render
from ktizo.boot.machine.front import DOOR, NOT_FOUND, Front
from ktizo.core import urls
from ktizo.core.bootdb import BootReader
from ktizo.core.errors import Unavailable
from ktizo.core.gate import send_text
from ktizo.providers import store
from ktizo.providers.doors import DoorFacts, Doors

log = logging.getLogger(__name__)

AWAY = b"unavailable: Ktizo cannot read its database\n"
_PATH = re.compile(rf"{urls.DOOR_PREFIX}([A-Za-z0-9_.~-]{{1,400}})(/boot/.*)")
_PROBE = re.compile(rf"{urls.DOOR_PREFIX}([a-z0-9]{{16,64}}){urls.REACHED}")


class Through:
    """ASGI app: everything under /boot/ that the gate let through."""

    def __init__(self, front: Front, doors: Doors, reader: BootReader) -> None:
        self._front = front
        self._doors = doors
        self._reader = reader

    async def __call__(self, scope: Any, receive: Any, send: Any, address: str) -> None:
        """Answer one request of a machine at `address`."""
        if not scope["path"].startswith(urls.DOOR_PREFIX):
            await self._front(scope, receive, send, address)
            return
        head = scope["method"] == "HEAD"
        if (asked := _PROBE.fullmatch(scope["path"])) is not None:
            await send_text(send, 200, self._doors.proof(asked[1]).encode(), head=head)
            return
        named = _PATH.fullmatch(scope["path"])
        read = self._doors.read(named[1]) if named else None
        try:
            door = await store.door(self._reader, *read) if read else None
        except Unavailable as error:
            log.warning("a rented server could not be looked up: %s", error.message)
            script = scope["path"].endswith(".ipxe")
            await send_text(
                send, *((200, render.LAST_RESORT) if script else (503, AWAY)), head=head
            )
            return
        # A path within a path would be somebody else's.
        if named is None or door is None or named[2].startswith(urls.DOOR_PREFIX):
            self._front.note("refused", urls.DOOR_PREFIX, address, "no such boot path")
            await send_text(send, 404, NOT_FOUND, head=head)
            return
        base = self._front.base(scope) if self._doors.public_url is None else self._doors.public_url
        facts = DoorFacts(door.server_id, door.macs, base + urls.door(named[1]))
        inner = {**scope, "path": named[2], "raw_path": named[2].encode(), DOOR: facts}
        await self._front(inner, receive, send, address)
