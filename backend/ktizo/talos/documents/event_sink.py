"""EventSinkConfig: where the node sends its events (gRPC without TLS)."""

from typing import Any

from ktizo.talos.documents import addresses
from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import Body, Kind
from ktizo.talos.documents.scalars import TEXT
from ktizo.talos.documents.shape import kept, plain


def _check(body: Body, place: Place) -> None:
    try:
        addresses.split_host_port(body.get("endpoint") or "")
    except ValueError as error:
        place.at("endpoint").refuse(f"event sink endpoint: {error}")


KIND = Kind("EventSinkConfig", "1.9", plain(endpoint=kept(TEXT)), _check)


def build(endpoint: str) -> dict[str, Any]:
    """Make an EventSinkConfig; `endpoint` is `host:port`."""
    return KIND.build(endpoint=endpoint)
