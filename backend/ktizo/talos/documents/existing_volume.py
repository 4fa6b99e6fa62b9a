"""ExistingVolumeConfig: a filesystem that is already there, found by a selector."""

from typing import Any

from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import NAME, Body, Kind
from ktizo.talos.documents.rules import volume_name
from ktizo.talos.documents.scalars import BOOL
from ktizo.talos.documents.shape import plain, since
from ktizo.talos.documents.volume_parts import (
    SCRUB,
    TRIM,
    VOLUME_SELECTOR,
    check_upkeep,
    check_volume_selector,
)


def _check(body: Body, place: Place) -> None:
    volume_name(body, place, longest=None)
    check_volume_selector(body.get("discovery") or {}, place.at("discovery"))
    check_upkeep(body, place)


KIND = Kind(
    "ExistingVolumeConfig",
    "1.11",
    plain(
        name=NAME,
        discovery=plain(volumeSelector=VOLUME_SELECTOR),
        mount=plain(
            readOnly=BOOL, disableAccessTime=since("1.13", BOOL), secure=since("1.13", BOOL)
        ),
        trim=since("1.14", TRIM),
        scrub=since("1.14", SCRUB),
    ),
    _check,
    clashes_with=("UserVolumeConfig",),
)


def build(name: str, *, selector: str, read_only: bool | None = None) -> dict[str, Any]:
    """Make an ExistingVolumeConfig, such as `volume.partition_label == "MY-DATA"`."""
    return KIND.build(
        name=name,
        discovery={"volumeSelector": {"match": selector}},
        mount={"readOnly": read_only},
    )
