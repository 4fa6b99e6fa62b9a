"""PEM as documents carry it: plain text, `{cert, key}`."""

import base64
import re

from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import Body
from ktizo.talos.documents.scalars import TEXT
from ktizo.talos.documents.shape import kept, struct

CERTIFICATE_AND_KEY = struct(cert=kept(TEXT), key=kept(TEXT))

_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----\s([A-Za-z0-9+/=\s]+)-----END \1-----")
_DER_SEQUENCE = 0x30


def labels(text: str) -> list[str]:
    """`CERTIFICATE`, `EC PRIVATE KEY` ...: the labels of the PEM blocks that hold DER."""
    return [match[1] for match in _BLOCK.finditer(text) if _is_der(match[2])]


def _is_der(body: str) -> bool:
    try:
        return base64.b64decode("".join(body.split()), validate=True)[:1] == bytes([_DER_SEQUENCE])
    except ValueError:
        return False


def certificate(text: str, place: Place) -> None:
    """Refuse text that is not one or more PEM certificates."""
    found = labels(text)
    if not found:
        place.refuse("must be a PEM certificate")
    elif other := next((label for label in found if label != "CERTIFICATE"), None):
        place.refuse(f"unexpected PEM block {other!r}, expected CERTIFICATE")


def private_key(text: str, place: Place) -> None:
    """Refuse text that holds no PEM private key."""
    if not any(label.endswith("PRIVATE KEY") for label in labels(text)):
        place.refuse("must be a PEM private key")


def certificate_and_key(body: Body, place: Place) -> None:
    """Check both halves; both are needed."""
    certificate(body.get("cert") or "", place.at("cert"))
    private_key(body.get("key") or "", place.at("key"))
