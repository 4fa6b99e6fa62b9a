"""StaticHostConfig: a line of /etc/hosts."""

from typing import Any

from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import NAME, Body, Kind
from ktizo.talos.documents.rules import address_name
from ktizo.talos.documents.scalars import TEXT
from ktizo.talos.documents.shape import ListOf, kept, plain


def _check(body: Body, place: Place) -> None:
    address_name(body, place)
    if not body.get("hostnames"):
        place.at("hostnames").refuse("at least one hostname is required")


KIND = Kind("StaticHostConfig", "1.12", plain(name=NAME, hostnames=kept(ListOf(TEXT))), _check)


def build(address: str, *, hostnames: tuple[str, ...]) -> dict[str, Any]:
    """Make a StaticHostConfig."""
    return KIND.build(name=address, hostnames=list(hostnames))
