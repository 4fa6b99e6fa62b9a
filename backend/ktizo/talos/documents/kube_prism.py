"""KubePrismConfig: a load balancer for kube-apiserver on every node."""

from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import Body, Kind
from ktizo.talos.documents.scalars import INT, TEXT
from ktizo.talos.documents.shape import kept, plain


def _check(body: Body, place: Place) -> None:
    port = body.get("port", 0)
    if not 1 <= port <= 65535:
        place.at("port").refuse(f"invalid port {port}: must be in range 1-65535")


KIND = Kind(
    "KubePrismConfig",
    "1.14",
    plain(port=kept(INT), tlsServerName=TEXT),
    _check,
    legacy=("machine.features.kubePrism",),
)
build = KIND.build
