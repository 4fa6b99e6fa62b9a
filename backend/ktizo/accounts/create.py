"""Giving somebody a token."""

from datetime import UTC, datetime, timedelta

from ktizo.accounts import store, tokens
from ktizo.accounts.schemas import TokenIn
from ktizo.accounts.tokens import Actor, Token
from ktizo.audit.record import Entry, append
from ktizo.core.clock import utc_now
from ktizo.core.db import WriteSession
from ktizo.core.errors import Invalid

# In the audit these are not people, and `ktizo serve` looks after its CLI's tokens by name.
RESERVED = {"administrator", "anonymous", "ktizo", "machine"}
CLI = "cli@"
LONGEST = timedelta(days=36_525)


class ExpiryUnusable(Invalid):
    """A token that would be worthless at once, or whose end no calendar holds."""


class NameReserved(Invalid):
    """The audit could not tell this token from Ktizo itself."""


async def create(
    session: WriteSession, wish: TokenIn, by: Actor, address: str
) -> tuple[str, Token]:
    """Make a token for `wish`; returns what to show once, and what is stored."""
    now = utc_now()
    if wish.name.lower() in RESERVED or wish.name.startswith(CLI):
        raise NameReserved(f"{wish.name!r} is a name Ktizo uses itself; take another")
    if wish.expires_at is not None and not timedelta() < wish.expires_at - now < LONGEST:
        raise ExpiryUnusable(
            "expires_at must lie ahead, within 100 years; leave it out for a token without end"
        )
    expires_at = wish.expires_at and wish.expires_at.astimezone(UTC)
    return await make(
        session, wish.name, now, actor=by.name, address=address, expires_at=expires_at
    )


async def make(
    session: WriteSession,
    name: str,
    now: datetime,
    *,
    actor: str = "ktizo",
    address: str | None = None,
    expires_at: datetime | None = None,
) -> tuple[str, Token]:
    """Make and store a token, with its line in the audit."""
    token = tokens.make()
    made = await store.add(
        session, tokens.digest(token), name=name, scope="admin", now=now, expires_at=expires_at
    )
    entry = Entry(
        at=now,
        actor=actor,
        address=address,
        action="tokens.create",
        subject=f"token {made.id}",
        outcome="ok",
        data={"name": name},
    )
    await append(session, entry)
    return token, made
