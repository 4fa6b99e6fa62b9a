"""Signing in with name and password.

Whoever is refused hears the same words after the same work, whether nobody has that name, the
password is another one, or the person may not come in.
"""

from dataclasses import dataclass

from ktizo.accounts.people import store as people
from ktizo.accounts.people.passwords import Passwords
from ktizo.accounts.people.person import NoPasswordHere, PasswordRefused, Person
from ktizo.accounts.sessions.session import SignedIn
from ktizo.accounts.sessions.start import Visitor, start
from ktizo.accounts.throttle import SignInTries
from ktizo.audit.record import Entry, record
from ktizo.core.clock import utc_now
from ktizo.core.db import Database
from ktizo.core.errors import Unauthenticated
from ktizo.core.writer import Writer


class SignInRefused(Unauthenticated):
    """Name and password do not belong together, or the person may not come in."""


@dataclass(frozen=True)
class Lobby:
    """What signing in needs. A database, no session: hashing takes long."""

    db: Database
    writer: Writer
    passwords: Passwords
    tries: SignInTries


async def sign_in(lobby: Lobby, name: str, password: str, visitor: Visitor) -> SignedIn:
    """Start a session; raises SignInRefused or TooManyTries."""
    await lobby.tries.take(visitor.address, name)
    async with lobby.db.read() as session:
        found = await people.named(session, name)
    person, stored = found or (None, None)
    fits = await lobby.passwords.fits(password, stored)
    if person is None or stored is None or not fits or person.disabled:
        raise _refused(lobby, person, visitor)
    better = await lobby.passwords.hash(password) if lobby.passwords.outdated(stored) else None
    async with lobby.db.write() as session:
        now = await people.named(session, name)  # hashing took a while, and much can happen
        if now is None or now[0].id != person.id or now[0].disabled or now[1] != stored:
            raise _refused(lobby, person, visitor)
        if better is not None:
            await people.change(session, person.id, password_hash=better)
        signed_in = await start(session, now[0], visitor, "password")
    await lobby.tries.give_back(visitor.address, name)
    return signed_in


def _refused(lobby: Lobby, person: Person | None, visitor: Visitor) -> SignInRefused:
    # Not the name that was typed: people type their password there.
    entry = Entry(
        at=utc_now(),
        actor="anonymous",
        address=visitor.address,
        action="sessions.start",
        subject=f"person {person.id}" if person else "an unknown name",
        outcome=SignInRefused.code,
    )
    record(lobby.writer, entry)
    return SignInRefused("name and password do not belong together")


async def checked_password(lobby: Lobby, person_id: int, given: str, address: str) -> str:
    """Return the stored hash that `given` fits; raises PasswordRefused or TooManyTries.

    Counted like a sign-in: who found an open browser must not try passwords there.
    """
    async with lobby.db.read() as session:
        person = await people.get(session, person_id)
        stored = await people.password_hash(session, person_id)
    if stored is None:
        raise NoPasswordHere(f"{person.name} signs in elsewhere and has no password here")
    await lobby.tries.take(address, person.name)
    if not await lobby.passwords.fits(given, stored):
        entry = Entry(
            at=utc_now(),
            actor=person.name,
            address=address,
            action="people.password",
            subject=f"person {person.id}",
            outcome=PasswordRefused.code,
        )
        record(lobby.writer, entry)
        raise PasswordRefused("the current password is another one")
    await lobby.tries.give_back(address, person.name)
    return stored
