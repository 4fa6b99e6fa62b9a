"""SideroLinkConfig: a WireGuard tunnel to a management service."""

from ktizo.talos.documents import addresses
from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import Body, Kind
from ktizo.talos.documents.scalars import TEXT, URL
from ktizo.talos.documents.shape import kept, plain, since


def _check(body: Body, place: Place) -> None:
    text, here = body.get("apiUrl"), place.at("apiUrl")
    if not text:
        here.refuse("apiUrl is required")
        return
    parts = addresses.url(text)
    if parts.scheme not in ("https", "grpc"):
        here.refuse("apiUrl scheme must be https:// or grpc://")
    if parts.path not in ("", "/"):
        here.refuse("apiUrl path must be empty")


KIND = Kind(
    "SideroLinkConfig",
    "1.9",
    plain(apiUrl=kept(URL), uniqueToken=since("1.10", TEXT)),
    _check,
)
build = KIND.build
