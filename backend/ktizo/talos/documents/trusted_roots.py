"""TrustedRootsConfig: further certificate authorities the node trusts."""

from typing import Any

from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import NAME, Body, Kind
from ktizo.talos.documents.rules import required
from ktizo.talos.documents.scalars import TEXT
from ktizo.talos.documents.shape import kept, plain


def _check(body: Body, place: Place) -> None:
    required(body, place, "name")


KIND = Kind("TrustedRootsConfig", "1.9", plain(name=NAME, certificates=kept(TEXT)), _check)


def build(name: str, *, certificates: str) -> dict[str, Any]:
    """Make a TrustedRootsConfig from PEM text."""
    return KIND.build(name=name, certificates=certificates)
