"""HTTPProbeConfig: the network counts as up while this URL answers."""

from ktizo.talos.documents import addresses
from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import NAME, Body, Kind
from ktizo.talos.documents.probe_parts import RHYTHM, check_probe
from ktizo.talos.documents.scalars import DURATION, URL
from ktizo.talos.documents.shape import kept, plain


def _check(body: Body, place: Place) -> None:
    check_probe(body, place)
    text = body.get("url")
    if not text:
        place.at("url").refuse("HTTP probe URL is required")
        return
    parts = addresses.url(text)
    if parts.scheme not in ("http", "https"):
        place.at("url").refuse(f"scheme must be http or https, got {parts.scheme!r}")
    elif not parts.hostname:
        place.at("url").refuse("must be an absolute URL with a host")


KIND = Kind(
    "HTTPProbeConfig",
    "1.14",
    plain({"name": NAME, **RHYTHM, "url": kept(URL), "timeout": DURATION}),
    _check,
)
build = KIND.build
