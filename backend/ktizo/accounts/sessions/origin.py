"""Did our own page send this? Pure; headers in, a refusal or nothing out.

A browser says where a request comes from, and a page cannot change that: `Origin`, or where an old
one leaves it out `Sec-Fetch-Site` (https://www.w3.org/TR/fetch-metadata/, read 2026-11).
"""

from collections.abc import Mapping

from ktizo.accounts.sessions.session import SignedIn, same
from ktizo.core.errors import Forbidden

HEADER = "x-csrf-token"
SAFE = {"GET", "HEAD"}


class OriginRefused(Forbidden):
    """Another site's page sent this, or nobody says which."""


class CsrfRefused(Forbidden):
    """The change does not carry the token of its session."""


def refuse_foreign(headers: Mapping[str, str], own: str) -> None:
    """Refuse what a page elsewhere sent; `own` is our origin. No browser at all is fine.

    For routes that need no cookie: signing in under a stranger's name is an attack too.
    """
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    if origin is None and site in {None, "same-origin"}:
        return
    if origin is None or origin.lower() != own:
        raise OriginRefused(
            f"a page of another site sent this (this one is {own}); behind a proxy see "
            "docs/security.md"
        )


def refuse_forged(headers: Mapping[str, str], own: str, signed_in: SignedIn) -> None:
    """Refuse a change by cookie that our own page did not send."""
    if headers.get("origin") is None and headers.get("sec-fetch-site") is None:
        raise OriginRefused("a change by cookie must say where it comes from: Origin is missing")
    refuse_foreign(headers, own)
    if not same(headers.get(HEADER, ""), signed_in.csrf_token):
        raise CsrfRefused("send the csrf_token of GET /api/v1/session as X-CSRF-Token")
