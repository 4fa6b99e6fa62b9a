"""BridgeConfig: a software switch."""

from ktizo.talos.documents.kind import NAME, Kind
from ktizo.talos.documents.link_parts import COMMON, check_link, other_link_kinds
from ktizo.talos.documents.scalars import BOOL, MAC, TEXT
from ktizo.talos.documents.shape import ListOf, plain

KIND = Kind(
    "BridgeConfig",
    "1.12",
    plain(
        {
            "name": NAME,
            "hardwareAddr": MAC,
            "links": ListOf(TEXT),
            "stp": plain(enabled=BOOL),
            "vlan": plain(filtering=BOOL),
            **COMMON,
        }
    ),
    check_link,
    clashes_with=other_link_kinds("BridgeConfig"),
)
build = KIND.build
