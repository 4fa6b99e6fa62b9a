"""KubeAuthenticationConfig: how kube-apiserver knows who asks."""

from typing import Any

from ktizo.talos.documents.kind import Kind
from ktizo.talos.documents.shape import Unstructured, kept, plain

KIND = Kind(
    "KubeAuthenticationConfig",
    "1.14",
    plain(configuration=kept(Unstructured())),
    control_plane_only=True,
)


def build(configuration: dict[str, Any]) -> dict[str, Any]:
    """Make a KubeAuthenticationConfig."""
    return KIND.build(configuration=configuration)
