"""KubeStaticPodConfig: a pod the kubelet runs without asking kube-apiserver."""

from typing import Any

from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import NAME, Body, Kind
from ktizo.talos.documents.rules import manifest_name
from ktizo.talos.documents.shape import Unstructured, kept, plain


def _check(body: Body, place: Place) -> None:
    manifest_name(body, place)
    if not body.get("pod"):
        place.at("pod").refuse("static pod spec is required")


KIND = Kind("KubeStaticPodConfig", "1.14", plain(name=NAME, pod=kept(Unstructured())), _check)


def build(name: str, *, pod: dict[str, Any]) -> dict[str, Any]:
    """Make a KubeStaticPodConfig."""
    return KIND.build(name=name, pod=pod)
