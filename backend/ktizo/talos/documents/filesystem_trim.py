"""FilesystemTrimConfig: how often all filesystems give freed blocks back."""

from ktizo.talos.documents.durations import nanoseconds
from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import Body, Kind
from ktizo.talos.documents.scalars import DURATION
from ktizo.talos.documents.shape import plain


def _check(body: Body, place: Place) -> None:
    if nanoseconds(body.get("interval") or "0") < 0:
        place.at("interval").refuse("interval cannot be negative")


KIND = Kind("FilesystemTrimConfig", "1.14", plain(interval=DURATION), _check)
build = KIND.build
