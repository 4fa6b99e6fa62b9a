"""UnattendedInstallConfig: which disk Talos installs itself to, without being asked."""

from typing import Any

from ktizo.talos.cel import DISK
from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import Body, Kind
from ktizo.talos.documents.scalars import BOOL, SELECTOR, TEXT
from ktizo.talos.documents.shape import kept, plain
from ktizo.talos.documents.volume_parts import selector


def _check(body: Body, place: Place) -> None:
    if not (body.get("installer") or {}).get("image"):
        place.at("installer", "image").warn("is not set: only images of the Image Factory install")
    spec, here = body.get("provisioning") or {}, place.at("provisioning", "diskSelector", "match")
    match = (spec.get("diskSelector") or {}).get("match")
    if match:
        selector(match, DISK, here)
    else:
        here.refuse("is required")


KIND = Kind(
    "UnattendedInstallConfig",
    "1.14",
    plain(
        reboot=BOOL,
        installer=kept(plain(image=TEXT)),
        provisioning=kept(plain(diskSelector=plain(match=SELECTOR), wipe=BOOL)),
    ),
    _check,
    legacy=("machine.install",),
)


def build(
    *, disk_selector: str, image: str | None = None, wipe: bool | None = None
) -> dict[str, Any]:
    """Make an UnattendedInstallConfig; without `wipe` Talos does wipe the disk."""
    return KIND.build(
        installer={"image": image},
        provisioning={"diskSelector": {"match": disk_selector}, "wipe": wipe},
    )
