"""VolumeConfig: the system's own volumes, by their partition label."""

from typing import Any

from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import NAME, Body, Kind
from ktizo.talos.documents.scalars import BOOL
from ktizo.talos.documents.shape import plain, since
from ktizo.talos.documents.versions import Minor
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

# Names people use for a volume Talos calls otherwise.
SPELLINGS = {"IMAGE-CACHE": "IMAGECACHE"}
_NAMES: dict[str, Minor] = {
    "STATE": (1, 11),
    "EPHEMERAL": (1, 9),
    "IMAGECACHE": (1, 9),
    "ETCD": (1, 14),
    "CRI": (1, 14),
    "KUBELET": (1, 14),
    "LOG": (1, 14),
}
_WITH_OWN_PARTITION = ("ETCD", "CRI", "KUBELET", "LOG")


def _check(body: Body, place: Place) -> None:
    name = body.get("name", "")
    known = [volume for volume, first in _NAMES.items() if first <= place.version]
    if name not in known:
        hint = f"; Talos calls it {SPELLINGS[name]}" if name in SPELLINGS else ""
        place.at("name").refuse(f"only {', '.join(known)} volumes are supported{hint}")
        return
    _check_sections(name, body, place)
    check_provisioning(body, place, needed=False)
    check_encryption(body, place)
    check_upkeep(body, place)


def _check_sections(name: str, body: Body, place: Place) -> None:
    provisioned = not PROVISIONING.unset(body.get("provisioning"))
    mounted = bool(body.get("mount"))
    if name == "STATE":
        if provisioned:
            place.at("provisioning").refuse("is not allowed for the STATE volume")
        for index, key in enumerate((body.get("encryption") or {}).get("keys") or ()):
            if key.get("lockToState"):
                here = place.at("encryption", "keys", index, "lockToState")
                here.refuse("a state-locked key is not allowed for the STATE volume")
    if mounted and name in ("STATE", "IMAGECACHE"):
        place.at("mount").refuse(f"is not allowed for the {name} volume")
    if body.get("filesystem") and name == "IMAGECACHE":
        place.at("filesystem").refuse("is not allowed for the IMAGECACHE volume")
    if mounted and name in _WITH_OWN_PARTITION and not provisioned:
        place.at("mount").refuse(f"needs provisioning: {name} is a directory without it")


KIND = Kind(
    "VolumeConfig",
    "1.9",
    plain(
        name=NAME,
        provisioning=PROVISIONING,
        filesystem=since("1.14", plain(xfs=XFS)),
        encryption=since("1.11", ENCRYPTION),
        mount=since("1.13", plain(secure=BOOL, disableAccessTime=since("1.14", BOOL))),
        trim=since("1.14", TRIM),
        scrub=since("1.14", SCRUB),
    ),
    _check,
)


def build(
    name: str,
    *,
    disk_selector: str | None = None,
    grow: bool | None = None,
    min_size: str | None = None,
    max_size: str | None = None,
    encryption: dict[str, Any] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """Make a VolumeConfig; `IMAGE-CACHE` becomes IMAGECACHE, sizes are text such as `10GiB`."""
    return KIND.build(
        name=SPELLINGS.get(name, name),
        provisioning={
            "diskSelector": {"match": disk_selector},
            "grow": grow,
            "minSize": min_size,
            "maxSize": max_size,
        },
        encryption=encryption,
        **more,
    )
