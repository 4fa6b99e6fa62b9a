"""The chain: each line carries a hash over itself and the line before. Pure.

What it shows: a line changed, inserted, moved or removed, at the end too (the head row knows how
many there are). What it cannot show: somebody who may write the database and rewrites the whole
chain from a line on. Against that, note count and head hash of `verify` somewhere else.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any

GENESIS = "0" * 64  # prev_hash of the first line


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What one line says: `actor` at `address` asked for `action` on `subject`, with `outcome`.

    `count` > 1: the same, that often in a moment; `at` and `data` are those of the first time.
    """

    at: datetime
    actor: str  # name of a token, "machine", "ktizo" (by itself) or "anonymous"
    action: str  # e.g. devices.approve, boot.menu
    subject: str  # e.g. device 7, 52:54:00:aa:bb:cc, token 3
    outcome: str  # "ok", the rule that decided, or the code of the error
    address: str | None = None
    data: dict[str, Any] = field(default_factory=dict)
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Line(Entry):
    """An entry in its place; ids run from 1 without a gap."""

    id: int
    prev_hash: str
    hash: str


@dataclass(frozen=True, slots=True)
class Head:
    """Where the chain ends: how many lines, and the hash of the last."""

    count: int = 0
    hash: str = GENESIS


_SAID = tuple(f.name for f in fields(Entry))


def digest(entry: Entry, id_: int, prev_hash: str) -> str:
    """Return the SHA-256 of `entry` as line `id_` after `prev_hash`, in hex.

    Hashed is JSON with sorted keys, no spaces, ASCII only, and the time in UTC with microseconds,
    so that the same line gives the same hash whatever database it was read from.
    """
    said = {name: getattr(entry, name) for name in _SAID}
    said["at"] = entry.at.astimezone(UTC).isoformat(timespec="microseconds")
    said |= {"id": id_, "prev_hash": prev_hash}
    text = json.dumps(said, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def link(entry: Entry, head: Head) -> Line:
    """Return `entry` as the line after `head`."""
    id_ = head.count + 1
    said = {name: getattr(entry, name) for name in _SAID}
    return Line(**said, id=id_, prev_hash=head.hash, hash=digest(entry, id_, prev_hash=head.hash))


def after(line: Line) -> Head:
    """Return the head of a chain that ends with `line`."""
    return Head(line.id, line.hash)


def verify(lines: Iterable[Line], start: Head = Head()) -> int | None:
    """Return the id of the first line that is wrong or missing, None when all follow `start`."""
    head = start
    for line in lines:
        if line.id != head.count + 1:
            return head.count + 1
        if line.prev_hash != head.hash or line.hash != digest(line, line.id, line.prev_hash):
            return line.id
        head = after(line)
    return None
