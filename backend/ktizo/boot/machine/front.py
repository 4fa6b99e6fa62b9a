"""The thin front that answers machines before FastAPI's router sees the request.

Two things make it fast, measured: no ORM on the way, and the answer to an unchanged question kept
until the database says that something changed. One thing makes it safe: whatever goes wrong in
here, the machine gets the script that boots its own disk.
"""

import logging
import re
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from ktizo.boot import render
from ktizo.boot.answer import Answer, Answerer, Chosen
from ktizo.boot.asking import PROFILE_NAME, Asking, Unreadable, parse
from ktizo.boot.decide import Action, Rule
from ktizo.boot.knock import Knock, KnockSink
from ktizo.boot.profile import Profile
from ktizo.core import urls
from ktizo.core.bootdb import BootReader
from ktizo.core.clock import utc_now
from ktizo.core.errors import Unavailable
from ktizo.core.gate import send_text
from ktizo.core.writer import Sink, Writer
from ktizo.devices.progress import Offer, OfferCounter, OfferSink
from ktizo.events.kinds import EventKind
from ktizo.network.neighbours import Cards

log = logging.getLogger(__name__)

STALE = timedelta(minutes=5)
MAX_KEPT = 20_000  # answers; a stranger who varies his questions empties the memory, no more
_HOST = re.compile(r"[A-Za-z0-9.\-]{1,253}(?::\d{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](?::\d{1,5})?")
_SCRIPT = re.compile(rf"/boot/({PROFILE_NAME.pattern})\.ipxe")
NOT_KEPT = {Rule.CANNOT_RECORD, Rule.DATABASE_DOWN, Rule.FOREIGN_CARD}
FAULT = b"internal_error: a fault of Ktizo itself, see its log\n"
NOT_FOUND = b"not_found: no such machine route\n"

Route = Callable[[Any, Any, Any, str], Awaitable[None]]


@dataclass(frozen=True)
class _Kept:
    version: int
    until: datetime | None  # the lease's end; None: good until the version changes
    answer: Answer


def _light(answer: Answer) -> Answer:
    """Return `answer` without the texts it was made from: 20,000 templates are hundreds of MB."""
    profile = answer.chosen.profile
    if profile is None:
        return answer
    bare = Profile(id=profile.id, name=profile.name, type=profile.type)
    return replace(answer, chosen=Chosen(answer.chosen.state, bare))


class Front:
    """ASGI app for everything under /boot/ that the gate let through."""

    def __init__(
        self,
        answerer: Answerer,
        reader: BootReader,
        writer: Writer,
        knocks: KnockSink,
        offers: OfferSink,
        counter: OfferCounter,
        *,
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
        self._base_url = base_url
        self._learned = learned
        self._cards = cards
        self._routes = routes
        self._kept: dict[tuple[bytes, str], _Kept] = {}
        self._macs: dict[str, str] = {}  # address -> MAC
        self._asked: dict[str, datetime] = {}  # address -> when it fetched boot.ipxe

    async def __call__(self, scope: Any, receive: Any, send: Any, address: str) -> None:
        """Answer one request of a machine at `address`."""
        path: str = scope["path"]
        for prefix, route in self._routes.items():
            if path.startswith(prefix):
                await self._file(route, scope, receive, send, address)
                return
        if path == urls.MENU or (path.endswith(".ipxe") and path.count("/") == 2):
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
            status, body = await self._body(scope, address, path)
        except Exception:
            log.exception("a machine could not be answered; it boots from its own disk")
            status, body = 200, render.LAST_RESORT
        await send_text(send, status, body, head=scope["method"] == "HEAD")

    async def _body(self, scope: Any, address: str, path: str) -> tuple[int, bytes]:
        base = self.base(scope)
        query: bytes = scope["query_string"]
        if path == urls.BOOT_SCRIPT:
            self._first_script(path, address)
            return 200, render.script(render.BootScript(base)).encode()
        if path != urls.MENU:
            named = _SCRIPT.fullmatch(path)
            if named is None:
                self.note("refused", path, address, "not_found")
                return 404, NOT_FOUND
            if b"mac=" not in query:
                return 200, render.script(render.BootScript(base, choice=named[1])).encode()
            query += b"&choice=" + named[1].encode()
        answer = await self._menu(query, base, address)
        return answer.status, answer.body

    def base(self, scope: Any) -> str:
        """Return how this machine reaches us: the setting, else the Host it asked."""
        if self._base_url is not None:
            return self._base_url
        host = next((v for k, v in scope["headers"] if k == b"host"), b"").decode("latin-1")
        if not _HOST.fullmatch(host):
            address, port = scope.get("server") or ("127.0.0.1", 80)
            host = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
        return f"http://{host}"

    async def _menu(self, query: bytes, base: str, address: str) -> Answer:
        now = utc_now()
        kept = await self._from_memory(query, base, now)
        answer = kept or await self._fresh(query, base, address, now)
        if answer.offers_installer:
            answer = await self._use_lease(answer, query, base, address, now)
        self._remember_knock(answer, address, now)
        return answer

    async def _from_memory(self, query: bytes, base: str, now: datetime) -> Answer | None:
        kept = self._kept.get((query, base))
        if kept is None or (kept.until is not None and now >= kept.until):
            return None
        try:
            current = await self._reader.version()
        except Unavailable:
            return None
        return kept.answer if kept.version == current else None

    async def _fresh(
        self, query: bytes, base: str, address: str, now: datetime, *, own_card: bool = True
    ) -> Answer:
        try:
            asking: Asking | None = parse(query, address)
        except Unreadable:
            asking = None
        try:
            version = await self._reader.version()
        except Unavailable:
            version = None
        answer = await self._answerer.answer(
            asking, base, now, can_record=self._writer.healthy, own_card=own_card
        )
        # What holds for this one request only is not kept for the next.
        if version is not None and answer.decision.rule not in NOT_KEPT:
            if len(self._kept) >= MAX_KEPT:
                self._kept.clear()
            lease = answer.device.lease if answer.device else None
            until = lease.expires_at if lease and lease.live(now) else None
            self._kept[(query, base)] = _Kept(version, until, _light(answer))
        return answer

    async def _use_lease(
        self, answer: Answer, query: bytes, base: str, address: str, now: datetime
    ) -> Answer:
        """Count the use; what was kept in memory is asked again where that could change it."""
        device = answer.device
        if device is None or device.lease is None:
            return answer
        lease = device.lease
        card = self._cards.at(address)
        if card is not None and answer.claim is not None and card != answer.claim.mac:
            return await self._fresh(query, base, address, now, own_card=False)
        spent = self._counter.of(lease.id, lease.offers) >= self._answerer.limit
        if spent or not self._writer.healthy:
            return await self._fresh(query, base, address, now)
        count = self._counter.add(lease.id, lease.offers)
        self._writer.put(self._offers, lease.id, Offer(device.id, lease.id, count, now))
        return answer

    def _remember_knock(self, answer: Answer, address: str, now: datetime) -> None:
        claim, device, decision = answer.claim, answer.device, answer.decision
        if claim is not None:
            claim = claim if claim.address == address else replace(claim, address=address)
            self._learn(address, claim.mac, now)
        if decision.rule is Rule.BOOT_LOOP and device is not None and device.lease is not None:
            over = Offer(device.id, device.lease.id, self._answerer.limit + 1, now)
            self._writer.put(self._offers, device.lease.id, over)
        mac = claim.mac if claim else None
        profile = answer.chosen.profile.name if answer.chosen.profile else None
        data: tuple[tuple[str, Any], ...] = (("action", decision.action), ("rule", decision.rule))
        if decision.action is Action.BOOT:
            data += (("profile", profile),)
        self._writer.put(
            self._knocks,
            (mac, address, decision.rule, decision.action),
            Knock(
                action="boot",
                kind=EventKind.DECIDED,
                path=urls.MENU,
                address=address,
                outcome=f"{decision.action}: {decision.rule}",
                at=now,
                mac=mac,
                device_id=device.id if device else None,
                claim=claim,
                data=data,
            ),
        )

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
