"""KubeServiceAccountConfig: how service account tokens are signed and which are accepted."""

from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import Body, Kind
from ktizo.talos.documents.pem import private_key
from ktizo.talos.documents.scalars import TEXT, URL
from ktizo.talos.documents.shape import ListOf, kept, plain


def _check(body: Body, place: Place) -> None:
    issuer, here = body.get("issuer") or {}, place.at("issuer")
    private_key(issuer.get("privateKey") or "", here.at("privateKey"))
    if not issuer.get("issuerURL"):
        here.at("issuerURL").refuse("service issuer URL is required")


KIND = Kind(
    "KubeServiceAccountConfig",
    "1.14",
    plain(
        issuer=kept(plain(privateKey=kept(TEXT), issuerURL=kept(URL))),
        accepted=plain(publicKeys=ListOf(TEXT), issuers=ListOf(URL), audiences=ListOf(TEXT)),
    ),
    _check,
    legacy=("cluster.serviceAccount",),
    control_plane_only=True,
)
build = KIND.build
