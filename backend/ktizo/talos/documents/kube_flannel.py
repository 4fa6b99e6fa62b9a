"""KubeFlannelCNIConfig: the pod network Talos brings along."""

from typing import Any

from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import Body, Kind
from ktizo.talos.documents.kube_parts import RESOURCES, check_resources
from ktizo.talos.documents.scalars import BOOL, TEXT, U16, U32
from ktizo.talos.documents.shape import ListOf, Unstructured, kept, plain


def _check(body: Body, place: Place) -> None:
    if not body.get("backendType"):
        place.at("backendType").refuse("flannel backend type must be specified")
    check_resources(body, place)


KIND = Kind(
    "KubeFlannelCNIConfig",
    "1.14",
    plain(
        backendType=kept(TEXT),
        backendPort=U16,
        backendMTU=U32,
        backendExtraConfig=Unstructured(),
        resources=RESOURCES,
        extraArgs=ListOf(TEXT),
        kubeNetworkPoliciesEnabled=BOOL,
    ),
    _check,
    legacy=("cluster.network",),
    control_plane_only=True,
)


def build(backend: str = "vxlan", *, port: int | None = 4789, **more: Any) -> dict[str, Any]:
    """Make a KubeFlannelCNIConfig; the port is UDP."""
    return KIND.build(backendType=backend, backendPort=port, **more)
