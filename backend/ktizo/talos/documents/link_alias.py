"""LinkAliasConfig: a name of our own for a link that a selector finds."""

from typing import Any

from ktizo.talos.cel import LINK
from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import NAME, Body, Kind
from ktizo.talos.documents.rules import link_name
from ktizo.talos.documents.scalars import SELECTOR
from ktizo.talos.documents.shape import plain
from ktizo.talos.documents.volume_parts import selector


def _check(body: Body, place: Place) -> None:
    link_name(body, place)
    match, here = (body.get("selector") or {}).get("match"), place.at("selector", "match")
    if match:
        selector(match, LINK, here)
    else:
        here.refuse("link selector is required")


KIND = Kind("LinkAliasConfig", "1.12", plain(name=NAME, selector=plain(match=SELECTOR)), _check)


def build(name: str, *, selector: str) -> dict[str, Any]:
    """Make a LinkAliasConfig, such as `mac(link.permanent_addr) == "52:54:00:12:34:56"`."""
    return KIND.build(name=name, selector={"match": selector})
