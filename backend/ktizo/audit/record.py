"""Writing a line: for machines through the batching writer, for people in their own transaction."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ktizo.audit import store
from ktizo.audit.chain import Entry, Line
from ktizo.core.db import WriteSession
from ktizo.core.writer import Writer

__all__ = ["AuditSink", "Entry", "append", "record"]

DATA_MAX = 4096  # characters of JSON
LONGEST = {"actor": 120, "address": 45, "action": 80, "subject": 200, "outcome": 80}


class AuditSink:
    """Where the writer puts the answers given to machines."""

    name = "audit"
    rank = 2

    def merge(self, old: Entry, new: Entry) -> Entry:
        """Fold a repetition into the first one."""
        return replace(old, count=old.count + new.count)

    async def write(self, session: Any, items: Sequence[Entry]) -> None:
        """Add a batch to the chain."""
        await store.append(session, [storable(entry) for entry in items])

    def after_commit(self, items: Sequence[Entry]) -> None:
        """Nobody waits for audit lines."""


SINK = AuditSink()


def record(writer: Writer, entry: Entry) -> None:
    """Note what a machine was told. Never blocks and never raises.

    The same answer again before the next flush raises the first one's count instead.
    """
    key = (entry.actor, entry.address, entry.action, entry.subject, entry.outcome)
    writer.put(SINK, key, entry)


async def append(session: WriteSession, entry: Entry) -> Line:
    """Note what a person changed, in the transaction of that change: both happen or neither.

    Call it last in a rule: from here to the commit nobody else can add to the chain, and on
    PostgreSQL rows locked after it could wait for somebody who waits for the chain.
    """
    return (await store.append(session, [storable(entry)]))[0]


def storable(entry: Entry) -> Entry:
    """Return `entry` as every database takes it, and gives it back unchanged.

    PostgreSQL refuses NUL and text longer than its column; both refuse half of a UTF-16 pair.
    """
    changed: dict[str, Any] = {}
    for name, longest in LONGEST.items():
        text = getattr(entry, name)
        if text is not None and not (
            text.isascii() and text.isprintable() and len(text) <= longest
        ):
            changed[name] = text.encode(errors="replace").decode().replace("\0", "")[:longest]
    if entry.data:
        changed["data"] = _plain(entry.data)
    return replace(entry, **changed) if changed else entry


def _plain(data: dict[str, Any]) -> dict[str, Any]:
    try:
        text = json.dumps(data, default=str, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return {"unreadable": type(data).__name__}
    plain: dict[str, Any] = json.loads(text) if len(text) <= DATA_MAX else {"too_long": text[:200]}
    return plain
