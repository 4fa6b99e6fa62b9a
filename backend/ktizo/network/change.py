"""Changing the LAN: dnsmasq first, then the database, and neither without the other."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from ktizo.audit.record import Entry, append
from ktizo.core.clock import utc_now
from ktizo.core.db import Database
from ktizo.core.errors import KtizoError
from ktizo.core.settings import Settings
from ktizo.core.writer import Writer
from ktizo.events.kinds import EventKind
from ktizo.events.record import record
from ktizo.network import store
from ktizo.network.draft import Draft, draft, place_loaders
from ktizo.network.errors import LanFault
from ktizo.network.lan import Lan
from ktizo.network.schemas import LanAnswer
from ktizo.network.supervise import Supervisor

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Appliance:
    """What a change needs of the running Ktizo."""

    db: Database
    writer: Writer
    supervisor: Supervisor
    settings: Settings


async def change(lan: Lan, on: Appliance, *, by: str, address: str) -> Lan:
    """Make `lan` the LAN and return it; on any error everything is as before.

    `by` and `address`: who wants it, for the audit. dnsmasq is tried before anything is stored,
    and no transaction is open meanwhile: SQLite has one writer, and dnsmasq takes a moment to
    show that it stays up.
    """
    return await _to_its_end(_change(lan, on, by, address))


async def _change(lan: Lan, on: Appliance, by: str, address: str) -> Lan:
    async with on.supervisor.changing:
        async with on.db.read() as session:
            before = await store.get(session)
        new = await draft(lan, on.settings)
        _refuse_faults(new)
        try:
            await _bring_about(new, on)
            async with on.db.write() as session:
                now = utc_now()
                await store.save(session, lan, now)
                await append(session, _entry(before, lan, by=by, address=address, now=now))
        except BaseException:
            await _back_to(before, on)
            raise
        on.supervisor.base = new.offered.base
        record(on.writer, EventKind.LAN_CHANGED, data={"by": by})
        return lan


def _entry(before: Lan | None, lan: Lan, *, by: str, address: str, now: datetime) -> Entry:
    old = {} if before is None else LanAnswer.of(before).model_dump(mode="json")
    new = LanAnswer.of(lan).model_dump(mode="json")
    return Entry(
        at=now,
        actor=by,
        address=address,
        action="network.lan_changed",
        subject="lan",
        outcome="ok",
        data={name: value for name, value in new.items() if old.get(name) != value},
    )


def _refuse_faults(of: Draft) -> None:
    blocking = [one for one in of.findings if one.blocking] if of.lan.enabled else []
    if blocking:
        raise LanFault(
            "; ".join(one.message for one in blocking), findings=[one.code for one in blocking]
        )


async def _bring_about(of: Draft, on: Appliance) -> None:
    await place_loaders(of.offered, on.settings)
    if of.lan.enabled:
        await on.supervisor.apply(of.wanted)
    else:
        await on.supervisor.stop()


async def _back_to(before: Lan | None, on: Appliance) -> None:
    try:
        if before is None or not before.enabled:
            await on.supervisor.stop()
        if before is not None:
            old = await draft(before, on.settings)
            await place_loaders(old.offered, on.settings)
            if before.enabled:
                await on.supervisor.resume(old.wanted)
    except KtizoError as error:  # the first error is the one to raise
        on.supervisor.failed(error.message)


async def _to_its_end(work: Coroutine[Any, Any, T]) -> T:
    # A client that hangs up must not leave dnsmasq changed and the database not.
    return await asyncio.shield(asyncio.create_task(work))
