"""LVMVolumeGroupConfig: an LVM volume group over discovered volumes."""

from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import NAME, Body, Kind
from ktizo.talos.documents.rules import storage_name
from ktizo.talos.documents.shape import plain
from ktizo.talos.documents.volume_parts import VOLUME_SELECTOR, check_volume_selector

LONGEST_NAME = 63


def _check(body: Body, place: Place) -> None:
    storage_name(body, place, longest=LONGEST_NAME)
    check_volume_selector(body.get("provisioning") or {}, place.at("provisioning"))


KIND = Kind(
    "LVMVolumeGroupConfig",
    "1.14",
    plain(name=NAME, provisioning=plain(volumeSelector=VOLUME_SELECTOR)),
    _check,
)
build = KIND.build
