"""`/api/v1/session` and `/api/v1/sessions`: signing in and out, and where one is signed in."""

from fastapi import APIRouter, Request, Response, status

from ktizo import __version__
from ktizo.accounts.api.door import (
    CallerAddress,
    CurrentActor,
    give_cookie,
    lobby_of,
    note_refusal,
    own_origin,
    signed_in,
    take_cookie,
    visitor_of,
)
from ktizo.accounts.oidc.provider import LOGIN
from ktizo.accounts.people import store as people
from ktizo.accounts.schemas import (
    Me,
    OidcWay,
    SessionList,
    SessionOut,
    SessionView,
    SignIn,
    Ways,
    WhoAmI,
)
from ktizo.accounts.sessions import start, store
from ktizo.accounts.sessions.origin import OriginRefused, refuse_foreign
from ktizo.accounts.sessions.session import SignedIn
from ktizo.accounts.sessions.signin import sign_in
from ktizo.core.clock import utc_now
from ktizo.core.db import ReadSession, WriteSession

open_router = APIRouter()
router = APIRouter()


async def view(request: Request, found: SignedIn | None) -> SessionView:
    """Return what a page needs to know before it draws anything."""
    settings = request.app.state.settings
    oidc = settings.oidc_issuer is not None
    if found is None:
        async with request.app.state.db.read() as session:
            setup_needed = not await people.anybody(session)
    person = found and found.person
    return SessionView(
        signed_in=found is not None,
        person=Me.model_validate(person, from_attributes=True) if person else None,
        csrf_token=found.csrf_token if found else None,
        setup_needed=found is None and setup_needed,
        sign_in=Ways(
            password=True, oidc=OidcWay(name=settings.oidc_name, url=LOGIN) if oidc else None
        ),
        version=__version__,
    )


def refuse_elsewhere(request: Request, address: str) -> None:
    """Refuse a sign-in that another site's page sends, with its line in the audit."""
    try:
        refuse_foreign(request.headers, own_origin(request))
    except OriginRefused as error:
        note_refusal(request, "anonymous", address, error)
        raise


@open_router.get("/session")
async def show_session(request: Request, response: Response) -> SessionView:
    """Say who is signed in, or how to; open, and the same for every stranger."""
    response.headers["Cache-Control"] = "no-store"
    return await view(request, await signed_in(request))


@open_router.post("/session")
async def begin_session(
    request: Request, response: Response, address: CallerAddress, given: SignIn
) -> SessionView:
    """Sign in with name and password; the answer sets the cookie."""
    refuse_elsewhere(request, address)
    password = given.password.get_secret_value()
    found = await sign_in(lobby_of(request), given.name, password, visitor_of(request))
    give_cookie(request, response, found)
    return await view(request, found)


@router.delete("/session", status_code=status.HTTP_204_NO_CONTENT)
async def end_session(
    request: Request,
    response: Response,
    session: WriteSession,
    actor: CurrentActor,
    address: CallerAddress,
) -> None:
    """Sign out here."""
    await start.end(session, actor, address)
    take_cookie(request, response)


@router.get("/sessions")
async def list_sessions(session: ReadSession, actor: CurrentActor) -> SessionList:
    """Return where one is signed in; a token is nowhere."""
    found = await store.of_person(session, actor.id) if actor.kind == "person" else []
    now = utc_now()
    shown = [SessionOut.of(one, actor.session_id) for one in found if one.valid(now)]
    return SessionList(sessions=shown)


@router.delete("/sessions", status_code=status.HTTP_204_NO_CONTENT)
async def end_sessions(
    request: Request,
    response: Response,
    session: WriteSession,
    actor: CurrentActor,
    address: CallerAddress,
) -> None:
    """Sign out everywhere, here too."""
    if actor.kind == "person":
        person = await people.get(session, actor.id)
        await start.end_all(session, person, actor, address)
        take_cookie(request, response)


@router.get("/whoami")
async def whoami(actor: CurrentActor) -> WhoAmI:
    """Say who is asking."""
    return WhoAmI(name=actor.name, role=actor.role, kind=actor.kind, id=actor.id)
