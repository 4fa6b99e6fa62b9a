"""The Talos image droplets are made from: a custom image of the account, uploaded beforehand.

Source: digitalocean/openapi 7c1300c4 (2026-08-07), schema `image`: `status` NEW, pending,
available, deleted or retired; `regions` where it can be used; `min_disk_size` in GB.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ktizo.providers.errors import NotYet, Rejected
from ktizo.providers.fields import at, number, text, words

HOW = "make one from Talos' digital-ocean-amd64.raw.gz and name it in the account's settings"


@dataclass(frozen=True, slots=True)
class Image:
    """A custom image. `disk_gb` is what a droplet needs at least."""

    id: str
    name: str
    status: str
    public: bool
    regions: tuple[str, ...]
    disk_gb: int


def read(given: Any) -> Image:
    """Read an image."""
    return Image(
        id=text(given, "id"),
        name=text(given, "name"),
        status=text(given, "status"),
        public=at(given, "public") is True,
        regions=words(given, "regions"),
        disk_gb=int(number(given, "min_disk_size")),
    )


def named(name: str, found: Sequence[Image]) -> Image:
    """Return the one image of that name; raises Rejected when there is none, or more than one."""
    same = [one for one in found if one.name == name]
    if not same:
        raise Rejected(f"the account has no custom image {name!r}; {HOW}")
    if len(same) > 1:
        numbers = ", ".join(one.id for one in same)
        raise Rejected(f"{len(same)} images are named {name!r}; name one by its number: {numbers}")
    return same[0]


def insist_on(image: Image, regions: Sequence[str]) -> None:
    """Refuse an image that cannot be used in every one of these regions."""
    if image.public:
        raise Rejected(f"image {image.name!r} is DigitalOcean's own and has no Talos in it; {HOW}")
    if image.status in {"NEW", "pending"}:
        raise NotYet(f"image {image.name!r} is still being imported: wait, then ask again")
    if image.status != "available":
        raise Rejected(
            f"image {image.name!r} cannot be used ({image.status or 'no status'}); {HOW}"
        )
    missing = [region for region in regions if region not in image.regions]
    if missing:
        raise Rejected(
            f"image {image.name!r} is not in {', '.join(missing)}; add the region to the image at "
            "DigitalOcean, or take another region"
        )
