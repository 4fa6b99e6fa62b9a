"""Changing what somebody may do, and taking somebody away."""

from typing import Any

from ktizo.accounts.actor import ADMIN, Actor, Role
from ktizo.accounts.people import store
from ktizo.accounts.people.person import LastAdmin, NoPasswordHere, PasswordRefused, Person
from ktizo.accounts.sessions import store as sessions
from ktizo.audit.record import Entry, append
from ktizo.core.clock import utc_now
from ktizo.core.db import WriteSession


async def change(
    session: WriteSession,
    person_id: int,
    by: Actor,
    address: str,
    *,
    role: Role | None,
    disabled: bool | None,
    password_hash: str | None,
) -> Person:
    """Change role, password, or whether the person may come in; what is None stays.

    Role and `disabled` hold from the next request on. A password that somebody else sets, and being
    disabled, end the person's sessions.
    """
    before = await store.get(session, person_id)
    wanted: dict[str, Any] = {}
    if role is not None and role != before.role:
        wanted["role"] = role
    if disabled is not None and disabled != before.disabled:
        wanted["disabled"] = disabled
    if before.role == ADMIN and (wanted.get("role") or wanted.get("disabled")):
        await _keep_one_admin(session, before)
    said = {"before": {name: getattr(before, name) for name in wanted}, "after": dict(wanted)}
    if password_hash is not None:
        if before.source != "password":
            raise NoPasswordHere(f"{before.name} signs in elsewhere and has no password here")
        wanted["password_hash"] = password_hash
        said["after"] |= {"password": "changed"}
    if not wanted:
        return before
    await store.change(session, person_id, **wanted)
    if wanted.get("disabled") or password_hash is not None:
        said["sessions_ended"] = {"count": await sessions.end_all(session, person_id)}
    await _note(session, by, address, "people.change", before, said)
    return await store.get(session, person_id)


async def change_own_password(
    session: WriteSession, by: Actor, address: str, *, checked: str, password_hash: str
) -> None:
    """Give who asks another password; every other session of that person ends.

    `checked`: the stored hash the present password was found to fit, outside of this transaction.
    """
    person = await store.get(session, by.id)
    if await store.password_hash(session, by.id) != checked:
        raise PasswordRefused("the password was changed a moment ago; try again")
    await store.change(session, by.id, password_hash=password_hash)
    ended = await sessions.end_all(session, by.id, but=by.session_id)
    said = {"after": {"password": "changed"}, "sessions_ended": {"count": ended}}
    await _note(session, by, address, "people.password", person, said)


async def delete(session: WriteSession, person_id: int, by: Actor, address: str) -> None:
    """Forget a person; the audit keeps the name."""
    person = await store.get(session, person_id)
    if person.role == ADMIN:
        await _keep_one_admin(session, person)
    await sessions.end_all(session, person_id)
    await store.delete(session, person_id)
    said = {"before": {"name": person.name, "role": person.role, "disabled": person.disabled}}
    await _note(session, by, address, "people.delete", person, said)


async def _keep_one_admin(session: WriteSession, person: Person) -> None:
    if not person.disabled and not await store.other_admins(session, person.id):
        raise LastAdmin(f"{person.name} is the last administrator who may sign in; name one first")


async def _note(
    session: WriteSession,
    by: Actor,
    address: str,
    action: str,
    person: Person,
    said: dict[str, Any],
) -> None:
    entry = Entry(
        at=utc_now(),
        actor=by.name,
        address=address,
        action=action,
        subject=f"person {person.id}",
        outcome="ok",
        data={"name": person.name, **said},
    )
    await append(session, entry)
