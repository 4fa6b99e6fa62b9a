"""Keys and certificates exactly as Talos makes them (siderolabs/crypto x509; talos.md §1, §2).

PEM texts are `str` with a trailing line feed. Talos labels an Ed25519 key `ED25519 PRIVATE KEY`
although the body is plain PKCS#8; no other software loads that, so the label is changed on reading.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID as Usage
from cryptography.x509.oid import NameOID

from ktizo.core.errors import Invalid

RandomBytes = Callable[[int], bytes]
PrivateKey = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

SYSTEM_RANDOM: RandomBytes = os.urandom
CA_LIFETIME = timedelta(hours=87_600)
REDACTED = "******"

_ED25519 = "ED25519 PRIVATE KEY"
_LABELS = (_ED25519, "EC PRIVATE KEY", "RSA PRIVATE KEY", "PRIVATE KEY")
# Order of the P-256 group (SEC 2 §2.4.2), to make a key from random bytes.
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@dataclass(frozen=True, slots=True)
class CertAndKey:
    """A certificate and its private key, both PEM; the key never shows in a log."""

    crt: str
    key: str = field(repr=False)


def new_ed25519(random_bytes: RandomBytes = SYSTEM_RANDOM) -> ed25519.Ed25519PrivateKey:
    """Return a fresh Ed25519 key: what everything that speaks the Talos API uses."""
    return ed25519.Ed25519PrivateKey.from_private_bytes(random_bytes(32))


def new_p256(random_bytes: RandomBytes = SYSTEM_RANDOM) -> ec.EllipticCurvePrivateKey:
    """Return a fresh P-256 key; 16 bytes more than needed keep it unbiased (FIPS 186-5 A.2.1)."""
    secret = int.from_bytes(random_bytes(48)) % (_P256_ORDER - 1) + 1
    return ec.derive_private_key(secret, ec.SECP256R1())


def new_rsa() -> rsa.RSAPrivateKey:
    """Return a fresh RSA key of 4096 bits; about a second of work, and OpenSSL's own randomness."""
    return rsa.generate_private_key(public_exponent=65537, key_size=4096)


def key_pem(key: PrivateKey) -> str:
    """Return `key` under the label Talos gives its kind: PKCS#8 relabelled, SEC1 or PKCS#1."""
    edwards = isinstance(key, ed25519.Ed25519PrivateKey)
    form = serialization.PrivateFormat
    text = key.private_bytes(
        serialization.Encoding.PEM,
        form.PKCS8 if edwards else form.TraditionalOpenSSL,
        serialization.NoEncryption(),
    ).decode()
    return text.replace("PRIVATE KEY", _ED25519) if edwards else text


def load_key(pem: str) -> PrivateKey:
    """Read a private key under any label Talos takes; refuse what it would refuse."""
    if pem.strip() == REDACTED:
        raise Invalid(f"the key is redacted ({REDACTED}); the real one is needed")
    if not any(f"-----BEGIN {label}-----" in pem for label in _LABELS):
        raise Invalid(f"not a PEM private key; known labels are {', '.join(_LABELS)}")
    try:
        key = serialization.load_pem_private_key(
            pem.replace(_ED25519, "PRIVATE KEY").encode(), password=None
        )
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise Invalid("the PEM private key cannot be read") from error
    if not isinstance(key, PrivateKey):
        raise Invalid("a private key must be Ed25519, ECDSA or RSA")
    return key


def load_certificate(pem: str) -> x509.Certificate:
    """Read a PEM certificate."""
    try:
        return x509.load_pem_x509_certificate(pem.encode())
    except ValueError as error:
        raise Invalid("the PEM certificate cannot be read") from error


def check_pair(pair: CertAndKey) -> None:
    """Refuse a certificate or key that cannot be read, and two that do not belong together."""
    certificate, key = load_certificate(pair.crt), load_key(pair.key)
    if certificate.public_key() != key.public_key():
        raise Invalid("the key does not belong to the certificate")


def new_ca(
    organization: str | None,
    key: PrivateKey,
    *,
    now: datetime,
    random_bytes: RandomBytes = SYSTEM_RANDOM,
) -> CertAndKey:
    """Return a self-signed CA valid for 87,600 h from `now` (aware); without a name when None."""
    builder = (
        _unsigned(_name(organization), key, now, CA_LIFETIME, random_bytes)
        .issuer_name(_name(organization))
        .add_extension(_key_usage(sign_certificates=True), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([Usage.SERVER_AUTH, Usage.CLIENT_AUTH]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return CertAndKey(_signed(builder, key), key_pem(key))


def new_client(
    ca: CertAndKey,
    key: PrivateKey,
    *,
    organizations: tuple[str, ...],
    not_before: datetime,
    lifetime: timedelta,
    common_name: str | None = None,
    key_encipherment: bool = False,
    random_bytes: RandomBytes = SYSTEM_RANDOM,
) -> CertAndKey:
    """Return a client certificate signed by `ca`; apid takes clientAuth as the only usage."""
    issuer, issuer_key = load_certificate(ca.crt), load_key(ca.key)
    builder = (
        _unsigned(_name(*organizations, cn=common_name), key, not_before, lifetime, random_bytes)
        .issuer_name(issuer.subject)
        .add_extension(_key_usage(key_encipherment=key_encipherment), critical=True)
        .add_extension(x509.ExtendedKeyUsage([Usage.CLIENT_AUTH]), critical=False)
        .add_extension(_authority(issuer), critical=False)
    )
    return CertAndKey(_signed(builder, issuer_key), key_pem(key))


def _unsigned(
    subject: x509.Name,
    key: PrivateKey,
    not_before: datetime,
    lifetime: timedelta,
    random_bytes: RandomBytes,
) -> x509.CertificateBuilder:
    start = not_before.replace(microsecond=0)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(key.public_key())
        .serial_number(int.from_bytes(random_bytes(16)) or 1)  # below 2^128, never 0
        .not_valid_before(start)
        .not_valid_after(start + lifetime)
    )


def _signed(builder: x509.CertificateBuilder, key: PrivateKey) -> str:
    digest = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(key, digest).public_bytes(serialization.Encoding.PEM).decode()


def _name(*organizations: str | None, cn: str | None = None) -> x509.Name:
    """Return a name as Go orders it: all organizations in one set, then the common name."""
    groups = [
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, o) for o in organizations if o],
        [x509.NameAttribute(NameOID.COMMON_NAME, cn)] if cn else [],
    ]
    return x509.Name([x509.RelativeDistinguishedName(group) for group in groups if group])


def _key_usage(*, sign_certificates: bool = False, key_encipherment: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=key_encipherment,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=sign_certificates,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def _authority(issuer: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    try:
        own = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    except x509.ExtensionNotFound:
        own = x509.SubjectKeyIdentifier.from_public_key(issuer.public_key())
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own)
