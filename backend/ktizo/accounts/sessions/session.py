"""What a session is. Pure.

The cookie holds 32 random bytes in base64url; only their SHA-256 is stored (accounts/tokens.py says
why that is enough). The CSRF token is made of the cookie's value, so it needs no place, and only
who may read our answers can know it.
"""

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from ktizo.accounts.people.person import Person
from ktizo.core.errors import Unauthenticated

SECRET_BYTES = 32
IDLE = timedelta(hours=12)
LONGEST = timedelta(days=30)
NOTE_SEEN_EVERY = timedelta(minutes=1)
AGENT_MAX = 200  # characters kept of User-Agent

_SHAPE = re.compile(r"[A-Za-z0-9_\-]{43}", re.ASCII)


class SessionEnded(Unauthenticated):
    """The cookie names a session that is over, or never was."""


@dataclass(frozen=True, slots=True)
class Session:
    """What is stored of a session."""

    id: int
    person_id: int
    created_at: datetime
    last_seen_at: datetime
    address: str
    user_agent: str

    def valid(self, now: datetime) -> bool:
        """Say whether it opens the door at `now`."""
        return now - self.last_seen_at < IDLE and now - self.created_at < LONGEST

    def worth_noting(self, now: datetime) -> bool:
        """Say whether the stored `last_seen_at` is old enough to be written again."""
        return now - self.last_seen_at >= NOTE_SEEN_EVERY


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A valid session with its person, and the secret that proved it."""

    session: Session
    person: Person
    secret: str

    @property
    def csrf_token(self) -> str:
        """What a change must carry besides the cookie."""
        return csrf_token(self.secret)


def make() -> str:
    """Return the value of a new cookie; store only its `digest`."""
    return _b64(secrets.token_bytes(SECRET_BYTES))


def looks_right(text: str) -> bool:
    """Say whether `text` could be a cookie of ours; what could not never reaches the database."""
    return _SHAPE.fullmatch(text) is not None


def digest(secret: str) -> str:
    """Return what is stored of a cookie: its SHA-256 in hex."""
    return hashlib.sha256(secret.encode()).hexdigest()


def csrf_token(secret: str) -> str:
    """Return the token that belongs to the cookie `secret`."""
    return _b64(hmac.digest(secret.encode(), b"ktizo csrf", hashlib.sha256))


def same(given: str, wanted: str) -> bool:
    """Compare two texts without telling by the time how far they agree."""
    return hmac.compare_digest(given.encode(errors="replace"), wanted.encode())


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
