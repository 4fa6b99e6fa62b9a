"""RAIDArrayConfig: a Linux md array over discovered volumes."""

from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import NAME, Body, Kind
from ktizo.talos.documents.rules import storage_name
from ktizo.talos.documents.scalars import one_of
from ktizo.talos.documents.shape import plain
from ktizo.talos.documents.volume_parts import VOLUME_SELECTOR, check_volume_selector

_LONGEST_NAME = 63


def _check(body: Body, place: Place) -> None:
    storage_name(body, place, longest=_LONGEST_NAME)
    check_volume_selector(body.get("provisioning") or {}, place.at("provisioning"))


KIND = Kind(
    "RAIDArrayConfig",
    "1.14",
    plain(
        name=NAME,
        level=one_of("raid1"),
        metadata=one_of("1.0", "1.2"),
        provisioning=plain(volumeSelector=VOLUME_SELECTOR),
    ),
    _check,
)
build = KIND.build
