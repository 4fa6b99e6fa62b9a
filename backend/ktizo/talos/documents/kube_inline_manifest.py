"""KubeInlineManifestConfig: Kubernetes manifests applied when the cluster comes up."""

from typing import Any

from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import NAME, Body, Kind
from ktizo.talos.documents.rules import manifest_name
from ktizo.talos.documents.scalars import TEXT
from ktizo.talos.documents.shape import kept, plain


def _check(body: Body, place: Place) -> None:
    manifest_name(body, place)


KIND = Kind(
    "KubeInlineManifestConfig",
    "1.14",
    plain(name=NAME, manifest=kept(TEXT)),
    _check,
)


def build(name: str, *, manifest: str) -> dict[str, Any]:
    """Make a KubeInlineManifestConfig from YAML text."""
    return KIND.build(name=name, manifest=manifest)
