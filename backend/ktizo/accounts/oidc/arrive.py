"""Somebody comes back from the provider: known, new, or not wanted."""

from collections.abc import Mapping
from typing import Any

from ktizo.accounts import store as tokens
from ktizo.accounts.actor import Role
from ktizo.accounts.oidc.flight import subject
from ktizo.accounts.oidc.role import NAME_MAX, RoleMap, name_of
from ktizo.accounts.people import store
from ktizo.accounts.people.person import CLI, RESERVED, Person, key
from ktizo.accounts.sessions.session import SignedIn
from ktizo.accounts.sessions.start import Visitor, start
from ktizo.audit.record import Entry, append
from ktizo.core.clock import utc_now
from ktizo.core.db import WriteSession
from ktizo.core.errors import Forbidden

BY = "oidc"


class OidcPersonDisabled(Forbidden):
    """An administrator shut this person out here, whatever the provider says."""


async def arrive(
    session: WriteSession, claims: Mapping[str, Any], roles: RoleMap, visitor: Visitor
) -> SignedIn:
    """Sign in who the provider vouches for; somebody new becomes a person.

    People are told apart by issuer and subject only: a provider's user called like a person with a
    password here is somebody else.
    """
    mark = subject(claims["iss"], claims["sub"])
    person = await store.by_subject(session, mark)
    if person is None:
        person = await _welcome(session, claims, roles.role(claims, None), mark, visitor)
    else:
        person = await _again(session, person, claims, roles, visitor)
    return await start(session, person, visitor, BY)


async def _welcome(
    session: WriteSession, claims: Mapping[str, Any], role: Role, mark: str, visitor: Visitor
) -> Person:
    now = utc_now()
    name = await _free_name(session, name_of(claims), mark)
    person = await store.add(session, name, role, now, subject=mark)
    entry = Entry(
        at=now,
        actor=name,
        address=visitor.address,
        action="people.create",
        subject=f"person {person.id}",
        outcome="ok",
        data={"after": {"name": name, "role": role}, "by": BY, "issuer": claims["iss"]},
    )
    await append(session, entry)
    return person


async def _again(
    session: WriteSession,
    person: Person,
    claims: Mapping[str, Any],
    roles: RoleMap,
    visitor: Visitor,
) -> Person:
    if person.disabled:
        raise OidcPersonDisabled(f"{person.name} may not come in")
    role = roles.role(claims, person.role)
    if role == person.role:
        return person
    await store.change(session, person.id, role=role)
    entry = Entry(
        at=utc_now(),
        actor=person.name,
        address=visitor.address,
        action="people.change",
        subject=f"person {person.id}",
        outcome="ok",
        data={"before": {"role": person.role}, "after": {"role": role}, "by": BY},
    )
    await append(session, entry)
    return await store.get(session, person.id)


async def _free_name(session: WriteSession, name: str, mark: str) -> str:
    """Return `name`, or one like it that neither a person, a token nor Ktizo itself has."""
    taken = {key(one.name) for one in await store.every(session)} | RESERVED
    taken |= {key(token.name) for token in await tokens.every(session)}
    for tail in ("", " (oidc)", f" (oidc {mark[:8]})"):
        found = name[: NAME_MAX - len(tail)].rstrip() + tail
        if key(found) not in taken and not key(found).startswith(CLI):
            return found
    return f"oidc {mark[:32]}"
