"""KubeNodeConfig: labels, annotations, taints and addresses of the Kubernetes node."""

from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import Body, Kind
from ktizo.talos.documents.rules import node_annotations, node_labels, node_taints, subnets
from ktizo.talos.documents.scalars import BOOL, TEXT
from ktizo.talos.documents.shape import ListOf, MapOf, kept, plain


def _check(body: Body, place: Place) -> None:
    addresses = (body.get("nodeIP") or {}).get("validSubnets") or ()
    subnets(addresses, place.at("nodeIP", "validSubnets"))
    node_labels(body.get("labels") or {}, place.at("labels"))
    node_annotations(body.get("annotations") or {}, place.at("annotations"))
    node_taints(body.get("taints") or {}, place.at("taints"))


KIND = Kind(
    "KubeNodeConfig",
    "1.14",
    plain(
        skipNodeRegistration=BOOL,
        registerWithFQDN=BOOL,
        nodeIP=kept(plain(validSubnets=ListOf(TEXT))),
        labels=MapOf(TEXT),
        annotations=MapOf(TEXT),
        taints=MapOf(TEXT),
    ),
    _check,
    legacy=(
        "cluster.allowSchedulingOnControlPlanes",
        "cluster.allowSchedulingOnMasters",
        "machine.kubelet.skipNodeRegistration",
        "machine.kubelet.registerWithFQDN",
        "machine.kubelet.nodeIP",
        "machine.nodeLabels",
        "machine.nodeAnnotations",
        "machine.nodeTaints",
    ),
)
build = KIND.build
