"""What a set-up link is: a secret in the fragment of an address, which no server ever logs."""

import base64
import hashlib
import re
import secrets
import socket
from dataclasses import dataclass
from datetime import datetime, timedelta

from ktizo.core.errors import Conflict, Forbidden

VALID_FOR = timedelta(hours=24)
SECRET_BYTES = 32
_SHAPE = re.compile(r"[A-Za-z0-9_\-]{43}", re.ASCII)
# RFC 5737, TEST-NET-1. Nothing is sent: connecting a UDP socket only asks the routing table.
SOMEWHERE = ("192.0.2.1", 9)
EVERYWHERE = {"0.0.0.0", "::", ""}  # noqa: S104 - a comparison


class SetupLinkRefused(Forbidden):
    """The link is unknown, used, replaced or too old."""


class AlreadySetUp(Conflict):
    """People can sign in; the first-run link is for when nobody can."""


@dataclass(frozen=True, slots=True)
class Link:
    """What is stored of a link. `recover`: it adds one more administrator."""

    recover: bool
    expires_at: datetime

    def valid(self, now: datetime) -> bool:
        """Say whether it opens at `now`."""
        return now < self.expires_at


def make() -> str:
    """Return a new secret; show it once and store only its `digest`."""
    return base64.urlsafe_b64encode(secrets.token_bytes(SECRET_BYTES)).decode().rstrip("=")


def looks_right(text: str) -> bool:
    """Say whether `text` could be a secret of a link at all."""
    return _SHAPE.fullmatch(text) is not None


def digest(secret: str) -> str:
    """Return what is stored of a secret: its SHA-256 in hex."""
    return hashlib.sha256(secret.encode()).hexdigest()


def address(base: str, secret: str) -> str:
    """Return the link itself."""
    return f"{base}/setup#token={secret}"


def base_of(host: str, port: int, base_url: str | None) -> str:
    """Return how a browser reaches this box, as http://host:port, as far as one can know."""
    if base_url is not None:
        return base_url
    name = _own_address() if host in EVERYWHERE else host
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def _own_address() -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(SOMEWHERE)
        except OSError:
            return "127.0.0.1"  # no network yet: the browser is on this box
        found: str = probe.getsockname()[0]
        return found
