"""A browser's EventSource, as the HTML Living Standard 9.2.6 reads a stream."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from ktizo.core.clock import utc_now
from ktizo.events.kinds import Event, EventKind
from ktizo.events.stream import Broker


@dataclass
class Browser:
    """What one page has understood. `last_id` is what it sends as Last-Event-ID."""

    last_id: int | None = None
    events: list[dict[str, Any]] = field(default_factory=list)
    resets: int = 0
    pings: int = 0

    @property
    def ids(self) -> list[int]:
        return [event["id"] for event in self.events]

    def read(self, text: bytes) -> None:
        """Take whole frames."""
        assert text.endswith(b"\n\n")
        for block in text.decode().removesuffix("\n\n").split("\n\n"):
            fields = dict(line.split(": ", 1) for line in block.split("\n") if line[0] != ":")
            if "id" in fields:
                self.last_id = int(fields["id"])
            if fields.get("event") == "events":
                self.events += json.loads(fields["data"])
            self.resets += fields.get("event") == "reset"
            self.pings += fields.get("event") == "ping"


async def take(frames: AsyncIterator[bytes], browser: Browser, count: int = 1) -> None:
    """Let `browser` read the next `count` frames."""
    for _ in range(count):
        browser.read(await anext(frames))


class FakeHistory:
    """The events table, as a list."""

    def __init__(self, *events: Event) -> None:
        self.events = list(events)
        self.asked = 0

    async def span(self) -> tuple[int, int]:
        ids = [event.id for event in self.events]
        return (ids[0], ids[-1]) if ids else (1, 0)

    async def between(self, after: int, upto: int | None, wanted: Any, limit: int) -> list[Event]:
        self.asked += 1
        found = [e for e in self.events if e.id > after and (upto is None or e.id <= upto)]
        return [event for event in found if wanted.has(event)][:limit]


def event(id_: int, **fields: Any) -> Event:
    """Return some event."""
    return Event(id_, utc_now(), fields.pop("kind", EventKind.DONE), **fields)


class Stage:
    """A broker, the table behind it, and somebody who writes into it."""

    def __init__(self, *, stored: int = 0, **options: Any) -> None:
        self.history = FakeHistory(*(event(id_) for id_ in range(1, stored + 1)))
        self.broker = Broker(self.history, coalesce_s=3600, **options)

    async def start(self) -> "Stage":
        await self.broker.start()
        return self

    def happen(self, times: int = 1, **fields: Any) -> None:
        """Commit events and let the broker hear of them; they go out with the next `cut`."""
        first = len(self.history.events) + 1
        new = [event(id_, **fields) for id_ in range(first, first + times)]
        self.history.events += new
        self.broker.publish(new)

    def show(self, times: int = 1, **fields: Any) -> None:
        """The same, and out at once."""
        self.happen(times, **fields)
        self.broker.cut()
