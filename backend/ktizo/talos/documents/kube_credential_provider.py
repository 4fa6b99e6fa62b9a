"""KubeCredentialProviderConfig: programs that give the kubelet credentials for registries."""

from typing import Any

from ktizo.talos.documents.kind import Kind
from ktizo.talos.documents.shape import Unstructured, kept, plain

KIND = Kind(
    "KubeCredentialProviderConfig",
    "1.14",
    plain(configuration=kept(Unstructured())),
    legacy=("machine.kubelet.credentialProviderConfig",),
)


def build(configuration: dict[str, Any]) -> dict[str, Any]:
    """Make a KubeCredentialProviderConfig."""
    return KIND.build(configuration=configuration)
