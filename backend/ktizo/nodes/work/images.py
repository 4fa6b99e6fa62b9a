"""Which image a config runs a component of Kubernetes from, and the same config with another. Pure.

Up to 1.13 images are fields of the v1alpha1 document, from 1.14 on of documents of their own; a
node may still run a config from before (talos.md §3, §10).
"""

from typing import Any

from ktizo.core import yaml
from ktizo.core.errors import Invalid
from ktizo.talos.compatibility import parse

STATIC = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
PROXY, KUBELET = "kube-proxy", "kubelet"
_FIELDS = {
    "kube-apiserver": ("cluster", "apiServer"),
    "kube-controller-manager": ("cluster", "controllerManager"),
    "kube-scheduler": ("cluster", "scheduler"),
    PROXY: ("cluster", "proxy"),
    KUBELET: ("machine", "kubelet"),
}
_KINDS = {
    "kube-apiserver": "KubeAPIServerConfig",
    "kube-controller-manager": "KubeControllerManagerConfig",
    "kube-scheduler": "KubeSchedulerConfig",
    PROXY: "KubeProxyConfig",
    KUBELET: "KubeletConfig",
}
_SPLIT = "KubeClusterConfig"  # every config in documents has it


def image_in(config: str, component: str) -> str | None:
    """Return the image of a component; None where it does not run, or Talos's default does."""
    documents = _documents(config)
    own = _own(documents, component)
    if own is None:
        section, name = _FIELDS[component]
        own = (_legacy(documents).get(section) or {}).get(name) or {}
    if own.get("enabled") is False or own.get("disabled") is True:
        return None
    image = own.get("image")
    return str(image) if image else None


def with_image(config: str, component: str, image: str) -> str:
    """Return `config` with another image for one component, and nothing else changed."""
    documents = _documents(config)
    own = _own(documents, component)
    if own is not None:
        own["image"] = image
    elif any(one.get("kind") == _SPLIT for one in documents):
        documents.append({"apiVersion": "v1alpha1", "kind": _KINDS[component], "image": image})
    else:
        section, name = _FIELDS[component]
        above = _legacy(documents)
        for key in (section, name):
            if not isinstance(above.get(key), dict):
                above[key] = {}
            above = above[key]
        above["image"] = image
    return yaml.dump_all(documents)


def version_of(image: str) -> tuple[int, int, int] | None:
    """Return the version an image's tag says; None when it says none."""
    tag = image.partition("@")[0].rpartition(":")[2]
    try:
        return parse(tag)
    except Invalid:
        return None


def same_image(shown: str, wanted: str) -> bool:
    """Say whether a pod shows the image that was wanted; registries may be rewritten by mirrors."""
    return shown.rpartition("/")[2] == wanted.rpartition("/")[2]


def _documents(config: str) -> list[dict[str, Any]]:
    return [one for one in yaml.load_all(config) if isinstance(one, dict)]


def _own(documents: list[dict[str, Any]], component: str) -> dict[str, Any] | None:
    kind = _KINDS[component]
    return next((one for one in documents if one.get("kind") == kind), None)


def _legacy(documents: list[dict[str, Any]]) -> dict[str, Any]:
    found = next((one for one in documents if "kind" not in one), None)
    if found is None:
        raise Invalid("the node runs no complete config")
    return found
