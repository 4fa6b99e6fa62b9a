"""The machine's own config and its proof that it runs: two routes opened by a ticket.

A ticket was only ever in the boot script of one machine. It works while that machine's lease is
open, and for configs only from the address that used it first, so a copied ticket is of no use to
anyone else. Everyone else gets 403 and a line in the audit.
"""

import logging
from dataclasses import dataclass
from typing import Any

from ktizo.boot import store
from ktizo.boot.answer import Answerer
from ktizo.boot.configs import config_file
from ktizo.boot.machine.front import Front, door_of
from ktizo.boot.machine.looking import REFUSED, LookConfig
from ktizo.boot.profile import TALOS, Profile, ProfileType
from ktizo.boot.profiles import KINDS
from ktizo.boot.tickets import CONFIG, DONE, Ticket, Tickets
from ktizo.clusters import disks
from ktizo.clusters import serve as clusters
from ktizo.clusters.reading import store as reading
from ktizo.core import yaml
from ktizo.core.bootdb import BootReader
from ktizo.core.clock import utc_now
from ktizo.core.db import Database, bump_boot_version
from ktizo.core.errors import Forbidden, KtizoError, NotFound
from ktizo.core.gate import send_text
from ktizo.core.seal import Sealer
from ktizo.core.writer import Writer
from ktizo.devices import approval
from ktizo.devices import store as devices
from ktizo.devices.facts import DeviceFacts
from ktizo.devices.lifecycle import MAY_INSTALL, Event
from ktizo.devices.progress import ConfigFetched, ConfigSink
from ktizo.events.kinds import EventKind

log = logging.getLogger(__name__)

PINNED = "the install disk is pinned"
RENTED = "the machine is out on the internet"
MAX_BODY = 16 * 1024


class InTheClear(Forbidden):
    """A secret would cross the internet unencrypted."""


@dataclass(frozen=True)
class _Allowed:
    device: DeviceFacts
    ticket: Ticket


@dataclass(frozen=True)
class _Made:
    """A config; `of_cluster` counts as served, `held_back` says why it is only the partial one."""

    body: bytes
    of_cluster: clusters.ServedConfig | None = None
    held_back: str = ""


class Configs:
    """The routes /boot/configs/... and /boot/done/..."""

    def __init__(
        self,
        reader: BootReader,
        database: Database,
        tickets: Tickets,
        answerer: Answerer,
        sink: ConfigSink,
        sealer: Sealer,
        writer: Writer,
        look: LookConfig,
    ) -> None:
        self._reader = reader
        self._database = database
        self._tickets = tickets
        self._answerer = answerer
        self._sink = sink
        self._sealer = sealer
        self._writer = writer
        self._look = look
        self._first: dict[int, str] = {}  # lease -> address that fetched first
        self.front: Front

    async def config(self, scope: Any, receive: Any, send: Any, address: str) -> None:  # noqa: ARG002
        """Answer /boot/configs/{ticket}/{file}."""
        parts = scope["path"].split("/")
        head = scope["method"] == "HEAD"
        ticket, file = (parts[3], parts[4]) if len(parts) == 5 else ("", "")
        looking = self._tickets.read_inspect(ticket)
        if looking is not None:
            await self._look(scope, send, address, looking, file)
            return
        try:
            allowed = await self._allowed(CONFIG, ticket, scope)
            if allowed is None or not self._same_address(allowed, address):
                self._refuse(address, allowed)
                await send_text(send, 403, REFUSED, head=head)
                return
            made = await self._config(allowed, file, scope)
            if made.held_back and not head:
                await self._remember(allowed, address)
        except KtizoError as error:
            log.warning("a config for %s could not be made: %s", address, error.message)
            self.front.note("config", "/boot/configs/", address, error.code)
            text = f"{error.code}: {error.message}\n".encode()
            await send_text(send, error.status, text, head=head)
            return
        self._sent(allowed, file, address, made.held_back)
        if made.of_cluster is not None and not head:
            lease_id = allowed.ticket.lease_id
            clusters.note_served(
                self._writer, self._sealer, made.of_cluster, lease_id=lease_id, address=address
            )
        await send_text(send, 200, made.body, ((b"cache-control", b"no-store"),), head=head)

    async def _config(self, allowed: _Allowed, file: str, scope: Any) -> _Made:
        """Return the config: its cluster's for a Talos machine that has one, else the template.

        A machine whose install disk is pinned gets the partial one and waits in maintenance mode:
        the whole config comes through its own API, after its disks were read (nodes/handover.py).
        So does a rented server: secrets do not cross the internet by a boot path.
        """
        device = allowed.device
        assigned = await store.assigned(self._reader, device.id, device.role)
        if assigned is None:
            raise NotFound("no boot profile is assigned to this machine")
        profile, parameters = assigned
        if profile.id != allowed.ticket.profile_id:
            profile = await self._picked(profile, allowed.ticket.profile_id)
        kind = KINDS[profile.type]
        if profile.type in TALOS and file in kind.config_files:
            member = await reading.member(self._reader, device.id)
            pinned = member is not None and disks.pinned(member.install_disk) is not None
            if member is not None and (pinned or device.door is not None):
                partial = self._answerer.sinks.documents(self.front.base(scope))
                held_back = PINNED if pinned else RENTED
                return _Made(yaml.dump_all(partial).encode(), held_back=held_back)
            ours = await clusters.machine_config(self._reader, self._sealer, device.id)
            if ours is not None:
                return _Made(ours.body, ours)
        if device.door is not None and not self.front.base(scope).startswith("https://"):
            raise InTheClear(
                "what a template says may be secret, and does not cross the internet unencrypted;"
                " take the machine into a cluster, or set an https KTIZO_PUBLIC_URL"
            )
        macs = await devices.boot_macs(self._reader, device.id)
        facts = await self._answerer.config_facts(
            profile, parameters, device, device.boot_mac or macs[0], self.front.base(scope)
        )
        return _Made(config_file(profile, kind, facts, file))

    async def _picked(self, assigned: Profile, profile_id: int) -> Profile:
        picked = await store.by_id(self._reader, profile_id)
        if assigned.type is not ProfileType.MENU or picked is None:
            raise NotFound("the machine was given another boot profile meanwhile; boot it again")
        return picked

    async def _allowed(self, purpose: str, text: str, scope: Any) -> _Allowed | None:
        ticket = self._tickets.read(purpose, text)
        if ticket is None:
            return None
        device = await devices.boot_facts_by_id(self._reader, ticket.device_id)
        if device is None or device.lease is None or device.lease.id != ticket.lease_id:
            return None
        if device.state not in MAY_INSTALL or not device.lease.live(utc_now()):
            return None
        door = door_of(scope)
        if device.door != (door.server_id if door else None):
            return None  # a ticket is good where the machine is, and nowhere else
        return _Allowed(device, ticket)

    async def _remember(self, allowed: _Allowed, address: str) -> None:
        """Write down where the machine is before it hears anything: that is where its config goes.

        After a kill in between nobody would know, and the machine would wait for ever.
        """
        async with self._database.write() as session:
            lease = await devices.open_lease(session, allowed.device.id)
            if lease is not None and lease.id == allowed.ticket.lease_id:
                lease.config_address = lease.config_address or address

    def _same_address(self, allowed: _Allowed, address: str) -> bool:
        lease = allowed.device.lease
        recorded = lease.config_address if lease else None
        return self._first.setdefault(allowed.ticket.lease_id, recorded or address) == address

    def _refuse(self, address: str, allowed: _Allowed | None) -> None:
        why = "no valid ticket" if allowed is None else "another address used this ticket first"
        device = allowed.device if allowed else None
        self.front.note(
            "config",
            "/boot/configs/",
            address,
            why,
            kind=EventKind.CONFIG_REFUSED,
            device_id=device.id if device else None,
            mac=device.boot_mac if device else None,
            data=(("reason", why),),
        )

    def _sent(self, allowed: _Allowed, file: str, address: str, held_back: str) -> None:
        device, lease_id = allowed.device, allowed.ticket.lease_id
        self.front.put(self._sink, lease_id, ConfigFetched(device.id, lease_id, address))
        self.front.note(
            "config",
            "/boot/configs/",
            address,
            "sent",
            kind=EventKind.CONFIG_SENT,
            device_id=device.id,
            mac=device.boot_mac,
            data=(("file", file), *([("held_back", held_back)] if held_back else [])),
        )

    async def done(self, scope: Any, receive: Any, send: Any, address: str) -> None:
        """Answer /boot/done/{ticket}: the machine says that it is installed. Spends its lease.

        GET is taken beside POST because a Debian installer's busybox wget cannot POST. The answer
        is sent after the commit: a machine that heard "ok" will not be installed again.
        """
        head = scope["method"] == "HEAD"
        await _drain(receive)
        try:
            allowed = (
                None if head else await self._allowed(DONE, scope["path"].rpartition("/")[2], scope)
            )
            if allowed is not None:
                await self._prove(allowed)
        except KtizoError as error:
            log.error("a machine's proof could not be kept: %s", error.message)
            text = f"{error.code}: {error.message}\n".encode()
            await send_text(send, error.status, text)
            return
        if allowed is None:
            self.front.note("done", "/boot/done/", address, "no valid ticket")
            await send_text(send, 403, REFUSED, head=head)
            return
        device = allowed.device
        self.front.note(
            "done",
            "/boot/done/",
            address,
            "installed",
            kind=EventKind.DONE,
            device_id=device.id,
            mac=device.boot_mac,
        )
        await send_text(send, 200, b"ok: the next boot is your own disk\n")

    async def _prove(self, allowed: _Allowed) -> None:
        async with self._database.write() as session:
            device = await devices.get(session, allowed.device.id)
            lease = await devices.open_lease(session, device.id)
            if lease is not None and lease.id == allowed.ticket.lease_id:
                await approval.prove(session, device, Event.PROVED_INSTALLED, now=utc_now())
                await bump_boot_version(session)


async def _drain(receive: Any) -> None:
    """Read and drop a request body, a bounded piece of it."""
    read = 0
    while read <= MAX_BODY:
        message = await receive()
        read += len(message.get("body", b""))
        if message["type"] != "http.request" or not message.get("more_body"):
            return
