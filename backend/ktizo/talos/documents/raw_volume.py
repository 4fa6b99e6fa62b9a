"""RawVolumeConfig: an unformatted partition, labelled r-<name>, for a storage system to take."""

from typing import Any

from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import NAME, Body, Kind
from ktizo.talos.documents.rules import volume_name
from ktizo.talos.documents.shape import plain
from ktizo.talos.documents.volume_parts import (
    ENCRYPTION,
    PROVISIONING,
    check_encryption,
    check_provisioning,
)


def _check(body: Body, place: Place) -> None:
    volume_name(body, place)
    check_provisioning(body, place, needed=True)
    check_encryption(body, place)


KIND = Kind(
    "RawVolumeConfig",
    "1.11",
    plain(name=NAME, provisioning=PROVISIONING, encryption=ENCRYPTION),
    _check,
)


def build(
    name: str,
    *,
    disk_selector: str,
    grow: bool | None = None,
    min_size: str | None = None,
    max_size: str | None = None,
    encryption: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Make a RawVolumeConfig; one of the sizes is needed."""
    return KIND.build(
        name=name,
        provisioning={
            "diskSelector": {"match": disk_selector},
            "grow": grow,
            "minSize": min_size,
            "maxSize": max_size,
        },
        encryption=encryption,
    )
