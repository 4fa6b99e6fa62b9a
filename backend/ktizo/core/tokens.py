"""Small signed tokens for URLs: what they say is readable, changing it breaks the signature.

Shape: `<fields joined by ~>~<16 bytes of HMAC-SHA256, base64url>`. Fields are our own short words
and numbers, so a token needs no quoting in a path, a kernel command line or a shell.
"""

import base64
import hashlib
import hmac
import re

_FIELD = re.compile(r"[A-Za-z0-9_.\-]{1,64}")
SIGNATURE_BYTES = 16
LONGEST = 512  # characters of a token


def _mac(key: bytes, purpose: str, body: str) -> str:
    digest = hmac.digest(key, f"{purpose}\0{body}".encode(), hashlib.sha256)[:SIGNATURE_BYTES]
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def sign(key: bytes, purpose: str, *fields: str | int) -> str:
    """Return a token that says `fields` for one `purpose`."""
    parts = [str(field) for field in fields]
    if not all(_FIELD.fullmatch(part) for part in parts):
        raise ValueError("a token field holds a character that needs quoting")
    body = "~".join(parts)
    token = f"{body}~{_mac(key, purpose, body)}"
    if len(token) > LONGEST:
        raise ValueError("a token that long would not be read again")
    return token


def verify(key: bytes, purpose: str, token: str) -> list[str] | None:
    """Return the fields of `token`, or None when it is not ours for this `purpose`."""
    if len(token) > LONGEST or not token.isascii():
        return None
    body, found, signature = token.rpartition("~")
    if not found or not hmac.compare_digest(signature, _mac(key, purpose, body)):
        return None
    return body.split("~")
