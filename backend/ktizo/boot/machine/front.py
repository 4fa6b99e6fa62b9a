"""The thin front that answers machines before FastAPI's router sees the request.

Two things make it fast, measured: no ORM on the way, and the answer to an unchanged question kept
until the database says that something changed. One thing makes it safe: whatever goes wrong in
here, the machine gets the script that boots its own disk.
"""

import functools
import logging
import re
from collections.abc import Awaitable, Callable, Hashable
from datetime import datetime, timedelta
from typing import Any

from ktizo.boot import render
from ktizo.boot.answer import Answerer
from ktizo.boot.asking import PROFILE_NAME, Asking, Unreadable, parse
from ktizo.boot.decide import Rule
from ktizo.boot.knock import Knock, KnockSink
from ktizo.boot.machine.kept import Kept, until_of
from ktizo.core import urls
from ktizo.core.bootdb import FrontReader
from ktizo.core.clock import utc_now
from ktizo.core.errors import Unavailable
from ktizo.core.gate import NO_BODY, Message, send_text, text
from ktizo.core.writer import Sink, Writer
from ktizo.devices.progress import InspectionSink, Looked, Offer, OfferCounter, OfferSink
from ktizo.events.kinds import EventKind
from ktizo.network.neighbours import Cards
from ktizo.providers.doors import DoorFacts

log = logging.getLogger(__name__)

STALE = timedelta(minutes=5)
MAX_KEPT = 20_000  # answers; a stranger who varies his questions empties the memory, no more
_HOST = re.compile(r"[A-Za-z0-9.\-]{1,253}(?::\d{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](?::\d{1,5})?")
_SCRIPT = re.compile(rf"/boot/({PROFILE_NAME.pattern})\.ipxe")
NOT_KEPT = {Rule.CANNOT_RECORD, Rule.DATABASE_DOWN, Rule.FOREIGN_CARD}
FAULT = b"internal_error: a fault of Ktizo itself, see its log\n"
NOT_FOUND = b"not_found: no such machine route\n"

DOOR = "ktizo.door"  # in the scope of what came by a rented server's boot path: its DoorFacts

Route = Callable[[Any, Any, Any, str], Awaitable[None]]


def door_of(scope: Any) -> DoorFacts | None:
    """Return the boot path a request came by; None: the LAN's."""
    found: DoorFacts | None = scope.get(DOOR)
    return found


@functools.lru_cache(maxsize=1024)
def _named(host: bytes) -> str | None:
    """Return the base URL of a Host header, None when it is no host."""
    said = host.decode("latin-1")
    return f"http://{said}" if _HOST.fullmatch(said) else None


class Front:
    """ASGI app for everything under /boot/ that the gate let through."""

    def __init__(
        self,
        answerer: Answerer,
        reader: FrontReader,
        writer: Writer,
        knocks: KnockSink,
        offers: OfferSink,
        counter: OfferCounter,
        *,
        inspections: InspectionSink,
        looks: OfferCounter,
        base_url: str | None,
        learned: Callable[[str, str], None],
        cards: Cards,
        routes: dict[str, Route],
    ) -> None:
        self._answerer = answerer
        self._reader = reader
        self._writer = writer
        self._knocks = knocks
        self._offers = offers
        self._counter = counter
        self._inspections = inspections
        self._looks = looks
        self._base_url = base_url
        self._learned = learned
        self._cards = cards
        self._routes = routes
        self._kept: dict[tuple[bytes, str], Kept] = {}
        self._macs: dict[str, str] = {}  # address -> MAC
        self._asked: dict[str, datetime] = {}  # address -> when it fetched boot.ipxe

    async def __call__(self, scope: Any, receive: Any, send: Any, address: str) -> None:
        """Answer one request of a machine at `address`."""
        path: str = scope["path"]
        if path == urls.MENU:  # first: it is what machines ask by the thousand
            await self._script(scope, send, address, path)
            return
        for prefix, route in self._routes.items():
            if path.startswith(prefix):
                await self._file(route, scope, receive, send, address)
                return
        if path.endswith(".ipxe") and path.count("/") == 2:
            await self._script(scope, send, address, path)
            return
        self.note("refused", path, address, "not_found")
        await send_text(send, 404, NOT_FOUND, head=scope["method"] == "HEAD")

    async def _file(self, route: Route, scope: Any, receive: Any, send: Any, address: str) -> None:
        begun = False

        async def watched(message: Any) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await route(scope, receive, watched, address)
        except Exception:
            log.exception("%s could not be answered", scope["path"])
            if begun:
                raise  # half an answer: only breaking the connection tells the machine
            await send_text(send, 500, FAULT, head=scope["method"] == "HEAD")

    async def _script(self, scope: Any, send: Any, address: str, path: str) -> None:
        try:
            start, end = await self._messages(scope, address, path)
        except Exception:
            log.exception("a machine could not be answered; it boots from its own disk")
            start, end = text(200, render.LAST_RESORT)
        await send(start)
        await send(NO_BODY if scope["method"] == "HEAD" else end)

    async def _messages(self, scope: Any, address: str, path: str) -> tuple[Message, Message]:
        base, door = self.base(scope), door_of(scope)
        query: bytes = scope["query_string"]
        if path == urls.BOOT_SCRIPT:
            self._first_script(path, address)
            return text(200, render.script(render.BootScript(base)).encode())
        if path != urls.MENU:
            named = _SCRIPT.fullmatch(path)
            if named is None:
                self.note("refused", path, address, "not_found")
                return text(404, NOT_FOUND)
            if b"mac=" not in query:
                return text(200, render.script(render.BootScript(base, named[1])).encode())
            query += b"&choice=" + named[1].encode()
        told = await self._menu(query, base, address, door)
        return told.start, told.end

    async def asked(self, query: bytes, address: str, door: DoorFacts) -> Kept:
        """Answer for a rented server whose firmware cannot ask, and count and note it all the same.

        `query`: what iPXE would send. What the answer boots is in its `linux`.
        """
        return await self._menu(query, door.base, address, door)

    def base(self, scope: Any) -> str:
        """Return how this machine reaches us: the setting, else the Host it asked.

        A rented server's begins with its own boot path, which nobody else may know.
        """
        if (door := door_of(scope)) is not None:
            return door.base
        if self._base_url is not None:
            return self._base_url
        for name, value in scope["headers"]:
            if name == b"host":
                if (named := _named(value)) is not None:
                    return named
                break
        address, port = scope.get("server") or ("127.0.0.1", 80)
        return f"http://[{address}]:{port}" if ":" in address else f"http://{address}:{port}"

    async def _menu(
        self, query: bytes, base: str, address: str, door: DoorFacts | None = None
    ) -> Kept:
        now = utc_now()
        told = self._kept.get((query, base))
        if told is None or not await self._holds(told, now):
            told = await self._fresh(query, base, address, now, door)
        if told.answer.offers_installer:
            told = await self._use_lease(told, query, base, address, now)
        elif told.answer.inspects:
            told = await self._use_inspection(told, query, base, address, now)
        self._remember_knock(told, address, now)
        return told

    async def _holds(self, kept: Kept, now: datetime) -> bool:
        """Say whether the answer is what the machine would be told if it were made anew."""
        if kept.until is not None and now >= kept.until:
            return False
        try:
            return kept.version == await self._reader.version_this_turn()
        except Unavailable:
            return False

    async def _fresh(
        self,
        query: bytes,
        base: str,
        address: str,
        now: datetime,
        door: DoorFacts | None,
        *,
        own_card: bool = True,
    ) -> Kept:
        try:
            asking: Asking | None = parse(query, address)
        except Unreadable:
            asking = None
        try:
            version = await self._reader.version_this_turn()
        except Unavailable:
            version = None
        answer = await self._answerer.answer(
            asking, base, now, can_record=self._writer.healthy, own_card=own_card, door=door
        )
        told = Kept(answer, version or 0, until_of(answer.device, now), door)
        # What holds for this one request only is not kept for the next.
        if version is not None and answer.decision.rule not in NOT_KEPT:
            if len(self._kept) >= MAX_KEPT:
                self._kept.clear()
            self._kept[(query, base)] = told
        return told

    async def _use_lease(
        self, told: Kept, query: bytes, base: str, address: str, now: datetime
    ) -> Kept:
        """Count the use; what was kept in memory is asked again where that could change it."""
        device = told.answer.device
        if device is None or device.lease is None:
            return told
        lease = device.lease
        if self._other_card(told, address):
            return await self._fresh(query, base, address, now, told.door, own_card=False)
        spent = self._counter.of(lease.id, lease.offers) >= self._answerer.limit
        if spent or not self._writer.healthy:
            return await self._fresh(query, base, address, now, told.door)
        count = self._counter.add(lease.id, lease.offers)
        self._writer.put(self._offers, lease.id, Offer(device.id, lease.id, count, now))
        return told

    async def _use_inspection(
        self, told: Kept, query: bytes, base: str, address: str, now: datetime
    ) -> Kept:
        """Count the boot, as the use of a lease is counted."""
        device = told.answer.device
        if device is None or device.inspection is None:
            return told
        held = device.inspection
        if self._other_card(told, address):
            return await self._fresh(query, base, address, now, told.door, own_card=False)
        used_up = self._looks.of(held.id, held.boots) >= self._answerer.limit
        if used_up or not self._writer.healthy:
            return await self._fresh(query, base, address, now, told.door)
        boots = self._looks.add(held.id, held.boots)
        self._writer.put(self._inspections, held.id, Looked(device.id, held.id, boots))
        return told

    def _other_card(self, told: Kept, address: str) -> bool:
        """Say whether the packets come from another card than the one the request names."""
        card, claim = self._cards.at(address), told.answer.claim
        return card is not None and claim is not None and card != claim.mac

    def _remember_knock(self, told: Kept, address: str, now: datetime) -> None:
        if told.address != address:
            told.asked_from(address)
        claim, device = told.claim, told.answer.device
        if claim is not None:
            self._learn(address, claim.mac, now)
        if told.answer.decision.rule is Rule.BOOT_LOOP and device is not None and device.lease:
            over = Offer(device.id, device.lease.id, self._answerer.limit + 1, now)
            self._writer.put(self._offers, device.lease.id, over)
        waiting = self._writer.waiting(self._knocks, told.key)
        if waiting is not None:
            waiting.again(claim)
        else:
            self._writer.put(self._knocks, told.key, told.knock(now))

    def put(self, sink: Sink[Any], key: Hashable, item: Any) -> None:
        """Leave an item for the batch writer."""
        self._writer.put(sink, key, item)

    def note(self, action: str, path: str, address: str, outcome: str, **more: Any) -> None:
        """Leave a line of history for an answer that was no decision."""
        knock = Knock(
            action=action, path=path, address=address, outcome=outcome, at=utc_now(), **more
        )
        key = (action, path, address, outcome, knock.mac, knock.data)
        self._writer.put(self._knocks, key, knock)

    def mac_at(self, address: str) -> str | None:
        """Return the machine at `address`: who asked from there, else whose packets come from it.

        Files carry no other name of a machine, and a loader is fetched before anything is asked.
        """
        return self._macs.get(address) or self._cards.at(address)

    def _learn(self, address: str, mac: str, now: datetime) -> None:
        """Remember whose address this is, and tell the timeline what came before it was known."""
        if self._macs.get(address) != mac:
            if len(self._macs) >= MAX_KEPT:
                self._macs.clear()
            self._macs[address] = mac
        self._learned(address, mac)
        asked = self._asked.pop(address, None)
        if asked is not None and now - asked < STALE:
            knock = Knock(
                action="boot",
                path=urls.BOOT_SCRIPT,
                address=address,
                outcome="who are you",
                at=asked,
                kind=EventKind.SCRIPT_ASKED,
                mac=mac,
                data=(("script", "boot.ipxe"),),
            )
            self._writer.put(self._knocks, ("script_asked", mac, asked), knock)

    def _first_script(self, path: str, address: str) -> None:
        if len(self._asked) >= MAX_KEPT:
            self._asked.clear()
        self._asked[address] = utc_now()
        self.note("boot", path, address, "who are you")
