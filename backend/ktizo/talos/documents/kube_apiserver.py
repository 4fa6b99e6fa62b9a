"""KubeAPIServerConfig: kube-apiserver's image, flags and certificate names."""

from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import Body, Kind
from ktizo.talos.documents.kube_parts import ARGUMENTS, RESOURCES, check_program
from ktizo.talos.documents.scalars import BOOL, INT_P, TEXT
from ktizo.talos.documents.shape import ListOf, MapOf, kept, plain

# Flags that have documents of their own.
_ELSEWHERE = {
    "anonymous-auth": "KubeAuthenticationConfig",
    "oidc-": "KubeAuthenticationConfig",
    "authentication-config": "KubeAuthenticationConfig",
    "authorization-config": "KubeAuthorizerConfig",
    "authorization-mode": "KubeAuthorizerConfig",
    "authorization-webhook-": "KubeAuthorizerConfig",
}


def _check(body: Body, place: Place) -> None:
    check_program(body, place)
    for flag in body.get("extraArgs") or {}:
        for start, document in _ELSEWHERE.items():
            if flag.startswith(start):
                place.at("extraArgs", flag).refuse(f"is not allowed: use {document}")


KIND = Kind(
    "KubeAPIServerConfig",
    "1.14",
    plain(
        image=kept(TEXT),
        extraArgs=ARGUMENTS,
        env=MapOf(TEXT),
        resources=RESOURCES,
        apiPort=INT_P,
        certExtraSANs=ListOf(TEXT),
        startupProbes=BOOL,
    ),
    _check,
    legacy=("cluster.apiServer", "cluster.controlPlane.localAPIServerPort"),
    control_plane_only=True,
)
build = KIND.build
