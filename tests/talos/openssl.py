"""The openssl command as the judge of certificates and keys."""

import shutil
import subprocess
from pathlib import Path

import pytest

OPENSSL = shutil.which("openssl")


def openssl(*arguments: str, given: str = "") -> str:
    """Run openssl on `given` and return what it says; a refusal fails the test."""
    if OPENSSL is None:
        pytest.skip("the openssl command is not installed")
    done = subprocess.run([OPENSSL, *arguments], input=given, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def certificate(pem: str) -> dict[str, str]:
    """Return subject, issuer, dates, signature algorithm and the extensions with their values."""
    text = openssl("x509", "-noout", "-text", "-certopt", "no_pubkey,no_sigdump", given=pem)
    lines = [line.rstrip() for line in text.splitlines()]
    facts = {}
    for line in lines:
        key, colon, value = line.strip().partition(":")
        if colon and key in ("Version", "Issuer", "Subject", "Signature Algorithm"):
            facts.setdefault(key, value.strip())
        if colon and key.strip() in ("Not Before", "Not After"):
            facts[key.strip()] = value.strip()
    start = lines.index("        X509v3 extensions:") + 1
    for name, value in zip(lines[start::2], lines[start + 1 :: 2], strict=False):
        facts[name.strip().removeprefix("X509v3 ").rstrip(" :")] = value.strip()
    facts["order"] = " / ".join(
        name.strip().removeprefix("X509v3 ").rstrip(" :") for name in lines[start::2]
    )
    return facts


def public_key(kind: str, pem: str) -> str:
    """Return the public key of a certificate ("x509") or of a private key ("pkey")."""
    flags = ["-pubkey", "-noout"] if kind == "x509" else ["-pubout"]
    return openssl(kind, *flags, given=pem.replace("ED25519 PRIVATE", "PRIVATE"))


def verified(ca: str, leaf: str, purpose: str, folder: Path) -> str:
    """Let openssl verify `leaf` against `ca`, at a time both were made for."""
    (folder / "ca.pem").write_text(ca)
    (folder / "leaf.pem").write_text(leaf)
    moment = "1795262400"  # 2026-11-21 12:00 UTC
    return openssl(
        "verify", "-attime", moment, "-purpose", purpose, "-x509_strict",
        "-CAfile", str(folder / "ca.pem"), str(folder / "leaf.pem"),
    )  # fmt: skip
