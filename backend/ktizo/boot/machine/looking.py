"""The config of a machine that is only looked at: /boot/configs/{ticket}/inspect.yaml.

It names where to send events and the kernel log, holds no secret and installs nothing: Talos then
waits in maintenance mode, in memory. The ticket is good while that very inspection is open and in
time and nobody has decided about the machine; and for the address that used it first, because
that address is where the machine's disks will be read.
"""

import logging
from typing import Any

from ktizo.boot.configs import NoSuchConfig
from ktizo.boot.look import CONFIG_FILE
from ktizo.boot.machine.front import Front, door_of
from ktizo.boot.sinks import Sinks
from ktizo.boot.tickets import LookTicket
from ktizo.core import yaml
from ktizo.core.bootdb import BootReader
from ktizo.core.clock import utc_now
from ktizo.core.db import Database
from ktizo.core.errors import KtizoError
from ktizo.core.gate import send_text
from ktizo.devices import store as devices
from ktizo.devices.facts import DeviceFacts
from ktizo.devices.lifecycle import UNDECIDED
from ktizo.events.kinds import EventKind

log = logging.getLogger(__name__)

REFUSED = b"forbidden: this is not for you; an operator can see why in the audit log\n"


class LookConfig:
    """Answers who holds a ticket of an inspection."""

    def __init__(self, reader: BootReader, database: Database, sinks: Sinks) -> None:
        self._reader = reader
        self._database = database
        self._sinks = sinks
        self._first: dict[int, str] = {}  # inspection -> address that fetched first
        self.front: Front

    async def __call__(
        self, scope: Any, send: Any, address: str, ticket: LookTicket, file: str
    ) -> None:
        """Answer a ticket that is ours; whether it is still good is seen here."""
        head = scope["method"] == "HEAD"
        try:
            device = await devices.boot_facts_by_id(self._reader, ticket.device_id)
            door = door_of(scope)
            refusal = self._refusal(device, ticket, address, door.server_id if door else None)
            if refusal is None and file != CONFIG_FILE:
                raise NoSuchConfig(f"an inspected machine has no config {file!r}: {CONFIG_FILE}")
            if refusal is None and not head:
                await self._remember(ticket, address)
        except KtizoError as error:
            log.warning("a config for %s could not be made: %s", address, error.message)
            self.front.note("config", "/boot/configs/", address, error.code)
            text = f"{error.code}: {error.message}\n".encode()
            await send_text(send, error.status, text, head=head)
            return
        if refusal is not None:
            self._note(EventKind.CONFIG_REFUSED, address, refusal, device, ("reason", refusal))
            await send_text(send, 403, REFUSED, head=head)
            return
        self._note(EventKind.CONFIG_SENT, address, "sent", device, ("file", file))
        body = yaml.dump_all(self._sinks.documents(self.front.base(scope))).encode()
        await send_text(send, 200, body, ((b"cache-control", b"no-store"),), head=head)

    async def _remember(self, ticket: LookTicket, address: str) -> None:
        """Write down where the machine is before it hears anything: it will not say so again."""
        async with self._database.write() as session:
            held = await devices.open_inspection(session, ticket.device_id)
            if held is not None and held.id == ticket.inspection_id:
                held.address = held.address or address

    def _refusal(
        self, device: DeviceFacts | None, ticket: LookTicket, address: str, door: int | None
    ) -> str | None:
        """Return why this ticket opens nothing now; else remember whose it is."""
        held = device.inspection if device else None
        if device is None or held is None or held.id != ticket.inspection_id:
            return "its inspection is over"
        if device.door != door:
            return "it came by another boot path"
        if device.state not in UNDECIDED or not held.live(utc_now()):
            return "its inspection is over"
        if self._first.setdefault(held.id, held.address or address) != address:
            return "another address used this ticket first"
        return None

    def _note(
        self,
        kind: EventKind,
        address: str,
        outcome: str,
        device: DeviceFacts | None,
        said: tuple[str, str],
    ) -> None:
        self.front.note(
            "config",
            "/boot/configs/",
            address,
            outcome,
            kind=kind,
            device_id=device.id if device else None,
            mac=device.boot_mac if device else None,
            data=(said,),
        )
