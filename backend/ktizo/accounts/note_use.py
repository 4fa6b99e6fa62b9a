"""When a token was last used, or a session seen.

Told to the batching writer, at most once a minute each.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ktizo.accounts import store
from ktizo.accounts.sessions import store as sessions
from ktizo.accounts.sessions.session import Session
from ktizo.accounts.tokens import Token
from ktizo.core.writer import Writer


@dataclass(frozen=True, slots=True)
class Use:
    """A token was used, or a session seen; `id` is its number."""

    id: int
    at: datetime


class UseSink:
    """Where the writer puts uses."""

    name = "token uses"
    rank = 0

    def merge(self, old: Use, new: Use) -> Use:
        """Keep the later one."""
        return max(old, new, key=lambda use: use.at)

    async def write(self, session: Any, items: Sequence[Use]) -> None:
        """Store a batch, in the order of ids so that two writers never wait for each other."""
        for use in sorted(items, key=lambda use: use.id):
            await store.note_use(session, use.id, use.at)

    def after_commit(self, items: Sequence[Use]) -> None:
        """Nobody waits for it."""


class SeenSink(UseSink):
    """Where the writer puts what sessions do."""

    name = "sessions seen"

    async def write(self, session: Any, items: Sequence[Use]) -> None:
        """Store a batch, in the order of ids."""
        for seen in sorted(items, key=lambda seen: seen.id):
            await sessions.note_seen(session, seen.id, seen.at)


SINK = UseSink()
SEEN = SeenSink()


def note_use(writer: Writer, token: Token, now: datetime) -> None:
    """Note that `token` was used, unless that was noted less than a minute ago."""
    if token.use_is_worth_noting(now):
        writer.put(SINK, token.id, Use(token.id, now))


def note_seen(writer: Writer, session: Session, now: datetime) -> None:
    """Note that `session` was seen, unless that was noted less than a minute ago."""
    if session.worth_noting(now):
        writer.put(SEEN, session.id, Use(session.id, now))
