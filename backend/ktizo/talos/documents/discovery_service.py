"""DiscoveryServiceConfig: a service through which the cluster's members find each other."""

from typing import Any

from ktizo.talos.documents import addresses
from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import NAME, Body, Kind
from ktizo.talos.documents.rules import required
from ktizo.talos.documents.scalars import URL
from ktizo.talos.documents.shape import kept, plain


def _check(body: Body, place: Place) -> None:
    required(body, place, "name", "endpoint")
    text, here = body.get("endpoint"), place.at("endpoint")
    if not text:
        return
    parts = addresses.url(text)
    if parts.scheme not in ("http", "https", "grpc"):
        here.refuse("endpoint scheme must be http://, https:// or grpc://")
    elif not parts.hostname:
        here.refuse("endpoint host is required")


KIND = Kind(
    "DiscoveryServiceConfig",
    "1.14",
    plain(name=NAME, endpoint=kept(URL)),
    _check,
    legacy=("cluster.discovery",),
)


def build(
    name: str = "default", *, endpoint: str = "https://discovery.talos.dev/"
) -> dict[str, Any]:
    """Make a DiscoveryServiceConfig."""
    return KIND.build(name=name, endpoint=endpoint)
