"""DiscoveryIdentityConfig: by which id and key the cluster's members find each other."""

import base64
from typing import Any

from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import Body, Kind
from ktizo.talos.documents.rules import required
from ktizo.talos.documents.scalars import TEXT
from ktizo.talos.documents.shape import kept, plain

_SECRET_BYTES = 32  # an AES-256 key


def _check(body: Body, place: Place) -> None:
    required(body, place, "clusterID", "clusterSecret")
    secret, here = body.get("clusterSecret") or "", place.at("clusterSecret")
    try:
        length = len(base64.b64decode(secret, validate=True))
    except ValueError:
        here.refuse("is not standard base64")
        return
    if secret and length != _SECRET_BYTES:
        here.refuse(f"expected {_SECRET_BYTES} bytes, got {length}")


KIND = Kind(
    "DiscoveryIdentityConfig",
    "1.14",
    plain(clusterID=kept(TEXT), clusterSecret=kept(TEXT)),
    _check,
    legacy=("cluster.id", "cluster.secret"),
)


def build(*, cluster_id: str, cluster_secret: str) -> dict[str, Any]:
    """Make a DiscoveryIdentityConfig; the secret is 32 bytes in standard base64."""
    return KIND.build(clusterID=cluster_id, clusterSecret=cluster_secret)
