"""What the front leaves behind after each answer; the batch writer turns it into history.

One item per request, folded with its like while it waits: a machine that asks every second, or a
load test, costs one row and not thousands.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ktizo.audit.record import AuditSink, Entry
from ktizo.core.db import AsyncSession
from ktizo.devices.identity import Claim
from ktizo.devices.sighting import Sighting, SightingSink
from ktizo.events.kinds import Event, EventKind
from ktizo.events.record import EventSink


@dataclass(slots=True)
class Knock:
    """A question and its answer. Only `again` changes one: a copy would cost more than the rest.

    `action` and `outcome` go to the audit; `kind` is the timeline's event, None for answers that
    tell no story; a `claim` makes it a sighting.
    """

    action: str
    path: str
    address: str
    outcome: str
    at: datetime
    kind: EventKind | None = None
    mac: str | None = None
    device_id: int | None = None
    claim: Claim | None = None
    door: int | None = None  # the boot path it came by, see devices/sighting.py
    data: tuple[tuple[str, Any], ...] = ()
    count: int = 1

    def again(self, claim: Claim | None, count: int = 1) -> None:
        """Count the same question and answer again; the time stays the first one's."""
        self.count += count
        self.claim = claim or self.claim


class KnockSink:
    """Writes sightings, timeline events and audit lines of a batch of knocks."""

    name = "knocks"
    rank = 1

    def __init__(self, sightings: SightingSink, events: EventSink, audit: AuditSink) -> None:
        self._sightings = sightings
        self._events = events
        self._audit = audit

    def merge(self, old: Knock, new: Knock) -> Knock:
        """Fold two equal knocks."""
        old.again(new.claim, new.count)
        return old

    async def write(self, session: AsyncSession, items: Sequence[Knock]) -> None:
        """Write a batch. Sightings first: they make the machines the events speak of."""
        seen: dict[str, Sighting] = {}
        for knock in items:
            if knock.claim is not None:
                sighting = Sighting(knock.claim, knock.at, knock.door)
                before = seen.get(knock.claim.mac)
                seen[knock.claim.mac] = (
                    self._sightings.merge(before, sighting) if before else sighting
                )
        await self._sightings.write(session, list(seen.values()))
        told = [_event(knock, knock.kind) for knock in items if knock.kind is not None]
        await self._events.write(session, told)
        await self._audit.write(session, [_line(knock) for knock in items])

    def after_commit(self, items: Sequence[Knock]) -> None:  # noqa: ARG002
        """Pass the news on."""
        self._events.after_commit([])
        self._sightings.after_commit([])


def _event(knock: Knock, kind: EventKind) -> Event:
    return Event(
        id=0,
        at=knock.at,
        kind=kind,
        mac=knock.mac,
        device_id=knock.device_id,
        address=knock.address[:45],
        data=dict(knock.data),
        count=knock.count,
    )


def _line(knock: Knock) -> Entry:
    return Entry(
        at=knock.at,
        actor="machine",
        address=knock.address,
        action=knock.action,
        subject=knock.mac or knock.path[:128],
        outcome=knock.outcome,
        count=knock.count,
    )
