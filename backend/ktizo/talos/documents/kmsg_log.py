"""KmsgLogConfig: where the node sends its kernel log, as JSON lines."""

from typing import Any

from ktizo.talos.documents import addresses
from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import NAME, Body, Kind
from ktizo.talos.documents.rules import required
from ktizo.talos.documents.scalars import URL
from ktizo.talos.documents.shape import kept, plain


def _check(body: Body, place: Place) -> None:
    required(body, place, "name")
    text, here = body.get("url"), place.at("url")
    if not text:
        here.refuse("url is required")
        return
    parts = addresses.url(text)
    if parts.scheme not in ("tcp", "udp"):
        here.refuse("url scheme must be tcp:// or udp://")
    if parts.path not in ("", "/"):
        here.refuse("url path must be empty")
    if not addresses.port(parts):
        here.refuse("url port is required")


KIND = Kind("KmsgLogConfig", "1.9", plain(name=NAME, url=kept(URL)), _check)


def build(name: str, *, url: str) -> dict[str, Any]:
    """Make a KmsgLogConfig, such as `tcp://192.0.2.1:8091/`."""
    return KIND.build(name=name, url=url)
