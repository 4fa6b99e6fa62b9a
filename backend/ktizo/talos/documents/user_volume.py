"""UserVolumeConfig: a volume for workloads, mounted at /var/mnt/<name>."""

from typing import Any

from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import NAME, Body, Kind
from ktizo.talos.documents.rules import volume_name
from ktizo.talos.documents.scalars import BOOL, one_of
from ktizo.talos.documents.shape import plain, since
from ktizo.talos.documents.volume_parts import (
    ENCRYPTION,
    PROVISIONING,
    SCRUB,
    TRIM,
    XFS,
    check_encryption,
    check_provisioning,
    check_upkeep,
)


def _check(body: Body, place: Place) -> None:
    volume_name(body, place)
    kind = body.get("volumeType") or "partition"
    if kind == "directory":
        for section in ("provisioning", "encryption", "filesystem"):
            if not KIND.fields.fields[section].type.unset(body.get(section)):
                place.at(section).refuse("is invalid for volumeType directory")
    else:
        check_provisioning(body, place, needed=True, sized=kind != "disk")
        _check_filesystem(body, place)
        check_encryption(body, place)
    check_upkeep(body, place)


def _check_filesystem(body: Body, place: Place) -> None:
    spec, here = body.get("filesystem") or {}, place.at("filesystem")
    kind = spec.get("type") or "xfs"
    if kind == "btrfs" and place.version < (1, 14):
        here.at("type").refuse("btrfs is known from Talos v1.14 on")
    if kind != "xfs" and spec.get("projectQuotaSupport"):
        here.at("projectQuotaSupport").refuse("is only available for an xfs filesystem")
    if kind != "xfs" and spec.get("xfs"):
        here.at("xfs").refuse("options are only for an xfs filesystem")


KIND = Kind(
    "UserVolumeConfig",
    "1.10",
    plain(
        name=NAME,
        volumeType=since("1.12", one_of("directory", "disk", "partition")),
        provisioning=PROVISIONING,
        filesystem=plain(
            type=one_of("ext4", "xfs", "btrfs"),
            projectQuotaSupport=since("1.11", BOOL),
            xfs=since("1.14", XFS),
        ),
        encryption=ENCRYPTION,
        mount=since("1.13", plain(disableAccessTime=BOOL, secure=BOOL)),
        trim=since("1.14", TRIM),
        scrub=since("1.14", SCRUB),
    ),
    _check,
    clashes_with=("ExistingVolumeConfig",),
)


def build(
    name: str,
    *,
    volume_type: str | None = None,
    disk_selector: str | None = None,
    grow: bool | None = None,
    min_size: str | None = None,
    max_size: str | None = None,
    filesystem: str | None = None,
    encryption: dict[str, Any] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """Make a UserVolumeConfig; without a type it is a partition, without a filesystem xfs."""
    return KIND.build(
        name=name,
        volumeType=volume_type,
        provisioning={
            "diskSelector": {"match": disk_selector},
            "grow": grow,
            "minSize": min_size,
            "maxSize": max_size,
        },
        filesystem={"type": filesystem},
        encryption=encryption,
        **more,
    )
