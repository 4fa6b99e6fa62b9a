"""KubeClusterConfig: the cluster's name and endpoint."""

from typing import Any

from ktizo.talos.documents import addresses
from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import Body, Kind
from ktizo.talos.documents.scalars import TEXT, URL
from ktizo.talos.documents.shape import kept, plain


def _check(body: Body, place: Place) -> None:
    if not body.get("clusterName"):
        place.at("clusterName").refuse("clusterName must be specified")
    text, here = body.get("endpoint"), place.at("endpoint")
    if not text:
        here.refuse("endpoint must be specified")
    elif reason := addresses.endpoint_problem(text):
        here.refuse(f"cluster endpoint is invalid: {reason}")


KIND = Kind(
    "KubeClusterConfig",
    "1.14",
    plain(clusterName=kept(TEXT), endpoint=kept(URL)),
    _check,
    legacy=("cluster.clusterName", "cluster.controlPlane.endpoint"),
)


def build(name: str, *, endpoint: str) -> dict[str, Any]:
    """Make a KubeClusterConfig; the endpoint is `https://host:6443`."""
    return KIND.build(clusterName=name, endpoint=endpoint)
