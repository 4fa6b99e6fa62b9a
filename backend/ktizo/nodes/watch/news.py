"""What is known of every node now, and who hears when it changes."""

import asyncio
from dataclasses import replace
from datetime import datetime
from typing import Any

from ktizo.core.clock import utc_now
from ktizo.core.writer import Writer
from ktizo.events.kinds import EventKind
from ktizo.events.record import record
from ktizo.nodes.watch.keep import NodeSink
from ktizo.nodes.watch.state import NodeState, Seen


class News:
    """The newest of every node. What changed is written down and told on the timeline."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._sink = NodeSink()
        self._seen: dict[int, Seen] = {}
        self._forgotten: set[int] = set()  # what is still heard of them is from before
        self._changed = asyncio.Event()

    def load(self, stored: dict[int, Seen]) -> None:
        """Take over what was known before this process; what is newer stays."""
        there = {one: seen for one, seen in stored.items() if one not in self._forgotten}
        self._seen = there | self._seen

    def of(self, device_id: int) -> Seen | None:
        """Return what is known of a node."""
        return self._seen.get(device_id)

    @property
    def known(self) -> dict[int, Seen]:
        """What is known of every node in this process; what is stored may lag behind it."""
        return dict(self._seen)

    def forget(self, device_id: int) -> None:
        """The machine is no node any more, and none until somebody expects it again."""
        self._seen.pop(device_id, None)
        self._forgotten.add(device_id)

    def expect(self, device_id: int) -> None:
        """The machine may be a node again, after it was forgotten."""
        self._forgotten.discard(device_id)

    async def changed(self, timeout_s: float) -> None:
        """Wait until something about any node changes, `timeout_s` at most."""
        event = self._changed
        try:
            async with asyncio.timeout(timeout_s):
                await event.wait()
        except TimeoutError:
            return

    def tell(self, device_id: int, state: NodeState | None = None, **what: Any) -> Seen:
        """Note what is seen of a node now; fields left out stay as they were."""
        now = utc_now()
        before = self._seen.get(device_id)
        seen = before or Seen(device_id, NodeState.WAITING, now)
        seen = replace(seen, **what)
        if state is not None and state is not seen.state:
            seen = replace(seen, state=state, since=now)
        if seen == before and not _stale(before, seen):
            return before
        if device_id in self._forgotten:
            return seen
        self._seen[device_id] = seen
        self._writer.put(self._sink, device_id, seen)
        self._tell_timeline(before, seen)
        if seen != before:
            self._changed.set()
            self._changed = asyncio.Event()
        return seen

    def _tell_timeline(self, before: Seen | None, seen: Seen) -> None:
        old = None if before is None else (before.state, before.ready)
        if old != (seen.state, seen.ready):
            self._record(
                EventKind.NODE_STATE,
                seen,
                state=seen.state,
                before=before.state if before else None,
                ready=seen.ready,
                version=seen.talos_version,
            )
        if seen.trouble and (before is None or before.trouble != seen.trouble):
            code, message = seen.trouble
            self._record(EventKind.NODE_TROUBLE, seen, code=code, message=message)
        if before is not None and before.drift != seen.drift:
            self._record(EventKind.NODE_DRIFT, seen, drift=[list(one) for one in seen.drift])

    def _record(self, kind: EventKind, seen: Seen, **data: Any) -> None:
        record(self._writer, kind, device_id=seen.device_id, address=seen.address, data=data)


STALE_S = 300


def _stale(before: Seen, seen: Seen) -> bool:
    """Say whether the time of the last answer is worth writing down again."""
    if seen.answered_at is None or before.answered_at is None:
        return seen.answered_at is not before.answered_at
    return _seconds(before.answered_at, seen.answered_at) > STALE_S


def _seconds(before: datetime, after: datetime) -> float:
    return (after - before).total_seconds()
