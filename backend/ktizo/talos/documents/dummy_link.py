"""DummyLinkConfig: a link without a wire, to hold addresses."""

from ktizo.talos.documents.kind import NAME, Kind
from ktizo.talos.documents.link_parts import COMMON, check_link, other_link_kinds
from ktizo.talos.documents.scalars import MAC
from ktizo.talos.documents.shape import plain

KIND = Kind(
    "DummyLinkConfig",
    "1.12",
    plain({"name": NAME, "hardwareAddr": MAC, **COMMON}),
    check_link,
    clashes_with=other_link_kinds("DummyLinkConfig"),
)
build = KIND.build
