"""Our key pair for rescue systems, and fingerprints in the two forms vendors write.

Robot names the keys of an account by MD5 ("56:29:99:…") and shows host keys by SHA-256; Scaleway
writes "256 MD5:…". Forms: OpenSSH's `ssh-keygen -l -E sha256|md5`, RFC 4716 section 4 for MD5.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

_COMMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9@._-]{0,63}")
_SHA256 = re.compile(r"(?:SHA256:)?([A-Za-z0-9+/]{43})=?")
_MD5 = re.compile(r"(?:MD5:)?((?:[0-9a-fA-F]{2}:){15}[0-9a-fA-F]{2})")


@dataclass(frozen=True, slots=True)
class KeyPair:
    """`public` as one line of authorized_keys; `private` as OpenSSH PEM, without a passphrase."""

    public: str
    private: str = field(repr=False)


def make(comment: str = "ktizo") -> KeyPair:
    """Return a new Ed25519 pair; `comment` names it in the vendor's list of keys."""
    if not _COMMENT.fullmatch(comment):
        raise ValueError("a key's comment is letters, digits and @._- only")
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()
    return KeyPair(f"{public} {comment}", private)


def blob(public: str) -> bytes:
    """Return the bytes of a public key's line; raises ValueError."""
    try:
        return base64.b64decode(public.split()[1], validate=True)
    except (IndexError, binascii.Error):
        raise ValueError("not a public key as one line of OpenSSH") from None


def sha256(key: bytes) -> str:
    """Return `SHA256:…` of a key's bytes."""
    digest = base64.b64encode(hashlib.sha256(key).digest()).decode()
    return f"SHA256:{digest.rstrip('=')}"


def md5(key: bytes) -> str:
    """Return the MD5 form, hex with colons, of a key's bytes."""
    # Some vendors tell this form only. A second key with the same MD5 cannot be made either.
    digest = hashlib.md5(key, usedforsecurity=False).hexdigest()
    return ":".join(digest[i : i + 2] for i in range(0, 32, 2))


def read(told: str) -> str:
    """Return a fingerprint as `sha256` or `md5` write it; empty when it is none."""
    for word in told.split()[:4]:  # "256 SHA256:… comment (ED25519)"
        if found := _MD5.fullmatch(word):
            return found[1].lower()
        if found := _SHA256.fullmatch(word):
            return f"SHA256:{found[1]}"
    return ""


def belongs(key: bytes, told: Iterable[str]) -> bool:
    """Say whether one of the fingerprints is this key's. What cannot be read is nobody's."""
    return bool({sha256(key), md5(key)} & {read(one) for one in told})
