"""What we remember of a person who is away at the provider: in a sealed cookie, for ten minutes."""

import base64
import hashlib
import json
import secrets
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from ktizo.core.errors import Forbidden
from ktizo.core.seal import Sealer, UnsealFailed

VALID_FOR = timedelta(minutes=10)
PLACE = "accounts|oidc"
NEXT_MAX = 500


class OidcExpired(Forbidden):
    """The way back does not fit the way there: too late, another browser, or forged."""


@dataclass(frozen=True, slots=True)
class Flight:
    """One sign-in under way. `verifier`: of PKCE (RFC 7636), which only we and the cookie know."""

    state: str
    nonce: str
    verifier: str
    redirect_uri: str
    next: str
    began_at: float

    def seal(self, sealer: Sealer) -> str:
        """Return it as a cookie that nobody can read or make."""
        sealed = sealer.seal(json.dumps(asdict(self)).encode(), PLACE)
        return base64.urlsafe_b64encode(sealed.encode()).decode().rstrip("=")


def begin(redirect_uri: str, next_: str, now: datetime) -> Flight:
    """Return a new flight with secrets of its own."""
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    return Flight(state, nonce, verifier, redirect_uri, safe_next(next_), now.timestamp())


def land(cookie: str, sealer: Sealer, state: str, now: datetime) -> Flight:
    """Return the flight of `cookie`; raises OidcExpired unless `state` is its own and in time."""
    try:
        sealed = base64.urlsafe_b64decode(cookie + "=" * (-len(cookie) % 4)).decode()
        flight = Flight(**json.loads(sealer.unseal(sealed, PLACE)))
    except (UnsealFailed, ValueError, TypeError) as error:
        raise OidcExpired("this browser began no sign-in; begin again") from error
    age = now.timestamp() - flight.began_at
    known = secrets.compare_digest(flight.state.encode(), state.encode(errors="replace"))
    if not known or not 0 <= age < VALID_FOR.total_seconds():
        raise OidcExpired("this sign-in took too long, or another one was begun; begin again")
    return flight


def safe_next(path: str) -> str:
    """Return a path on this box; anything that could lead elsewhere becomes the home page."""
    inside = path.startswith("/") and not path.startswith(("//", "/\\", "/api/", "/boot/"))
    plain = path.isascii() and path.isprintable() and "\\" not in path
    return path if inside and plain and len(path) <= NEXT_MAX else "/"


def subject(issuer: str, sub: str) -> str:
    """Return what a person at a provider is stored as."""
    return hashlib.sha256(f"{issuer}\0{sub}".encode()).hexdigest()
