"""What a token is. Pure.

`ktizo_` and 32 random bytes in base64url. A secret of 256 random bits needs no slow hash: nobody
can try them all, so SHA-256 is enough, and a look-up by hash compares nothing byte by byte.
"""

import base64
import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from ktizo.accounts.actor import Actor, Role

__all__ = ["Actor", "Role", "Token", "digest", "looks_right", "make"]

PREFIX = "ktizo_"
SECRET_BYTES = 32
NOTE_USE_EVERY = timedelta(minutes=1)

_SHAPE = re.compile(PREFIX + r"[A-Za-z0-9_\-]{43}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Token:
    """What is stored of a token."""

    id: int
    name: str
    scope: str
    created_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None

    def valid(self, now: datetime) -> bool:
        """Say whether it opens the door at `now`."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    def use_is_worth_noting(self, now: datetime) -> bool:
        """Say whether the stored `last_used_at` is old enough to be written again."""
        return self.last_used_at is None or now - self.last_used_at >= NOTE_USE_EVERY


def make() -> str:
    """Return a new token; show it once and store only its `digest`."""
    secret = base64.urlsafe_b64encode(secrets.token_bytes(SECRET_BYTES)).decode().rstrip("=")
    return PREFIX + secret


def looks_right(text: str) -> bool:
    """Say whether `text` could be a token at all; what could not never reaches the database."""
    return _SHAPE.fullmatch(text) is not None


def digest(token: str) -> str:
    """Return what is stored of `token`: its SHA-256 in hex."""
    return hashlib.sha256(token.encode()).hexdigest()
