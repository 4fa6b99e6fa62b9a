"""KubeTalosAPIAccessConfig: which pods may use the Talos API, with which roles."""

from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import Body, Kind
from ktizo.talos.documents.rules import roles
from ktizo.talos.documents.scalars import TEXT
from ktizo.talos.documents.shape import ListOf, plain


def _check(body: Body, place: Place) -> None:
    roles(body.get("allowedRoles") or (), place.at("allowedRoles"))


KIND = Kind(
    "KubeTalosAPIAccessConfig",
    "1.14",
    plain(allowedRoles=ListOf(TEXT), allowedKubernetesNamespaces=ListOf(TEXT)),
    _check,
    legacy=("machine.features.kubernetesTalosAPIAccess",),
    control_plane_only=True,
)
build = KIND.build
