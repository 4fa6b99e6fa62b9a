"""How Ktizo shows who it is to a node, and how it knows the node: TLS on Python's own `ssl`.

Maintenance mode: the node's certificate is thrown away at every boot and nobody signed it that we
know, so its public key is recorded on first contact and pinned from then on. Configured mode: both
sides hold certificates of the cluster's Talos CA. grpcio's TLS offers no Ed25519 and cannot shake
hands with Talos at all (stack.md §9).
"""

import base64
import contextlib
import hashlib
import os
import ssl
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ktizo.talos.contracts import V1_14, Contract
from ktizo.talos.pki import CertAndKey
from ktizo.talos.secrets import Bundle
from ktizo.talos.talosconfig import Access as Roles
from ktizo.talos.talosconfig import client_certificate

LIFETIME = timedelta(hours=1)
# A node whose clock is behind ours would find a certificate of this second not valid yet.
SKEW = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Maintenance:
    """No client certificate; the node is known by its key alone.

    `pin` is the SHA-256 of its SubjectPublicKeyInfo in base64, as Talos prints it on the console;
    None trusts whoever answers first.
    """

    pin: str | None = None


@dataclass(frozen=True, slots=True)
class Configured:
    """Mutual TLS: `pair` is our certificate, `ca` (PEM) signed the node's.

    The node's certificate must carry the address we dial; `server_name` says another name to look
    for, where the address is not in it (NAT, a tunnel).
    """

    ca: str
    pair: CertAndKey = field(repr=False)
    server_name: str | None = None


Access = Maintenance | Configured


def admin_access(
    bundle: Bundle,
    *,
    now: datetime,
    lifetime: timedelta = LIFETIME,
    talos: Contract = V1_14,
    server_name: str | None = None,
) -> Configured:
    """Return access as os:admin by a certificate of the cluster's CA, valid for `lifetime`.

    It begins an hour before `now` (aware): node clocks may be behind until NTP has answered.
    """
    roles = Roles(lifetime=lifetime + SKEW)
    pair = client_certificate(bundle, roles, now=now - SKEW, talos=talos)
    return Configured(bundle.os.crt, pair, server_name)


def fingerprint(der: bytes) -> str:
    """Return the base64 SHA-256 of the public key (SPKI) in a DER certificate."""
    key = x509.load_der_x509_certificate(der).public_key()
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(spki).digest()).decode()


def validity(pair: CertAndKey) -> str:
    """Return from when to when a certificate is valid, for a person."""
    certificate = x509.load_pem_x509_certificate(pair.crt.encode())
    start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return f"{start:%Y-%m-%d %H:%M:%S} to {end:%Y-%m-%d %H:%M:%S} UTC"


# A cluster of a thousand nodes shares one context; it costs 2 ms and 100 KB to make.
@lru_cache(maxsize=64)
def tls(access: Access) -> ssl.SSLContext:
    """Return the TLS side of `access`: at least 1.2, and HTTP/2 by ALPN."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["h2"])
    if isinstance(access, Maintenance):
        # Not "no verification": the key is compared with the pin before anything is sent.
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    context.load_verify_locations(cadata=access.ca)
    with _readable(access.pair) as path:
        context.load_cert_chain(path)
    return context


@contextlib.contextmanager
def _readable(pair: CertAndKey) -> Iterator[str]:
    """Give OpenSSL a path to the pair; in memory where the system can, else 0600 and removed."""
    # OpenSSL refuses Talos's own label; the content is plain PKCS#8 (talos.md §0.2).
    pem = (pair.crt + pair.key.replace("ED25519 PRIVATE KEY", "PRIVATE KEY")).encode()
    if hasattr(os, "memfd_create") and Path("/proc/self/fd").is_dir():
        descriptor = os.memfd_create("ktizo-client")
        try:
            os.write(descriptor, pem)
            yield f"/proc/self/fd/{descriptor}"
        finally:
            os.close(descriptor)
        return
    with tempfile.NamedTemporaryFile() as file:
        file.write(pem)
        file.flush()
        yield file.name
