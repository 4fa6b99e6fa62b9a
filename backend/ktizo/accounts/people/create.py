"""Letting somebody in."""

from ktizo.accounts import store as tokens
from ktizo.accounts.actor import Actor, Role
from ktizo.accounts.people import store
from ktizo.accounts.people.person import NameTaken, Person, key, refuse_reserved
from ktizo.audit.record import Entry, append
from ktizo.core.clock import utc_now
from ktizo.core.db import AsyncSession, WriteSession


async def refuse_taken(session: AsyncSession, name: str) -> None:
    """Raise NameTaken when a token has the name: the audit could not tell the two apart."""
    if any(key(token.name) == key(name) for token in await tokens.every(session)):
        raise NameTaken(f"a token is called {name!r}; take another name")


async def create(
    session: WriteSession, name: str, role: Role, password_hash: str, by: Actor, address: str
) -> Person:
    """Make a person who signs in with a password."""
    refuse_reserved(name)
    await refuse_taken(session, name)
    now = utc_now()
    person = await store.add(session, name, role, now, password_hash=password_hash)
    entry = Entry(
        at=now,
        actor=by.name,
        address=address,
        action="people.create",
        subject=f"person {person.id}",
        outcome="ok",
        data={"after": {"name": name, "role": role}},
    )
    await append(session, entry)
    return person
