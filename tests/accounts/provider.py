"""An OpenID Connect provider that keeps to the protocol, as an httpx transport.

Real RSA keys, PKCE, codes that work once. What it should do wrong, a test tells it.
"""

import base64
import hashlib
import hmac
import json
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import RSAKey

ISSUER = "https://id.example/realms/lab"
CLIENT_ID, CLIENT_SECRET = "ktizo", "the client's secret"
KEY = RSAKey.generate_key(2048, auto_kid=True)
OTHER_KEY = RSAKey.generate_key(2048, auto_kid=True)


@dataclass
class Provider:
    """`claims` come on top of what the protocol asks for; `header` and `key` sign them."""

    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    key: Any = field(default_factory=lambda: KEY)
    published: list[Any] = field(default_factory=lambda: [KEY])
    said: dict[str, Any] = field(default_factory=dict)
    tokens: dict[str, Any] = field(default_factory=dict)
    away: bool = False
    asked: list[str] = field(default_factory=list)
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._answer)

    def authorize(self, address: str) -> dict[str, str]:
        """Do as a person does at the provider's page; returns what comes back in the address."""
        assert address.startswith(f"{ISSUER}/authorize?"), address
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT_ID
        assert "openid" in asked["scope"].split()
        assert asked["code_challenge_method"] == "S256"
        assert len(asked["nonce"]) >= 32
        assert len(asked["state"]) >= 32
        code = f"code-{len(self._codes)}"
        self._codes[code] = asked
        return {"state": asked["state"], "code": code, "iss": ISSUER}

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        if self.away:
            return httpx.Response(503)
        match request.url.path.removeprefix("/realms/lab"):
            case "/.well-known/openid-configuration":
                return httpx.Response(200, json=self._document())
            case "/keys":
                keys = [key.as_dict(private=False) for key in self.published]
                return httpx.Response(200, json={"keys": keys})
            case "/token":
                return self._token(request)
        return httpx.Response(404)

    def _document(self) -> dict[str, Any]:
        return {
            "issuer": ISSUER,
            "authorization_endpoint": f"{ISSUER}/authorize",
            "token_endpoint": f"{ISSUER}/token",
            "jwks_uri": f"{ISSUER}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        } | self.said

    def _token(self, request: httpx.Request) -> httpx.Response:
        sent = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
        asked = self._codes.pop(sent.get("code", ""), None)  # a code works once
        if asked is None or not self._proven(request, sent, asked):
            return httpx.Response(400, json={"error": "invalid_grant"})
        claims = self._claims(asked)
        header = {"alg": "RS256", "kid": getattr(self.key, "kid", None)} | self.header
        return httpx.Response(
            200,
            json={
                "access_token": "an access token",
                "token_type": "Bearer",
                "id_token": signed(header, claims, self.key),
            }
            | self.tokens,
        )

    def _claims(self, asked: dict[str, str]) -> dict[str, Any]:
        now = int(time.time())
        given = {
            "iss": ISSUER,
            "aud": CLIENT_ID,
            "sub": "subject-1",
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            "preferred_username": "olga",
        } | self.claims
        return {name: value for name, value in given.items() if value is not None}

    def _proven(self, request: httpx.Request, sent: dict[str, str], asked: dict[str, str]) -> bool:
        pair = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        digest = hashlib.sha256(sent["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        return (
            sent["grant_type"] == "authorization_code"
            and request.headers["authorization"] == f"Basic {pair}"
            and challenge == asked["code_challenge"]
            and sent["redirect_uri"] == asked["redirect_uri"]
        )


def signed(header: dict[str, Any], claims: dict[str, Any], key: Any) -> str:
    """Return a JWT. By hand what a library refuses to make: no signature, and HMAC under `key`."""
    alg = header["alg"]
    if alg.lower() != "none" and not isinstance(key, bytes):
        return jwt.encode(header, claims, key, algorithms=[alg])
    header = {name: value for name, value in header.items() if value is not None}
    said = ".".join(_b64(json.dumps(part).encode()) for part in (header, claims))
    mark = hmac.digest(key, said.encode(), "sha256") if isinstance(key, bytes) else b""
    return f"{said}.{_b64(mark)}"


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
