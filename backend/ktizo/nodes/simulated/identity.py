"""The keys and certificates a simulated node answers with; all Ed25519, as Talos's are."""

import ipaddress
import os
import ssl
import tempfile
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ktizo.talos import pki
from ktizo.talos.pki import CertAndKey

LIFETIME = timedelta(hours=24)
MAINTENANCE = "maintenance-service.talos.dev"


class _SaysWhy(ssl.SSLObject):
    """Lets the alert out that says why a handshake failed, as Go does; asyncio drops it."""

    _failed = False

    def do_handshake(self) -> None:
        """Shake hands; a failure is raised only once its alert has been sent."""
        try:
            super().do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except ssl.SSLError as error:
            if self._failed:
                raise
            self._failed = True
            raise ssl.SSLWantReadError from error


def server_context(
    ca: CertAndKey, hosts: Sequence[str], name: str, *, now: datetime, ask_client: bool
) -> ssl.SSLContext:
    """Return the server's side of TLS: a new certificate of `ca`, valid 24 h around `now`.

    With `ask_client` only a client certificate of the same CA gets in, as apid has it.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["h2"])
    context.sslobject_class = _SaysWhy
    _load(context, _server_pem(ca, hosts, name, now))
    if ask_client:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=ca.crt)
    return context


def throw_away_ca(now: datetime) -> CertAndKey:
    """Return a CA nobody knows, as the maintenance service makes at every boot."""
    return pki.new_ca("talos", pki.new_ed25519(), now=now - timedelta(hours=1))


def _server_pem(ca: CertAndKey, hosts: Sequence[str], name: str, now: datetime) -> bytes:
    key = ed25519.Ed25519PrivateKey.generate()
    issuer = pki.load_certificate(ca.crt)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(seconds=10))
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([*map(_san, hosts)]), critical=False)
        .sign(_signer(ca), None)
    )
    form = Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    return certificate.public_bytes(Encoding.PEM) + key.private_bytes(*form)


def _signer(ca: CertAndKey) -> ed25519.Ed25519PrivateKey:
    key = pki.load_key(ca.key)
    if not isinstance(key, ed25519.Ed25519PrivateKey):
        raise TypeError("a simulated node's Talos CA is Ed25519, as Talos makes it")
    return key


def _san(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _load(context: ssl.SSLContext, pem: bytes) -> None:
    """Hand the pair over through a file, the only way `ssl` takes one; it is gone at once."""
    descriptor, name = tempfile.mkstemp()
    try:
        os.write(descriptor, pem)
        context.load_cert_chain(name)
    finally:
        os.close(descriptor)
        Path(name).unlink()
