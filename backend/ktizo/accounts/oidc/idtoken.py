"""Believing an ID token: its signature, and every claim that OpenID Connect Core 3.1.3.7 asks for.

Signatures by joserfc, claims by Authlib. Only signatures with a public key are believed: `none` is
no signature, and an HMAC under the client's secret could be made by whoever reads our settings.
"""

from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from ktizo.core.errors import Forbidden

ALGORITHMS = [
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "Ed25519", "EdDSA"),
]
LEEWAY_S = 60  # clocks differ
LONGEST = 64 * 1024  # characters


class OidcRefused(Forbidden):
    """The provider says no, or says what cannot be believed."""


class KeyUnknown(OidcRefused):
    """The token names a key that the provider did not publish when we last looked."""


def believe(
    token: str,
    keys: KeySet,
    *,
    issuer: str,
    client_id: str,
    nonce: str,
    access_token: str | None,
    now_s: int,
) -> dict[str, Any]:
    """Return the claims of `token`; raises OidcRefused, KeyUnknown when new keys may help."""
    if len(token) > LONGEST:
        raise OidcRefused("the ID token is too long")
    try:
        decoded = jwt.decode(token, keys, algorithms=ALGORITHMS)
        claims = CodeIDToken(
            decoded.claims,
            decoded.header,
            options={
                "iss": {"essential": True, "value": issuer},
                "aud": {"essential": True, "value": client_id},
                "sub": {"essential": True},
                "nonce": {"essential": True, "value": nonce},
            },
            params={"nonce": nonce, "client_id": client_id, "access_token": access_token},
        )
        claims.validate(now=now_s, leeway=LEEWAY_S)
    except InvalidKeyIdError as error:
        raise KeyUnknown("the ID token is signed with a key nobody knows") from error
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise OidcRefused(f"the ID token cannot be believed: {error}") from error
    return dict(claims)
