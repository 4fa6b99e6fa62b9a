"""Which files of the mirror nobody needs."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from ktizo.images.image import Part


@dataclass(frozen=True, kw_only=True)
class Held:
    """A file of the mirror, as far as its being needed goes."""

    id: int
    schematic: str
    build: str  # image.build_key
    part: str
    sha256: str | None  # None: not there
    coming: bool  # wanted by somebody, and on its way
    since: datetime  # when it was stored, or asked for


def unused(held: Iterable[Held], in_use: set[str], before: datetime) -> list[int]:
    """Return the ids of files that are neither in use nor on their way, and older than `before`.

    `in_use` names contents by SHA-256, builds as `<schematic>/<version>`, or whole schematics. A
    build's command line (some 200 bytes) stays as long as any of its contents is in use.
    """
    files = list(held)
    builds = {one.build for one in files if one.sha256 in in_use}
    return [
        one.id
        for one in files
        if not one.coming
        and one.since < before
        and not in_use & {one.schematic, one.build, one.sha256}
        and not (one.part == Part.CMDLINE and one.build in builds)
    ]
