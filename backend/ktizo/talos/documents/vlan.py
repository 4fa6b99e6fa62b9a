"""VLANConfig: a tagged network on top of another link."""

from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import NAME, Body, Kind
from ktizo.talos.documents.link_parts import COMMON, check_link, other_link_kinds
from ktizo.talos.documents.scalars import TEXT, U16, one_of
from ktizo.talos.documents.shape import plain


def _check(body: Body, place: Place) -> None:
    check_link(body, place)
    if not 1 <= body.get("vlanID", 0) <= 4094:
        place.at("vlanID").refuse("vlanID must be specified and between 1 and 4094")
    if not body.get("parent"):
        place.at("parent").refuse("parent must be specified")


KIND = Kind(
    "VLANConfig",
    "1.12",
    plain(
        {
            "name": NAME,
            "vlanID": U16,
            "vlanMode": one_of("802.1q", "802.1ad"),
            "parent": TEXT,
            **COMMON,
        }
    ),
    _check,
    clashes_with=other_link_kinds("VLANConfig"),
)
build = KIND.build
