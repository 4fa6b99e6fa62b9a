"""KubeletConfig: the kubelet's image, flags and configuration."""

from collections.abc import Iterable

from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import Body, Kind
from ktizo.talos.documents.kube_parts import ARGUMENTS
from ktizo.talos.documents.scalars import BOOL, TEXT
from ktizo.talos.documents.shape import ListOf, Unstructured, kept, plain

PROTECTED_FIELDS = (
    "apiVersion", "authentication", "authorization", "cgroupRoot", "kind", "kubeletCgroups",
    "port", "protectKernelDefaults", "resolvConf", "rotateCertificates", "systemCgroups",
    "staticPodPath", "seccompDefault",
)  # fmt: skip


def check_overrides(fields: Iterable[str], place: Place) -> None:
    """Refuse what Talos sets in the kubelet's configuration itself."""
    for field in fields:
        if field in PROTECTED_FIELDS:
            place.at(field).refuse(f"kubelet configuration field {field!r} can't be overridden")


def _check(body: Body, place: Place) -> None:
    if not body.get("image"):
        place.at("image").refuse("kubelet image cannot be empty")
    check_overrides(body.get("config") or (), place.at("config"))


KIND = Kind(
    "KubeletConfig",
    "1.14",
    plain(
        image=kept(TEXT),
        config=kept(Unstructured()),
        extraArgs=ARGUMENTS,
        clusterDNS=ListOf(TEXT),
        defaultRuntimeSeccompProfileEnabled=BOOL,
    ),
    _check,
    legacy=("machine.kubelet",),
)
build = KIND.build
