"""Making the set-up link, and using it."""

from datetime import datetime

from ktizo.accounts.actor import ADMIN, Actor
from ktizo.accounts.people import store as people
from ktizo.accounts.people.create import refuse_taken
from ktizo.accounts.people.person import Person, refuse_reserved
from ktizo.accounts.setup import link, store
from ktizo.accounts.setup.link import VALID_FOR, AlreadySetUp, Link, SetupLinkRefused
from ktizo.audit.record import Entry, append
from ktizo.core.clock import utc_now
from ktizo.core.db import AsyncSession, WriteSession


async def first_link(session: WriteSession) -> str | None:
    """Return a fresh link's secret when nobody can sign in yet and none is out, else None.

    So a restart does not print a second one; `ktizo setup-link` does.
    """
    now = utc_now()
    if await people.anybody(session) or await store.any_valid(session, now):
        return None
    return await _make(session, now, recover=False, actor="ktizo", address=None)


async def new_link(
    session: WriteSession, by: Actor, address: str, *, recover: bool
) -> tuple[str, Link]:
    """Return a fresh link's secret; the older one dies. Raises AlreadySetUp without `recover`."""
    now = utc_now()
    if not recover and await people.anybody(session):
        raise AlreadySetUp(
            "people can sign in already; a link that adds one more administrator: "
            "ktizo setup-link --recover"
        )
    secret = await _make(session, now, recover=recover, actor=by.name, address=address)
    return secret, Link(recover, now + VALID_FOR)


async def _make(
    session: WriteSession, now: datetime, *, recover: bool, actor: str, address: str | None
) -> str:
    secret = link.make()
    await store.put(session, link.digest(secret), Link(recover, now + VALID_FOR))
    entry = Entry(
        at=now,
        actor=actor,
        address=address,
        action="setup.link",
        subject="set-up link",
        outcome="ok",
        data={"recover": recover, "expires_at": (now + VALID_FOR).isoformat()},
    )
    await append(session, entry)
    return secret


async def look_at(session: AsyncSession, secret: str, now: datetime) -> Link:
    """Return the link; raises SetupLinkRefused, or AlreadySetUp."""
    found = await store.find(session, link.digest(secret)) if link.looks_right(secret) else None
    if found is None or not found.valid(now):
        raise SetupLinkRefused(
            "this set-up link is not valid: used, replaced, or older than a day; "
            "`ktizo setup-link` on the box prints a fresh one"
        )
    if not found.recover and await people.anybody(session):
        raise AlreadySetUp("people can sign in already; this link is of no use any more")
    return found


async def use(
    session: WriteSession, secret: str, name: str, password_hash: str, address: str
) -> Person:
    """Make an administrator out of who holds the link. It works once."""
    now = utc_now()
    found = await look_at(session, secret, now)
    refuse_reserved(name)
    await refuse_taken(session, name)
    await store.drop(session)
    person = await people.add(session, name, ADMIN, now, password_hash=password_hash)
    entry = Entry(
        at=now,
        actor=name,
        address=address,
        action="people.create",
        subject=f"person {person.id}",
        outcome="ok",
        data={
            "after": {"name": name, "role": ADMIN},
            "by": "set-up link",
            "recover": found.recover,
        },
    )
    await append(session, entry)
    return person
