"""Every boot there is a record of, kept up to date by reading only what is new.

The first look reads the newest LOOKED_AT events once, in bites between which machines are
answered; after that a look costs what happened since the last. Only the columns that counting needs
are read. Nothing here is on the way of a machine that boots.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from typing import Any

from ktizo.events import store
from ktizo.events.analytics.facts import BootFacts, facts_of
from ktizo.events.kinds import Event, EventKind
from ktizo.events.timeline import OWN_STEPS, boots

LOOKED_AT = 200_000  # events; older ones are kept, and not counted
BITE = 250  # events folded (about 5 ms) before others get their turn
KINDS = OWN_STEPS | {EventKind.LEASE_SPENT}

Read = Callable[[], AbstractAsyncContextManager[Any]]


@dataclass(slots=True)
class _Machine:
    """One network card: its boots that are over, and the events of the one that may go on."""

    past: list[BootFacts] = field(default_factory=list)
    current: BootFacts | None = None
    tail: list[Event] = field(default_factory=list)
    device_id: int | None = None


class Tally:
    """The boots; one of it lives as long as the process."""

    def __init__(self, *, looked_at: int = LOOKED_AT, bite: int = BITE) -> None:
        self._machines: dict[str, _Machine] = {}
        self._mac_of: dict[int, str] = {}  # device -> the card it boots from
        self._newest = 0
        self._oldest = 0
        self._turn = asyncio.Lock()
        self._looked_at, self._bite = looked_at, bite

    @property
    def newest(self) -> int:
        """Return the id up to which every event is counted."""
        return self._newest

    def boots(self) -> Iterator[BootFacts]:
        """Give every boot that is known, in no order."""
        for machine in self._machines.values():
            yield from machine.past
            if machine.current is not None:
                yield machine.current

    async def look(self, read: Read) -> None:
        """Count what was stored since the last look."""
        async with self._turn:
            async with read() as session:
                oldest, newest = await store.span(session)
            if newest < self._newest:  # the database was replaced by an older one
                self._machines, self._mac_of, self._newest = {}, {}, 0
            oldest = max(oldest, newest - self._looked_at + 1)
            self._newest = max(self._newest, oldest - 1)
            while self._newest < newest:
                await self._bite_off(read, newest)
            self._forget(oldest)

    async def _bite_off(self, read: Read, newest: int) -> None:
        began = time.monotonic()
        async with read() as session:
            found = await store.steps(session, self._newest, newest, KINDS, self._bite)
        self.add(found)
        self._newest = found[-1].id if len(found) == self._bite else newest
        await asyncio.sleep(time.monotonic() - began)  # half of the processor is for machines

    def add(self, events: Iterable[Event]) -> None:
        """Count `events`, which are newer than all before."""
        changed: dict[str, None] = {}
        for event in events:
            mac = self._whose(event)
            if mac is None:
                continue
            machine = self._machines.setdefault(mac, _Machine())
            machine.device_id = event.device_id or machine.device_id
            if event.kind == EventKind.LEASE_SPENT:
                self._fold(mac, machine)
                _prove(machine)
                continue
            _append(machine.tail, event)
            changed[mac] = None
        for mac in changed:
            self._fold(mac, self._machines[mac])

    def _whose(self, event: Event) -> str | None:
        """Return the card; events told of a device alone are of the card it last booted from."""
        if event.device_id is None:
            return event.mac
        if event.mac is not None:
            self._mac_of[event.device_id] = event.mac
        return event.mac or self._mac_of.get(event.device_id)

    def _fold(self, mac: str, machine: _Machine) -> None:
        if not machine.tail:
            return
        *over, last = boots(machine.tail)
        proved = machine.current is not None and machine.current.proved
        for boot in over:
            facts = facts_of(mac, machine.device_id, boot)
            machine.past.append(replace(facts, followed=True, proved=proved))
            proved = False
        machine.current = replace(facts_of(mac, machine.device_id, last), proved=proved)
        kept = {step.id for step in last.steps}
        machine.tail = [event for event in machine.tail if event.id in kept]

    def _forget(self, oldest: int) -> None:
        """Drop the boots whose first event is pruned, so that memory stays bounded too."""
        if oldest == self._oldest:
            return
        self._oldest = oldest
        for mac, machine in list(self._machines.items()):
            machine.past = [boot for boot in machine.past if boot.first_id >= oldest]
            current = machine.current
            if current is not None and machine.tail[-1].id < oldest:
                machine.current, machine.tail = None, []
            if not machine.past and machine.current is None:
                del self._machines[mac]


def _append(tail: list[Event], event: Event) -> None:
    """Add `event`; of the same decision again and again (it waits) the ends are enough."""
    same = [
        before.kind == EventKind.DECIDED == event.kind and before.data == event.data
        for before in tail[-2:]
    ]
    if len(same) == 2 and all(same):
        tail[-1] = event
    else:
        tail.append(event)


def _prove(machine: _Machine) -> None:
    """Note that somebody spent the lease: the newest boot that was given an installer ran."""
    if machine.current is not None and machine.current.action == "boot":
        machine.current = replace(machine.current, proved=True)
        return
    for index in range(len(machine.past) - 1, -1, -1):
        if machine.past[index].action == "boot":
            machine.past[index] = replace(machine.past[index], proved=True)
            return
