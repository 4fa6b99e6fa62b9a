"""Starting the LAN side with Ktizo, and wiring dnsmasq's log to the timelines."""

import asyncio
import functools
import logging

from ktizo.core.db import Database
from ktizo.core.errors import KtizoError
from ktizo.core.settings import Settings
from ktizo.core.writer import Writer
from ktizo.events.kinds import EventKind
from ktizo.events.record import record
from ktizo.network import loaders, place, store
from ktizo.network.draft import draft, place_loaders, places_of
from ktizo.network.lan import Lan
from ktizo.network.supervise import Status, Supervisor
from ktizo.network.watch import Watch

log = logging.getLogger(__name__)


def open_lan(settings: Settings, writer: Writer) -> tuple[Supervisor, Watch]:
    """Return the owner of dnsmasq and the reader of its log; nothing runs yet."""
    watch = Watch(functools.partial(record, writer))
    supervisor = Supervisor(
        places_of(settings),
        program=settings.dnsmasq_path,
        on_line=watch.feed,
        on_change=_Teller(writer),
    )
    return supervisor, watch


async def resume(db: Database, supervisor: Supervisor, settings: Settings) -> None:
    """Bring the LAN to what was decided, at the start of Ktizo.

    Never raises an error of ours: without DHCP, machines that get their boot file elsewhere are
    still served. What is wrong shows in the status, and is tried again.
    """
    async with supervisor.changing:
        try:
            async with db.read() as session:
                lan = await store.get(session)
            await _bring_up(lan, supervisor, settings)
        except KtizoError as error:
            supervisor.failed(error.message)


async def _bring_up(lan: Lan | None, supervisor: Supervisor, settings: Settings) -> None:
    if lan is None or not lan.enabled:
        await supervisor.stop()  # also ends what a killed Ktizo left behind
    if lan is None:
        found = await asyncio.to_thread(loaders.find, settings.loaders_dir)
        await asyncio.to_thread(place.place, found, places_of(settings).tftp, None)
        return
    new = await draft(lan, settings)
    supervisor.base = new.offered.base
    await place_loaders(new.offered, settings)
    if lan.enabled:
        await supervisor.resume(new.wanted)


class _Teller:
    """Turns changes of the child's state into events, once each."""

    def __init__(self, writer: Writer) -> None:
        self._record = functools.partial(record, writer)
        self._before = Status()

    def __call__(self, now: Status) -> None:
        before, self._before = self._before, now
        if now.running and now.pid != before.pid:
            data = {"interface": now.interface, "mode": now.mode, "notes": list(now.notes)}
            self._record(EventKind.LAN_STARTED, data=data)
        if now.last_error and now.last_error != before.last_error:
            self._record(EventKind.LAN_FAILED, data={"message": now.last_error})
        elif before.running and not now.running:
            self._record(EventKind.LAN_STOPPED)
