"""ExternalVolumeConfig: a filesystem the hypervisor shares in."""

from typing import Any

from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import NAME, Body, Kind
from ktizo.talos.documents.rules import volume_name
from ktizo.talos.documents.scalars import BOOL, TEXT, one_of
from ktizo.talos.documents.shape import kept, plain, struct


def _check(body: Body, place: Place) -> None:
    volume_name(body, place)
    if body.get("filesystemType") != "virtiofs":
        place.at("filesystemType").refuse("is required; virtiofs is the only one")
    share = (body.get("mount") or {}).get("virtiofs")
    if share is None:
        place.at("mount", "virtiofs").refuse("is required")
    elif not share.get("tag"):
        place.at("mount", "virtiofs", "tag").refuse("is required")


KIND = Kind(
    "ExternalVolumeConfig",
    "1.13",
    plain(
        name=NAME,
        filesystemType=kept(one_of("virtiofs")),
        mount=plain(
            readOnly=BOOL, disableAccessTime=BOOL, secure=BOOL, virtiofs=struct(tag=kept(TEXT))
        ),
    ),
    _check,
)


def build(name: str, *, tag: str, read_only: bool | None = None) -> dict[str, Any]:
    """Make an ExternalVolumeConfig for a virtiofs share."""
    return KIND.build(
        name=name,
        filesystemType="virtiofs",
        mount={"readOnly": read_only, "virtiofs": {"tag": tag}},
    )
