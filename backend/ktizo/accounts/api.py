from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response, status
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from ktizo.accounts import store, tokens
from ktizo.accounts.create import create
from ktizo.accounts.note_use import note_use
from ktizo.accounts.revoke import revoke
from ktizo.accounts.schemas import NewToken, TokenIn, TokenList, WhoAmI
from ktizo.accounts.throttle import FailedTries, TokenMissing, TokenRefused, TooManyFailedTries
from ktizo.accounts.tokens import Actor
from ktizo.audit.record import Entry, record
from ktizo.core.clock import utc_now
from ktizo.core.db import ReadSession, WriteSession
from ktizo.core.errors import KtizoError
from ktizo.core.gate import client_address

router = APIRouter(prefix="/api/v1", tags=["accounts"])

_bearer = HTTPBearer(auto_error=False, description="A token made by Ktizo: `ktizo_...`")
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


def address_of(request: Request) -> str:
    """Return the caller's address; behind a trusted proxy the one it vouches for."""
    return client_address(request.scope, request.app.state.settings.trusted_proxies)


CallerAddress = Annotated[str, Depends(address_of)]


async def require_token(request: Request, given: Credentials, address: CallerAddress) -> Actor:
    """Return who is asking; without a valid token the request ends here.

    Failed tries are slowed down per address. A valid token is never slowed down: a neighbour
    behind the same address who guesses must not lock the operator out.
    """
    known: Actor | None = getattr(request.state, "actor", None)
    if known is not None:
        return known  # the door has looked already
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
    actor = Actor(found.name, found.scope, found.id)
    request.state.actor = actor
    return actor


async def identify(request: Request) -> Actor:
    """Return who is asking, from the headers alone, before a body is read."""
    return await require_token(request, await _bearer(request), address_of(request))


CurrentActor = Annotated[Actor, Depends(require_token)]


async def _refusal(request: Request, address: str, with_token: bool) -> KtizoError:
    if not await _failed_tries(request).note(address):
        return TooManyFailedTries("too many tries without a valid token; wait a minute")
    error: KtizoError = (
        TokenRefused("this token is not valid: unknown, expired or revoked")
        if with_token
        else TokenMissing("send a token: Authorization: Bearer ktizo_...")
    )
    # Only within the limit, so that guessing cannot fill the audit.
    entry = Entry(
        at=utc_now(),
        actor="anonymous",
        address=address,
        action="authenticate",
        subject=f"{request.method} {request.url.path}",
        outcome=error.code,
    )
    record(request.app.state.writer, entry)
    return error


def _failed_tries(request: Request) -> FailedTries:
    state = request.app.state
    if not hasattr(state, "failed_tries"):
        state.failed_tries = FailedTries()
    tries: FailedTries = state.failed_tries
    return tries


@router.get("/whoami")
async def whoami(actor: CurrentActor) -> WhoAmI:
    """Say who the token belongs to."""
    return WhoAmI(name=actor.name, scope=actor.scope, token_id=actor.token_id)


@router.get("/tokens")
async def list_tokens(session: ReadSession, _actor: CurrentActor) -> TokenList:
    """Return every token there is or was, never its secret."""
    return TokenList(tokens=await store.every(session))


@router.post("/tokens", status_code=status.HTTP_201_CREATED)
async def create_token(
    session: WriteSession,
    actor: CurrentActor,
    address: CallerAddress,
    wish: TokenIn,
    response: Response,
) -> NewToken:
    """Make a token; this answer is the only place it is ever shown."""
    response.headers["Cache-Control"] = "no-store"
    token, made = await create(session, wish, actor, address)
    return NewToken(token=token, made=made)


@router.delete("/tokens/{token_id}", status_code=status.HTTP_204_NO_CONTENT)
async def revoke_token(
    session: WriteSession,
    actor: CurrentActor,
    address: CallerAddress,
    token_id: Annotated[int, Path(ge=1, lt=2**31)],
) -> None:
    """Make a token worthless at once; it stays listed as revoked."""
    await revoke(session, token_id, actor, address)
