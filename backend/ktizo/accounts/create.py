"""Giving somebody a token."""

from datetime import UTC, datetime, timedelta

from ktizo.accounts import store, tokens
from ktizo.accounts.actor import ADMIN, Role
from ktizo.accounts.people import store as people
from ktizo.accounts.people.person import CLI, NameTaken, refuse_reserved
from ktizo.accounts.schemas import TokenIn
from ktizo.accounts.tokens import Actor, Token
from ktizo.audit.record import Entry, append
from ktizo.core.clock import utc_now
from ktizo.core.db import WriteSession
from ktizo.core.errors import Invalid

__all__ = ["CLI", "create", "make"]

LONGEST = timedelta(days=36_525)


class ExpiryUnusable(Invalid):
    """A token that would be worthless at once, or whose end no calendar holds."""


async def create(
    session: WriteSession, wish: TokenIn, by: Actor, address: str
) -> tuple[str, Token]:
    """Make a token for `wish`; returns what to show once, and what is stored."""
    now = utc_now()
    refuse_reserved(wish.name)
    if await people.named(session, wish.name) is not None:
        raise NameTaken(f"a person is called {wish.name!r}; take another name for the token")
    if wish.expires_at is not None and not timedelta() < wish.expires_at - now < LONGEST:
        raise ExpiryUnusable(
            "expires_at must lie ahead, within 100 years; leave it out for a token without end"
        )
    return await make(
        session,
        wish.name,
        now,
        actor=by.name,
        address=address,
        scope=wish.scope,
        expires_at=wish.expires_at and wish.expires_at.astimezone(UTC),
    )


async def make(
    session: WriteSession,
    name: str,
    now: datetime,
    *,
    actor: str = "ktizo",
    address: str | None = None,
    scope: Role = ADMIN,
    expires_at: datetime | None = None,
) -> tuple[str, Token]:
    """Make and store a token, with its line in the audit."""
    token = tokens.make()
    made = await store.add(
        session, tokens.digest(token), name=name, scope=scope, now=now, expires_at=expires_at
    )
    until = expires_at and expires_at.isoformat()
    entry = Entry(
        at=now,
        actor=actor,
        address=address,
        action="tokens.create",
        subject=f"token {made.id}",
        outcome="ok",
        data={"name": name, "after": {"scope": scope, "expires_at": until}},
    )
    await append(session, entry)
    return token, made
