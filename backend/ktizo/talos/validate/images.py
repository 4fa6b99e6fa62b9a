"""Which Kubernetes a config asks for: a node refuses images whose version it does not run."""

from collections.abc import Iterator

from ktizo.core.errors import Invalid
from ktizo.talos.compatibility import TABLE, parse
from ktizo.talos.documents import legacy as legacy_fields
from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.read import Config
from ktizo.talos.documents.versions import Minor, shown
from ktizo.talos.validate import legacy

_CONTROL_PLANE_PARTS = ("apiServer", "controllerManager", "scheduler")
_KINDS = (
    "KubeletConfig",
    "KubeAPIServerConfig",
    "KubeControllerManagerConfig",
    "KubeSchedulerConfig",
    "KubeProxyConfig",
)


def check(config: Config, place: Place, *, on_node: bool) -> None:
    """Refuse, or without `on_node` warn of, images that the version would not run."""
    for document, path, image in _images(config):
        if reason := problem(image, place.version):
            here = Place(place.findings, place.version, document, path)
            (here.refuse if on_node else here.warn)(reason)


def _images(config: Config) -> Iterator[tuple[str, str, str]]:
    machine = (config.legacy or {}).get("machine") or {}
    cluster = (config.legacy or {}).get("cluster") or {}
    if image := (machine.get("kubelet") or {}).get("image"):
        yield legacy_fields.NAME, "machine.kubelet.image", image
    if legacy.is_control_plane(config.legacy):
        for part in _CONTROL_PLANE_PARTS:
            if image := (cluster.get(part) or {}).get("image"):
                yield legacy_fields.NAME, f"cluster.{part}.image", image
    for document in config.documents:
        if document.header[1] in _KINDS and (image := document.body.get("image")):
            yield document.title, "image", image


def problem(image: str, version: Minor) -> str | None:
    """Say why Talos of `version` would not run the Kubernetes image, None when it would."""
    name, _, digest = image.partition("@")
    tag = name.rpartition(":")[2] if ":" in name.rpartition("/")[2] else ""
    if not tag:
        return None if digest else f"{image!r} has no tag to tell the Kubernetes version by"
    try:
        found = parse(tag)[:2]
    except Invalid as error:
        return error.message
    low, high = TABLE[version].kubernetes
    if low <= found <= high:
        return None
    return f"Talos {shown(version)} runs Kubernetes {TABLE[version]}, not {tag}"
