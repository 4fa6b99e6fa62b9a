"""FilesystemScrubConfig: how often filesystems are checked while mounted."""

from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import Body, Kind
from ktizo.talos.documents.scalars import DURATION
from ktizo.talos.documents.shape import plain
from ktizo.talos.documents.volume_parts import check_scrub_interval


def _check(body: Body, place: Place) -> None:
    check_scrub_interval(body.get("interval"), place.at("interval"))


KIND = Kind("FilesystemScrubConfig", "1.14", plain(interval=DURATION), _check)
build = KIND.build
