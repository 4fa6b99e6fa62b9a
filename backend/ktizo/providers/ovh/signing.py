"""Proving who asks: OVHcloud's own signature, or OAuth2 client credentials.

The signature as python-ovh 1.2.0 makes it: sha1 over secret, consumer key, method, full URL, body
and OVHcloud's own time, joined by a literal "+", behind "$1$".
"""

import asyncio
import hashlib
import time
from collections.abc import Callable
from http import HTTPMethod
from typing import Protocol

import httpx

from ktizo.providers import fields
from ktizo.providers.errors import CredentialsRefused, Forbidden, ProviderError, Rejected
from ktizo.providers.http import Api
from ktizo.providers.ovh.declaration import OvhSettings

FRESH_S = 60.0  # a clock read so lately is not the reason of a wrong signature
EARLY_S = 60.0  # a token is renewed so long before it ends

Clock = Callable[[], float]


def signature(secret: str, consumer: str, method: str, url: str, body: str, timestamp: int) -> str:
    """Return X-Ovh-Signature; `url` with its query, `body` exactly as sent, "" where none."""
    text = "+".join((secret, consumer, method, url, body, str(timestamp)))
    return "$1$" + hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


class Proof(Protocol):
    """How requests are proven."""

    async def __call__(self, request: httpx.Request) -> None:
        """Add the proof to a request."""

    def now(self) -> float:
        """Return the time, OVHcloud's where that is known."""

    def doubt(self) -> bool:
        """Forget what may be stale; True when asking again can help."""

    async def close(self) -> None:
        """Let go of the connection used for proving."""


class Signer:
    """Signs each request at OVHcloud's time, which is asked once at GET /auth/time (unsigned)."""

    def __init__(self, settings: OvhSettings, unsigned: Api, *, clock: Clock = time.time) -> None:
        self._key = settings.application_key
        self._secret = settings.application_secret.get_secret_value()
        self._consumer = settings.consumer_key.get_secret_value()
        self._unsigned, self._clock = unsigned, clock
        self._ahead: float | None = None  # seconds that OVHcloud's clock is ahead of ours
        self._asked = float("-inf")
        self._asking = asyncio.Lock()

    async def __call__(self, request: httpx.Request) -> None:
        """Add the four headers."""
        now = int(self._clock() + await self._offset())
        request.headers["X-Ovh-Application"] = self._key
        request.headers["X-Ovh-Consumer"] = self._consumer
        request.headers["X-Ovh-Timestamp"] = str(now)
        request.headers["X-Ovh-Signature"] = signature(
            self._secret,
            self._consumer,
            request.method,
            str(request.url),
            request.content.decode(),
            now,
        )

    async def _offset(self) -> float:
        async with self._asking:
            if self._ahead is None:
                told = (await self._unsigned.get("/auth/time")).json()
                if isinstance(told, bool) or not isinstance(told, int):
                    raise ProviderError("OVHcloud does not tell its time, which signing needs")
                self._asked = self._clock()
                self._ahead = told - self._asked
            return self._ahead

    def now(self) -> float:
        """Return OVHcloud's time, ours until it was asked."""
        return self._clock() + (self._ahead or 0.0)

    def doubt(self) -> bool:
        """Ask for the time anew at the next request, unless it was asked just now."""
        stale = self._clock() - self._asked > FRESH_S
        if stale:
            self._ahead = None
        return stale

    async def close(self) -> None:
        """Let go of the connection."""
        await self._unsigned.close()


class ServiceAccount:
    """OAuth2 client credentials (RFC 6749 4.4) of an OVHcloud service account, scope all."""

    def __init__(self, settings: OvhSettings, tokens: Api, *, clock: Clock = time.time) -> None:
        self._id = settings.client_id
        self._secret = settings.client_secret.get_secret_value()
        self._tokens, self._clock = tokens, clock
        self._token, self._until = "", float("-inf")
        self._asking = asyncio.Lock()

    async def __call__(self, request: httpx.Request) -> None:
        """Add the bearer token."""
        async with self._asking:
            if self._clock() >= self._until:
                await self._renew()
            request.headers["Authorization"] = f"Bearer {self._token}"

    async def _renew(self) -> None:
        try:
            answer = await self._tokens.send(
                HTTPMethod.POST,
                "/token",
                form=[
                    ("grant_type", "client_credentials"),
                    ("client_id", self._id),
                    ("client_secret", self._secret),
                    ("scope", "all"),
                ],
            )
        except (Rejected, Forbidden) as error:  # RFC 6749 5.2: invalid_client may come as 400
            raise CredentialsRefused(error.message) from None
        body = answer.json()
        self._token = fields.text(body, "access_token")
        if not self._token:
            raise ProviderError("OVHcloud's answer to the client credentials has no token")
        self._until = self._clock() + max(fields.number(body, "expires_in") - EARLY_S, 0.0)

    def now(self) -> float:
        """Return our time."""
        return self._clock()

    def doubt(self) -> bool:
        """Take a new token next time; asking again by itself does not help."""
        self._until = float("-inf")
        return False

    async def close(self) -> None:
        """Let go of the connection."""
        await self._tokens.close()
