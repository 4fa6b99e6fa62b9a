"""The provider: found by discovery, asked over the house's own HTTP client.

Authlib writes and reads the protocol; it never opens a connection here.
"""

import asyncio
import time
from http import HTTPMethod
from typing import Any

from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.discovery import get_well_known_url
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from ktizo.accounts.oidc.flight import Flight
from ktizo.accounts.oidc.idtoken import KeyUnknown, OidcRefused, believe
from ktizo.core.clock import utc_now
from ktizo.core.http import Http
from ktizo.core.settings import Settings
from ktizo.core.upstream import UpstreamBroken

LOGIN = "/api/v1/oidc/login"
CALLBACK = "/api/v1/oidc/callback"
SCOPE = "openid profile email"
FRESH_S = 3600.0  # what discovery said is asked for again after this
KEYS_AGAIN_S = 60.0  # a token with an unknown key makes us look again no more often than this
PATIENCE_S = 10.0  # somebody looks at an empty page meanwhile
FORM = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}


class Provider:
    """One OpenID Connect provider, and what it said of itself."""

    def __init__(self, settings: Settings, http: Http) -> None:
        assert settings.oidc_issuer  # noqa: S101 - whoever makes one has looked
        assert settings.oidc_client_id  # noqa: S101 - the settings insist
        self.issuer, self.client_id = settings.oidc_issuer, settings.oidc_client_id
        secret = settings.oidc_client_secret
        self._secret = secret.get_secret_value() if secret else None
        self._http = http
        self._lock = asyncio.Lock()
        self._said: dict[str, Any] | None = None
        self._said_at = 0.0
        self._keys: KeySet | None = None
        self._keys_at = 0.0

    async def close(self) -> None:
        """Let go of every connection."""
        await self._http.close()

    async def address(self, flight: Flight) -> str:
        """Return where to send the browser."""
        said = await self._discover()
        address: str = prepare_grant_uri(
            said["authorization_endpoint"],
            client_id=self.client_id,
            response_type="code",
            redirect_uri=flight.redirect_uri,
            scope=SCOPE,
            state=flight.state,
            nonce=flight.nonce,
            code_challenge=create_s256_code_challenge(flight.verifier),
            code_challenge_method="S256",
        )
        return address

    async def claims(self, flight: Flight, code: str) -> dict[str, Any]:
        """Exchange `code` and return what the provider says of the person; raises OidcRefused."""
        tokens = await self._exchange(flight, code)
        token, access = tokens.get("id_token"), tokens.get("access_token")
        if not isinstance(token, str):
            raise OidcRefused("the provider gives no ID token; does the scope openid work there?")
        access_token = access if isinstance(access, str) else None
        try:
            return self._believe(token, await self._key_set(), flight, access_token)
        except KeyUnknown:  # keys are changed now and then
            return self._believe(token, await self._key_set(again=True), flight, access_token)

    def _believe(
        self, token: str, keys: KeySet, flight: Flight, access_token: str | None
    ) -> dict[str, Any]:
        return believe(
            token,
            keys,
            issuer=self.issuer,
            client_id=self.client_id,
            nonce=flight.nonce,
            access_token=access_token,
            now_s=int(utc_now().timestamp()),
        )

    async def _exchange(self, flight: Flight, code: str) -> dict[str, Any]:
        said = await self._discover()
        body = prepare_token_request(
            "authorization_code",
            code=code,
            redirect_uri=flight.redirect_uri,
            code_verifier=flight.verifier,
        )
        auth = ClientAuth(self.client_id, self._secret, self._auth_method(said))
        uri, headers, body = auth.prepare("POST", said["token_endpoint"], dict(FORM), body)
        answer = await self._http.ask(
            HTTPMethod.POST, uri, headers=headers, content=body.encode(), total_s=PATIENCE_S
        )
        tokens = answer.json()
        if not isinstance(tokens, dict):
            raise OidcRefused("the provider's token endpoint answers with something else")
        return tokens

    def _auth_method(self, said: dict[str, Any]) -> str:
        if self._secret is None:
            return "none"
        methods = said.get("token_endpoint_auth_methods_supported")
        basic = not isinstance(methods, list) or "client_secret_basic" in methods
        return "client_secret_basic" if basic else "client_secret_post"

    async def _discover(self) -> dict[str, Any]:
        async with self._lock:
            if self._said is None or time.monotonic() - self._said_at > FRESH_S:
                self._said = self._sound(await self._json(get_well_known_url(self.issuer, True)))
                self._said_at = time.monotonic()
            return self._said

    def _sound(self, said: Any) -> dict[str, Any]:
        """Refuse a document of another issuer (Discovery 4.3), or one that leads to plain HTTP."""
        if not isinstance(said, dict) or said.get("issuer") != self.issuer:
            raise UpstreamBroken(
                f"{self.issuer} calls itself something else; KTIZO_OIDC_ISSUER must be the same, "
                "to the last slash"
            )
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            where = said.get(name)
            scheme = self.issuer.partition("://")[0]
            if not isinstance(where, str) or not where.startswith(("https://", f"{scheme}://")):
                raise UpstreamBroken(f"{self.issuer} gives no {name} that can be used")
        return said

    async def _key_set(self, *, again: bool = False) -> KeySet:
        said = await self._discover()
        async with self._lock:
            age = time.monotonic() - self._keys_at
            if self._keys is None or age > FRESH_S or (again and age > KEYS_AGAIN_S):
                published = await self._json(said["jwks_uri"])
                try:
                    self._keys = KeySet.import_key_set(published)
                except (JoseError, ValueError, TypeError, KeyError) as error:
                    raise UpstreamBroken(f"{self.issuer} publishes no keys: {error}") from error
                self._keys_at = time.monotonic()
            return self._keys

    async def _json(self, url: str) -> Any:
        answer = await self._http.ask(
            HTTPMethod.GET, url, headers={"Accept": "application/json"}, total_s=PATIENCE_S
        )
        return answer.json()
