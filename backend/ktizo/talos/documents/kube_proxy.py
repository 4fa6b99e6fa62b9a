"""KubeProxyConfig: kube-proxy's image, mode and configuration."""

from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import Body, Kind
from ktizo.talos.documents.kube_parts import ARGUMENTS, RESOURCES, check_program
from ktizo.talos.documents.scalars import BOOL, TEXT
from ktizo.talos.documents.shape import Unstructured, kept, plain

_BEST_MODE = "nftables"
_MODES = ("iptables", "ipvs", _BEST_MODE)


def _check(body: Body, place: Place) -> None:
    check_program(body, place)
    mode = body.get("mode") or _BEST_MODE
    if body.get("enabled") is False:
        return
    if mode not in _MODES:
        place.at("mode").refuse(f"invalid proxy mode {mode!r}; known: {', '.join(_MODES)}")
    elif mode != _BEST_MODE:
        place.at("mode").warn(f"{mode!r} is not recommended, switch to {_BEST_MODE} if possible")
    if body.get("extraArgs"):
        place.at("extraArgs").warn("may not work as expected; use config instead")


KIND = Kind(
    "KubeProxyConfig",
    "1.14",
    plain(
        enabled=BOOL,
        image=kept(TEXT),
        mode=TEXT,
        config=kept(Unstructured()),
        extraArgs=ARGUMENTS,
        resources=RESOURCES,
    ),
    _check,
    legacy=("cluster.proxy",),
    control_plane_only=True,
)
build = KIND.build
