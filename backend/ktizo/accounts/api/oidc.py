"""`/api/v1/oidc/...`: to the provider and back. A browser comes here, so answers are redirects."""

import logging
from typing import Annotated

from fastapi import APIRouter, Query, Request, status
from fastapi.responses import RedirectResponse

from ktizo.accounts.api.door import (
    SECURE_COOKIE,
    cookie_name,
    give_cookie,
    note_refusal,
    own_origin,
    visitor_of,
)
from ktizo.accounts.oidc.arrive import arrive
from ktizo.accounts.oidc.flight import VALID_FOR, OidcExpired, begin, land
from ktizo.accounts.oidc.idtoken import OidcRefused
from ktizo.accounts.oidc.provider import CALLBACK, Provider
from ktizo.accounts.oidc.role import RoleMap
from ktizo.accounts.sessions.session import SignedIn
from ktizo.core.clock import utc_now
from ktizo.core.errors import KtizoError, Unavailable
from ktizo.core.http import Http

log = logging.getLogger(__name__)

open_router = APIRouter(prefix="/oidc")
COOKIE, SECURE = "ktizo_oidc", "__Host-ktizo_oidc"
SIGN_IN = "/sign-in?problem="
# The codes a page may get; anything else is "oidc_refused", and the log has the words.
TOLD = {"oidc_expired", "oidc_no_role", "oidc_not_set_up", "oidc_person_disabled", "oidc_refused"}
Word = Annotated[str, Query(max_length=4096)]


class OidcNotSetUp(OidcRefused):
    """No provider is set; see KTIZO_OIDC_ISSUER."""


def provider_of(request: Request) -> Provider:
    """Return the provider, made at first use; raises OidcNotSetUp."""
    state = request.app.state
    if state.settings.oidc_issuer is None:
        raise OidcNotSetUp("no OpenID Connect provider is set up; see KTIZO_OIDC_ISSUER")
    if not hasattr(state, "oidc"):
        state.oidc = Provider(state.settings, Http(tries=2))
    provider: Provider = state.oidc
    return provider


@open_router.get("/login", status_code=status.HTTP_302_FOUND, response_class=RedirectResponse)
async def go_to_provider(
    request: Request, next_: Annotated[str, Query(alias="next", max_length=2048)] = "/"
) -> RedirectResponse:
    """Send the browser to the provider; `next` is the page to come back to."""
    try:
        provider = provider_of(request)
        flight = begin(own_origin(request) + CALLBACK, next_, utc_now())
        answer = RedirectResponse(await provider.address(flight), status.HTTP_302_FOUND)
    except KtizoError as error:
        return _problem(request, error)
    secure = _secure(request)
    answer.set_cookie(
        SECURE if secure else COOKIE,
        flight.seal(request.app.state.sealer),
        max_age=int(VALID_FOR.total_seconds()),
        path="/",
        secure=secure,
        httponly=True,
        samesite="lax",  # the provider's redirect is a visit from another site
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer


@open_router.get("/callback", status_code=status.HTTP_302_FOUND, response_class=RedirectResponse)
async def come_back(
    request: Request,
    state: Word = "",
    code: Word = "",
    error: Word = "",
    iss: Word = "",
) -> RedirectResponse:
    """Take the browser back from the provider, and sign in who it vouches for."""
    try:
        found, next_ = await _sign_in(request, state=state, code=code, error=error, iss=iss)
    except KtizoError as problem:
        return _problem(request, problem)
    answer = RedirectResponse(next_, status.HTTP_302_FOUND)
    _forget(request, answer)
    give_cookie(request, answer, found)
    return answer


async def _sign_in(
    request: Request, *, state: str, code: str, error: str, iss: str
) -> tuple[SignedIn, str]:
    provider, app = provider_of(request), request.app.state
    cookie = request.cookies.get(SECURE if _secure(request) else COOKIE, "")
    flight = land(cookie, app.sealer, state, utc_now())
    if iss and iss != provider.issuer:  # RFC 9207: another provider's answer mixed in
        raise OidcExpired("the answer comes from another provider; begin again")
    if error or not code:
        raise OidcRefused(f"the provider says {error[:100] or 'nothing'}")
    claims = await provider.claims(flight, code)
    async with app.db.write() as session:
        found = await arrive(session, claims, RoleMap.of(app.settings), visitor_of(request))
    return found, flight.next


def _problem(request: Request, error: KtizoError) -> RedirectResponse:
    log.warning("nobody is signed in through OpenID Connect: %s", _plain(error.message))
    note_refusal(request, "anonymous", visitor_of(request).address, error)
    code = "oidc_unavailable" if isinstance(error, Unavailable) else error.code
    if code not in TOLD | {"oidc_unavailable"}:
        code = OidcRefused.code
    answer = RedirectResponse(SIGN_IN + code, status.HTTP_302_FOUND)
    _forget(request, answer)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _secure(request: Request) -> bool:
    return cookie_name(request) == SECURE_COOKIE


def _forget(request: Request, answer: RedirectResponse) -> None:
    secure = _secure(request)
    answer.delete_cookie(
        SECURE if secure else COOKIE, path="/", secure=secure, httponly=True, samesite="lax"
    )


def _plain(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text)
