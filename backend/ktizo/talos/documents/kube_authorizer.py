"""KubeAuthorizerConfig: one of the authorizers kube-apiserver asks, in order."""

from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import NAME, Body, Kind
from ktizo.talos.documents.scalars import TEXT
from ktizo.talos.documents.shape import Unstructured, kept, plain

TYPES = ("Node", "RBAC", "Webhook")


def _check(body: Body, place: Place) -> None:
    kind, webhook = body.get("type") or "", body.get("webhook") or {}
    if not body.get("name"):
        place.at("name").refuse("authorizer name is required")
    if kind not in TYPES:
        place.at("type").refuse(f"authorizer type {kind!r} is not one of {', '.join(TYPES)}")
    if kind == "Webhook" and not webhook:
        place.at("webhook").refuse("is required for Webhook authorizer type")
    if kind != "Webhook" and webhook:
        place.at("webhook").warn("is not used by a non-Webhook authorizer")


KIND = Kind(
    "KubeAuthorizerConfig",
    "1.14",
    plain(name=NAME, type=kept(TEXT), webhook=Unstructured()),
    _check,
    legacy=("cluster.apiServer.authorizationConfig",),
    control_plane_only=True,
)
build = KIND.build
