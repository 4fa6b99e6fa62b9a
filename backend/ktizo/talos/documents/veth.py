"""VethConfig: two ends of a virtual cable."""

import re

from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import NAME, Body, Kind
from ktizo.talos.documents.link_parts import COMMON, check_common, other_link_kinds
from ktizo.talos.documents.shape import plain

# The kernel's IFNAMSIZ is 16 with its zero byte; `/`, `:` and blanks would break sysfs and tools.
_LINK = re.compile(r"[^\s/:\x00-\x1f\x7f]{1,15}")


def _check(body: Body, place: Place) -> None:
    peer = body.get("peer") or {}
    for name, here in (
        (body.get("name", ""), place.at("name")),
        (peer.get("name", ""), place.at("peer", "name")),
    ):
        if not _LINK.fullmatch(name) or name in (".", "..") or len(name.encode()) > 15:
            here.refuse("must be specified, 1 to 15 bytes without blanks, '/' or ':'")
    if body.get("name") and body.get("name") == peer.get("name"):
        place.at("peer", "name").refuse("name and peer name must be different")
    check_common(body, place)
    check_common(peer, place.at("peer"))


KIND = Kind(
    "VethConfig",
    "1.14",
    plain({"name": NAME, "peer": plain({"name": NAME, **COMMON}), **COMMON}),
    _check,
    clashes_with=other_link_kinds("VethConfig"),
)
build = KIND.build
