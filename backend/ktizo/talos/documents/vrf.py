"""VRFConfig: links with a routing table of their own."""

from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import NAME, Body, Kind
from ktizo.talos.documents.link_parts import COMMON, check_link, other_link_kinds
from ktizo.talos.documents.scalars import MAC, TEXT
from ktizo.talos.documents.shape import ListOf, plain

_RESERVED = ("", "0", "unspec", "local", "main", "default", "253", "254", "255")


def _check(body: Body, place: Place) -> None:
    check_link(body, place)
    if (table := body.get("table") or "") in _RESERVED:
        place.at("table").refuse(f"cannot create vrf with reserved table {table!r}")


KIND = Kind(
    "VRFConfig",
    "1.13",
    plain({"name": NAME, "hardwareAddr": MAC, "links": ListOf(TEXT), "table": TEXT, **COMMON}),
    _check,
    clashes_with=other_link_kinds("VRFConfig"),
)
build = KIND.build
