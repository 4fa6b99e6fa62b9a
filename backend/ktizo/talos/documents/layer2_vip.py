"""Layer2VIPConfig: an address the control plane nodes share on a link."""

from typing import Any

from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import NAME, Body, Kind
from ktizo.talos.documents.rules import address_name
from ktizo.talos.documents.scalars import TEXT
from ktizo.talos.documents.shape import kept, plain


def _check(body: Body, place: Place) -> None:
    address_name(body, place)
    if not body.get("link"):
        place.at("link").refuse("link must be specified")


KIND = Kind("Layer2VIPConfig", "1.12", plain(name=NAME, link=kept(TEXT)), _check)


def build(address: str, *, link: str) -> dict[str, Any]:
    """Make a Layer2VIPConfig; only control plane machines may carry it."""
    return KIND.build(name=address, link=link)
