"""KubeAuditPolicyConfig: what kube-apiserver writes to its audit log."""

from typing import Any

from ktizo.talos.documents.kind import Kind
from ktizo.talos.documents.shape import Unstructured, kept, plain, replaced

KIND = Kind(
    "KubeAuditPolicyConfig",
    "1.14",
    plain(configuration=kept(replaced(Unstructured()))),
    legacy=("cluster.apiServer.auditPolicy",),
    control_plane_only=True,
)


def build(configuration: dict[str, Any]) -> dict[str, Any]:
    """Make a KubeAuditPolicyConfig."""
    return KIND.build(configuration=configuration)
