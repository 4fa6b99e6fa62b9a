"""KubeAdmissionControlConfig: an admission plugin of kube-apiserver."""

from typing import Any

from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import NAME, Body, Kind
from ktizo.talos.documents.shape import Unstructured, kept, plain


def _check(body: Body, place: Place) -> None:
    if not body.get("name"):
        place.at("name").refuse("admission control plugin name is required")


KIND = Kind(
    "KubeAdmissionControlConfig",
    "1.14",
    plain(name=NAME, configuration=kept(Unstructured())),
    _check,
    legacy=("cluster.apiServer.admissionControl",),
    control_plane_only=True,
)


def build(name: str, *, configuration: dict[str, Any]) -> dict[str, Any]:
    """Make a KubeAdmissionControlConfig."""
    return KIND.build(name=name, configuration=configuration)
