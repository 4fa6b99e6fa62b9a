"""Volumes as Talos documents. Pure."""

from collections.abc import Callable, Mapping
from typing import Any

from ktizo.clusters.facts import VolumeFacts
from ktizo.talos.documents import raw_volume, swap_volume, user_volume, volume

Document = Mapping[str, Any]

# What people call the kind of a volume -> how Talos's document is built.
KINDS: Mapping[str, Callable[..., dict[str, Any]]] = {
    "system": volume.build,  # VolumeConfig: EPHEMERAL, IMAGECACHE and later ones
    "user": user_volume.build,  # mounted at /var/mnt/<name>
    "raw": raw_volume.build,  # a partition for somebody else, such as Ceph
    "swap": swap_volume.build,
}


def document(wanted: VolumeFacts) -> dict[str, Any]:
    """Return the document of a volume; the seed's `IMAGE-CACHE` is written `IMAGECACHE`."""
    return KINDS[wanted.kind](
        wanted.name,
        disk_selector=wanted.disk_selector,
        min_size=wanted.min_size,
        max_size=wanted.max_size,
        grow=wanted.grow,
    )


def over(before: Document | None, wanted: VolumeFacts) -> dict[str, Any]:
    """Return the document of a volume in place of `before`, whose other fields stay.

    A 1.14 config mounts EPHEMERAL securely by itself; a size must not take that away.
    """
    made = document(wanted)
    if before is None:
        return made
    kept = {name: value for name, value in before.items() if name != "provisioning"}
    return kept | ({"provisioning": made["provisioning"]} if "provisioning" in made else {})
