"""Who is asking, and may they? From the headers alone, before a body is read."""

import re
from functools import partial
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request, Response
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer

from ktizo.accounts import store, tokens
from ktizo.accounts.actor import ADMIN, OPERATOR, Actor, Role, RoleMissing, needed
from ktizo.accounts.note_use import note_seen, note_use
from ktizo.accounts.people.passwords import Passwords
from ktizo.accounts.sessions import session as secret
from ktizo.accounts.sessions import store as sessions
from ktizo.accounts.sessions.origin import SAFE, CsrfRefused, OriginRefused, refuse_forged
from ktizo.accounts.sessions.session import LONGEST, SessionEnded, SignedIn
from ktizo.accounts.sessions.signin import Lobby
from ktizo.accounts.sessions.start import Visitor
from ktizo.accounts.throttle import (
    FailedTries,
    SignInTries,
    TokenMissing,
    TokenRefused,
    TooManyFailedTries,
)
from ktizo.audit.record import Entry, record
from ktizo.core.clock import utc_now
from ktizo.core.errors import BadRequest, KtizoError
from ktizo.core.gate import client_address, said_by_proxy

# Looser than a setting would be: names on a LAN have underscores too.
ORIGIN = re.compile(r"https?://[a-z0-9._~\-\[\]:%]{1,255}")
COOKIE, SECURE_COOKIE = "ktizo_session", "__Host-ktizo_session"

_bearer = HTTPBearer(auto_error=False, description="A token made by Ktizo: `ktizo_...`")
_cookie = APIKeyCookie(
    name=COOKIE,
    auto_error=False,
    description=f"A session; `{SECURE_COOKIE}` over https. Changes need X-CSRF-Token too.",
)
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
Kept = TypeVar("Kept")


class HostUnreadable(BadRequest):
    """The request does not say which host it was sent to."""


def address_of(request: Request) -> str:
    """Return the caller's address; behind a trusted proxy the one it vouches for."""
    return client_address(request.scope, request.app.state.settings.trusted_proxies)


CallerAddress = Annotated[str, Depends(address_of)]


async def require_token(
    request: Request,
    given: Credentials,
    address: CallerAddress,
    _documented: Annotated[str | None, Depends(_cookie)] = None,
) -> Actor:
    """Return who is asking, by token or by session; without, or without the role, it ends here.

    Failed tries are slowed down per address. A valid token is never slowed down: a neighbour
    behind the same address who guesses must not lock the operator out.
    """
    known: Actor | None = getattr(request.state, "actor", None)
    if known is not None:
        return known  # the door has looked already
    if given is None and cookie_of(request):
        actor = await _by_session(request, address)
    else:
        actor = await _by_token(request, given, address)
    insist(request, actor, needed(request.method, request.url.path), address)
    request.state.actor = actor
    request.state.admitted = partial(_still_admitted, request, given, address)
    return actor


async def _still_admitted(
    request: Request, given: HTTPAuthorizationCredentials | None, address: str
) -> bool:
    """Look again: for an answer that takes longer than a session or a token may last."""
    try:
        if given is None:
            return await signed_in(request) is not None
        await _by_token(request, given, address)
    except KtizoError:
        return False
    return True


async def identify(request: Request) -> Actor:
    """Return who is asking, from the headers alone, before a body is read."""
    return await require_token(request, await _bearer(request), address_of(request))


CurrentActor = Annotated[Actor, Depends(require_token)]


async def needs_operator(request: Request, actor: CurrentActor, address: CallerAddress) -> None:
    """Let operators and administrators through: for what may be asked for, but not by everyone."""
    insist(request, actor, OPERATOR, address)


async def needs_admin(request: Request, actor: CurrentActor, address: CallerAddress) -> None:
    """Let only administrators through: people, tokens, secrets, the LAN."""
    insist(request, actor, ADMIN, address)


def insist(request: Request, actor: Actor, role: Role, address: str) -> None:
    """Raise RoleMissing, with its line in the audit, unless `actor` has the role."""
    try:
        actor.insist(role)
    except RoleMissing as error:
        note_refusal(request, actor.name, address, error)
        raise


async def _by_token(
    request: Request, given: HTTPAuthorizationCredentials | None, address: str
) -> Actor:
    # A session of its own: as a dependency it would hold a pooled connection, and on SQLite a
    # snapshot, for as long as the request lasts, and an upload lasts minutes.
    now = utc_now()
    found = None
    if given is not None and tokens.looks_right(given.credentials):
        async with request.app.state.db.read() as session:
            found = await store.by_hash(session, tokens.digest(given.credentials))
    if found is None or not found.valid(now):
        raise await _refusal(request, address, given is not None)
    note_use(request.app.state.writer, found, now)
    return Actor(found.name, found.scope, found.id)


async def _by_session(request: Request, address: str) -> Actor:
    found = await signed_in(request)
    if found is None:
        raise SessionEnded("this session is over; sign in again")
    person = found.person
    if request.method not in SAFE:
        try:
            refuse_forged(request.headers, own_origin(request), found)
        except (OriginRefused, CsrfRefused) as error:
            note_refusal(request, person.name, address, error)
            raise
    return Actor(person.name, person.role, person.id, "person", found.session.id)


async def signed_in(request: Request) -> SignedIn | None:
    """Return the session whose cookie came, when it is valid; asks for no role and no origin."""
    cookie, now = cookie_of(request), utc_now()
    if not secret.looks_right(cookie):
        return None
    async with request.app.state.db.read() as session:
        found = await sessions.by_hash(session, secret.digest(cookie))
    if found is None or not found[0].valid(now) or found[1].disabled:
        return None
    note_seen(request.app.state.writer, found[0], now)
    return SignedIn(*found, cookie)


async def _refusal(request: Request, address: str, with_token: bool) -> KtizoError:
    if not await kept(request, "failed_tries", FailedTries).note(address):
        return TooManyFailedTries("too many tries without a valid token; wait a minute")
    error: KtizoError = (
        TokenRefused("this token is not valid: unknown, expired or revoked")
        if with_token
        else TokenMissing("sign in, or send a token: Authorization: Bearer ktizo_...")
    )
    # Only within the limit, so that guessing cannot fill the audit.
    note_refusal(request, "anonymous", address, error)
    return error


def note_refusal(request: Request, actor: str, address: str, error: KtizoError) -> None:
    """Leave a line in the audit about a request that was turned away."""
    entry = Entry(
        at=utc_now(),
        actor=actor,
        address=address,
        action="authenticate",
        subject=f"{request.method} {request.url.path}",
        outcome=error.code,
    )
    record(request.app.state.writer, entry)


def kept(request: Request, name: str, make: type[Kept]) -> Kept:
    """Return what this appliance keeps under `name`, made at first use."""
    state: Any = request.app.state
    if not hasattr(state, name):
        setattr(state, name, make())
    found: Kept = getattr(state, name)
    return found


def lobby_of(request: Request) -> Lobby:
    """Return what signing in needs."""
    tries = kept(request, "sign_in_tries", SignInTries)
    passwords = kept(request, "passwords", Passwords)
    return Lobby(request.app.state.db, request.app.state.writer, passwords, tries)


def own_origin(request: Request) -> str:
    """Return the origin our pages have for this browser; a trusted proxy knows better than we."""
    scope, trusted = request.scope, request.app.state.settings.trusted_proxies
    scheme = said_by_proxy(scope, trusted, b"x-forwarded-proto") or request.url.scheme
    host = said_by_proxy(scope, trusted, b"x-forwarded-host") or request.headers.get("host", "")
    origin = f"{scheme}://{host}".lower()
    if not ORIGIN.fullmatch(origin):
        raise HostUnreadable("the Host header does not name a host")
    return origin


def cookie_name(request: Request) -> str:
    """Return the cookie's name; over https one that no other host and no plain page can set."""
    return SECURE_COOKIE if own_origin(request).startswith("https:") else COOKIE


def cookie_of(request: Request) -> str:
    """Return the value of the session cookie, or nothing."""
    name = cookie_name(request) if request.cookies else COOKIE
    return request.cookies.get(name, "")


def visitor_of(request: Request) -> Visitor:
    """Return where a sign-in comes from."""
    agent = request.headers.get("user-agent", "")
    return Visitor(address_of(request), agent, cookie_of(request))


def give_cookie(request: Request, response: Response, found: SignedIn) -> None:
    """Put the session's cookie on the answer."""
    name = cookie_name(request)
    response.set_cookie(
        name,
        found.secret,
        max_age=int(LONGEST.total_seconds()),
        path="/",
        secure=name == SECURE_COOKIE,
        httponly=True,
        samesite="strict",
    )
    response.headers["Cache-Control"] = "no-store"


def take_cookie(request: Request, response: Response) -> None:
    """Let the browser forget its session."""
    name = cookie_name(request)
    response.delete_cookie(
        name, path="/", secure=name == SECURE_COOKIE, httponly=True, samesite="strict"
    )
