"""LVMLogicalVolumeConfig: a logical volume in a volume group."""

from ktizo.talos.documents import sizes
from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import NAME, Body, Kind
from ktizo.talos.documents.lvm_volume_group import LONGEST_NAME
from ktizo.talos.documents.rules import storage_name
from ktizo.talos.documents.scalars import BYTE_SIZE, SIZE, TEXT, U32_P, one_of
from ktizo.talos.documents.shape import kept, plain


def _check(body: Body, place: Place) -> None:
    storage_name(body, place, longest=LONGEST_NAME)
    layout = body.get("type") or "linear"
    _check_count(body, "mirrors", layout, ("raid1", "raid10"), 1, place)
    _check_count(body, "stripes", layout, ("raid0", "raid10"), 2, place)
    spec, here = body.get("provisioning") or {}, place.at("provisioning")
    if not spec.get("volumeGroup"):
        here.at("volumeGroup").refuse("is required")
    most = spec.get("maxSize") or ""
    if not most:
        here.at("maxSize").refuse("is required")
    elif most.startswith("-"):
        here.at("maxSize").refuse("must not be negative")
    if sizes.exceeds(spec.get("minSize"), most):
        here.at("minSize").refuse("must not exceed maxSize")


def _check_count(
    body: Body, key: str, layout: str, layouts: tuple[str, ...], least: int, place: Place
) -> None:
    count = body.get(key)
    if count is None:
        return
    if layout not in layouts:
        place.at(key).refuse(f"is only valid for {' and '.join(layouts)}, not {layout}")
    elif count < least:
        place.at(key).refuse(f"must be at least {least}")


KIND = Kind(
    "LVMLogicalVolumeConfig",
    "1.14",
    plain(
        name=NAME,
        type=one_of("linear", "raid0", "raid1", "raid10"),
        mirrors=U32_P,
        stripes=U32_P,
        provisioning=plain(volumeGroup=kept(TEXT), minSize=BYTE_SIZE, maxSize=SIZE),
    ),
    _check,
)
build = KIND.build
