"""TCPProbeConfig: the network counts as up while this endpoint answers."""

from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import NAME, Body, Kind
from ktizo.talos.documents.probe_parts import RHYTHM, check_probe
from ktizo.talos.documents.scalars import DURATION, TEXT
from ktizo.talos.documents.shape import kept, plain


def _check(body: Body, place: Place) -> None:
    check_probe(body, place)
    if not body.get("endpoint"):
        place.at("endpoint").refuse("TCP probe endpoint is required")


KIND = Kind(
    "TCPProbeConfig",
    "1.13",
    plain({"name": NAME, **RHYTHM, "endpoint": kept(TEXT), "timeout": DURATION}),
    _check,
)
build = KIND.build
