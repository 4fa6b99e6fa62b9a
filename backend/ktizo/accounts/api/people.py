"""`/api/v1/people`: for administrators, and one's own password."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, status

from ktizo.accounts.api.door import CallerAddress, CurrentActor, lobby_of, needs_admin
from ktizo.accounts.people import change as rules
from ktizo.accounts.people import store
from ktizo.accounts.people.create import create
from ktizo.accounts.people.person import NoPasswordHere, Person
from ktizo.accounts.schemas import PasswordChange, PeopleList, PersonChange, PersonIn
from ktizo.accounts.sessions.signin import checked_password
from ktizo.accounts.sessions.start import end_all
from ktizo.core.db import ReadSession, WriteSession

router = APIRouter(prefix="/people")
admins = APIRouter(prefix="/people", dependencies=[Depends(needs_admin)])
PersonId = Annotated[int, Path(ge=1, lt=2**31)]


@router.put("/me/password", status_code=status.HTTP_204_NO_CONTENT)
async def change_password(
    request: Request, actor: CurrentActor, address: CallerAddress, wish: PasswordChange
) -> None:
    """Give oneself another password; one's other sessions end."""
    if actor.kind != "person":
        raise NoPasswordHere("a token has no password; sign in")
    lobby = lobby_of(request)
    current, new = wish.current.get_secret_value(), wish.new.get_secret_value()
    checked = await checked_password(lobby, actor.id, current, address)
    password_hash = await lobby.passwords.hash(new)
    async with lobby.db.write() as session:
        await rules.change_own_password(
            session, actor, address, checked=checked, password_hash=password_hash
        )


@admins.get("")
async def list_people(session: ReadSession) -> PeopleList:
    """Return everybody."""
    return PeopleList(people=await store.every(session))


@admins.post("", status_code=status.HTTP_201_CREATED)
async def create_person(
    request: Request, actor: CurrentActor, address: CallerAddress, wish: PersonIn
) -> Person:
    """Let somebody in, with a first password to be told in person."""
    # Hashed before the transaction: nobody should wait to write meanwhile.
    password_hash = await lobby_of(request).passwords.hash(wish.password.get_secret_value())
    async with request.app.state.db.write() as session:
        return await create(session, wish.name, wish.role, password_hash, actor, address)


@admins.patch("/{person_id}")
async def change_person(
    request: Request,
    actor: CurrentActor,
    address: CallerAddress,
    person_id: PersonId,
    wish: PersonChange,
) -> Person:
    """Change somebody's role or password, or shut somebody out; it holds at once."""
    given = wish.password
    password_hash = (
        await lobby_of(request).passwords.hash(given.get_secret_value()) if given else None
    )
    async with request.app.state.db.write() as session:
        return await rules.change(
            session,
            person_id,
            actor,
            address,
            role=wish.role,
            disabled=wish.disabled,
            password_hash=password_hash,
        )


@admins.delete("/{person_id}", status_code=status.HTTP_204_NO_CONTENT)
async def delete_person(
    session: WriteSession, actor: CurrentActor, address: CallerAddress, person_id: PersonId
) -> None:
    """Forget somebody; the audit keeps the name."""
    await rules.delete(session, person_id, actor, address)


@admins.delete("/{person_id}/sessions", status_code=status.HTTP_204_NO_CONTENT)
async def end_sessions_of(
    session: WriteSession, actor: CurrentActor, address: CallerAddress, person_id: PersonId
) -> None:
    """Sign somebody out everywhere."""
    await end_all(session, await store.get(session, person_id), actor, address)
