"""Signing in and out."""

from dataclasses import dataclass
from typing import Any

from ktizo.accounts.actor import Actor
from ktizo.accounts.people import store as people
from ktizo.accounts.people.person import Person
from ktizo.accounts.sessions import session as secret
from ktizo.accounts.sessions import store
from ktizo.accounts.sessions.session import AGENT_MAX, SignedIn
from ktizo.audit.record import Entry, append
from ktizo.core.clock import utc_now
from ktizo.core.db import WriteSession


@dataclass(frozen=True, slots=True)
class Visitor:
    """Where a sign-in comes from. `cookie`: what the browser held before, ours or not."""

    address: str
    user_agent: str = ""
    cookie: str = ""


async def start(session: WriteSession, person: Person, visitor: Visitor, by: str) -> SignedIn:
    """Sign `person` in with a secret nobody knew before; the browser's older session ends.

    A cookie somebody planted is never taken over: that would be session fixation.
    """
    now = utc_now()
    await store.prune(session, now)
    if secret.looks_right(visitor.cookie):
        old = await store.by_hash(session, secret.digest(visitor.cookie))
        if old is not None:
            await store.end(session, old[0].id)
    made = secret.make()
    agent = "".join(c if c.isprintable() else "?" for c in visitor.user_agent[:AGENT_MAX])
    begun = await store.add(
        session,
        secret.digest(made),
        person.id,
        now,
        address=visitor.address,
        user_agent=agent,
    )
    await people.change(session, person.id, last_sign_in_at=now)
    await _note(session, person.name, visitor.address, "sessions.start", begun.id, {"by": by})
    return SignedIn(begun, person, made)


async def end(session: WriteSession, by: Actor, address: str) -> None:
    """End the session that asks; a token has none."""
    if by.session_id is not None:
        await store.end(session, by.session_id)
        await _note(session, by.name, address, "sessions.end", by.session_id, {})


async def end_all(session: WriteSession, person: Person, by: Actor, address: str) -> None:
    """End every session of `person`, the one that asks too."""
    ended = await store.end_all(session, person.id)
    entry = Entry(
        at=utc_now(),
        actor=by.name,
        address=address,
        action="sessions.end_all",
        subject=f"person {person.id}",
        outcome="ok",
        data={"name": person.name, "count": ended},
    )
    await append(session, entry)


async def _note(
    session: WriteSession,
    name: str,
    address: str,
    action: str,
    session_id: int,
    data: dict[str, Any],
) -> None:
    entry = Entry(
        at=utc_now(),
        actor=name,
        address=address,
        action=action,
        subject=f"session {session_id}",
        outcome="ok",
        data=data,
    )
    await append(session, entry)
