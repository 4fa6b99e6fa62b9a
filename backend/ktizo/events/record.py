"""Noting that something happened: at once for the caller, safe on disk a moment later."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from weakref import WeakKeyDictionary

from ktizo.core.clock import utc_now
from ktizo.core.writer import Writer
from ktizo.events import store
from ktizo.events.kinds import Event, EventKind

__all__ = ["Event", "EventKind", "EventSink", "record", "sink_for"]

DATA_MAX = 4096  # characters of JSON; a machine's words are never worth more
Listener = Callable[[Sequence[Event]], None]


class EventSink:
    """Where the writer puts events; tells `listeners` (the broker) once they are committed."""

    name = "events"
    rank = 1

    def __init__(self) -> None:
        self.listeners: list[Listener] = []
        self._stored: list[Event] = []

    def merge(self, old: Event, new: Event) -> Event:
        """Fold a repetition into the first one."""
        return replace(old, count=old.count + new.count)

    async def write(self, session: Any, items: Sequence[Event]) -> None:
        """Store a batch and remember its ids for `after_commit`."""
        self._stored = await store.insert(session, [storable(event) for event in items])

    def after_commit(self, items: Sequence[Event]) -> None:  # noqa: ARG002 - they have no ids yet
        """Pass on the batch just stored."""
        stored, self._stored = self._stored, []
        for listener in self.listeners:
            listener(stored)


_SINKS: WeakKeyDictionary[Writer, EventSink] = WeakKeyDictionary()


def sink_for(writer: Writer) -> EventSink:
    """Return the one sink of `writer`: `sink_for(writer).listeners.append(broker.publish)`."""
    sink = _SINKS.get(writer)
    return sink if sink is not None else _SINKS.setdefault(writer, EventSink())


def record(
    writer: Writer,
    kind: EventKind,
    *,
    mac: str | None = None,
    device_id: int | None = None,
    address: str | None = None,
    data: Mapping[str, Any] | None = None,
    at: datetime | None = None,
) -> None:
    """Note an event. Never blocks and never raises, whatever a machine has sent.

    The same event again before the next flush raises the first one's count instead.
    """
    event = Event(
        id=0,
        at=at or utc_now(),
        kind=kind,
        mac=mac,
        device_id=device_id,
        address=address,
        data=dict(data or {}),
    )
    writer.put(sink_for(writer), (kind, mac, device_id, address, _json(event.data)), event)


def storable(event: Event) -> Event:
    """Return `event` as every database takes it.

    One row that a database refuses would hold back every row behind it: PostgreSQL refuses NUL and
    text longer than its column, both databases refuse half of a UTF-16 pair.
    """
    return replace(
        event,
        at=event.at.astimezone(UTC),
        mac=_clip(event.mac, 17),
        address=_clip(event.address, 45),
        data=json.loads(_json(event.data)),
    )


def _clip(text: str | None, length: int) -> str | None:
    if text is None:
        return None
    return text.encode(errors="replace").decode().replace("\0", "")[:length]


def _json(data: Mapping[str, Any]) -> str:
    try:
        text = json.dumps(data, sort_keys=True, default=str, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return json.dumps({"unreadable": type(data).__name__})
    return text if len(text) <= DATA_MAX else json.dumps({"too_long": text[:200]})
