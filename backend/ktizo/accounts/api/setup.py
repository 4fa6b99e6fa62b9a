"""`/api/v1/setup`: the first administrator, by a link that works once."""

from fastapi import APIRouter, Depends, Request, Response, status

from ktizo.accounts.api.door import (
    CallerAddress,
    CurrentActor,
    give_cookie,
    lobby_of,
    needs_admin,
    note_refusal,
    visitor_of,
)
from ktizo.accounts.api.sessions import refuse_elsewhere, view
from ktizo.accounts.schemas import SessionView, SetUp, SetupLinkIn, SetupLinkOut
from ktizo.accounts.sessions.start import start
from ktizo.accounts.setup import begin
from ktizo.accounts.setup.link import AlreadySetUp, SetupLinkRefused, address, base_of
from ktizo.core.clock import utc_now
from ktizo.core.db import WriteSession

open_router = APIRouter()
router = APIRouter()
TRIED = "set-up link"  # stands for a name where tries are counted


@open_router.post("/setup")
async def set_up(
    request: Request, response: Response, caller: CallerAddress, wish: SetUp
) -> SessionView:
    """Make an administrator by a set-up link, and sign in."""
    refuse_elsewhere(request, caller)
    lobby = lobby_of(request)
    await lobby.tries.take(caller, TRIED)
    try:
        async with lobby.db.read() as session:
            await begin.look_at(session, wish.token, utc_now())
    except (SetupLinkRefused, AlreadySetUp) as error:
        note_refusal(request, "anonymous", caller, error)
        raise
    await lobby.tries.give_back(caller, TRIED)
    password_hash = await lobby.passwords.hash(wish.password.get_secret_value())
    async with lobby.db.write() as session:
        person = await begin.use(session, wish.token, wish.name, password_hash, caller)
        found = await start(session, person, visitor_of(request), "set-up link")
    give_cookie(request, response, found)
    return await view(request, found)


@router.post(
    "/setup-link", status_code=status.HTTP_201_CREATED, dependencies=[Depends(needs_admin)]
)
async def make_link(
    request: Request,
    response: Response,
    session: WriteSession,
    actor: CurrentActor,
    caller: CallerAddress,
    wish: SetupLinkIn,
) -> SetupLinkOut:
    """Make a fresh set-up link, shown only here; the older one dies."""
    response.headers["Cache-Control"] = "no-store"
    secret, made = await begin.new_link(session, actor, caller, recover=wish.recover)
    settings = request.app.state.settings
    base = base_of(settings.host, settings.port, settings.base_url)
    return SetupLinkOut(url=address(base, secret), expires_at=made.expires_at)
