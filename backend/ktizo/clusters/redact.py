"""Showing a config without its secrets, so that a changed secret still shows as a change. Pure.

Each secret becomes `(secret 3fa9c2d1)`: a keyed fingerprint, which tells nothing without our key.
"""

import hashlib
import hmac
from collections.abc import Iterator, Mapping
from typing import Any

from ktizo.core import yaml
from ktizo.talos.pki import CertAndKey
from ktizo.talos.secrets import Bundle, encode

# Names of fields whose text nobody should read over a shoulder, in any document. Those Talos itself
# calls secret (reference talos.md 1, 3, 4), and what operators' patches hold.
SECRET_FIELDS = frozenset(
    {
        "aescbcEncryptionSecret",
        "apiToken",
        "apiUrl",  # SideroLink's holds the join token
        "auth",
        "bootstrapToken",
        "clusterSecret",
        "content",  # machine.files and extension services: anything at all
        "environment",
        "identityToken",
        "key",
        "passphrase",
        "password",
        "presharedKey",
        "privateKey",
        "secret",
        "secretboxEncryptionSecret",
        "token",
        "uniqueToken",
    }
)
# In any text: a key in PEM, also as base64 of it (three ways to begin), and a Secret's manifest.
MARKS = ("PRIVATE KEY", "UFJJVkFURSBLRV", "BSSVZBVEUgS0VZ", "QUklWQVRFIEtFW", "kind: Secret")


def redacted(config: str | bytes, key: bytes) -> str:
    """Return `config` with every secret replaced by its fingerprint under `key`."""
    return yaml.dump_all(_hidden(one, key) for one in yaml.load_all(config))


def fingerprint(secret: str, key: bytes) -> str:
    """Return what stands for a secret."""
    digest = hmac.new(key, secret.encode(), hashlib.sha256).hexdigest()
    return f"(secret {digest[:8]})"


def _hidden(value: Any, key: bytes, name: str = "") -> Any:
    if isinstance(value, Mapping):
        return {field: _hidden(one, key, _meaning(field, name)) for field, one in value.items()}
    if isinstance(value, list):
        return [_hidden(one, key, name) for one in value]
    if name in SECRET_FIELDS and value not in ("", None) and not isinstance(value, bool):
        return fingerprint(str(value), key)
    if isinstance(value, str) and any(mark in value for mark in MARKS):
        return fingerprint(value, key)
    return value


def _meaning(field: str, above: str) -> str:
    """Return the name that decides: everything below a secret field is secret too."""
    return above if above in SECRET_FIELDS else field


def secret_texts(bundle: Bundle) -> Iterator[str]:
    """Give every text of a bundle that must never be shown, in each form a config holds it."""
    yield from (
        bundle.cluster_secret,
        bundle.bootstrap_token,
        bundle.trustd_token,
        bundle.secretbox_secret,
        bundle.aescbc_secret,
    )
    pairs: tuple[CertAndKey, ...] = (bundle.etcd, bundle.k8s, bundle.k8saggregator, bundle.os)
    for pem in (*(pair.key for pair in pairs), bundle.service_account_key):
        yield pem
        yield pem.strip()
        yield encode(pem)


def without(text: str, bundle: Bundle) -> str:
    """Return a message without any secret of the bundle, should it ever quote one."""
    for secret in secret_texts(bundle):
        if secret and secret in text:
            text = text.replace(secret, "******")
    return text
