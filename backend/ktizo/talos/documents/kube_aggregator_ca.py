"""KubeAggregatorCAConfig: the authority of the aggregation layer. Plain PEM."""

from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import Body, Kind
from ktizo.talos.documents.pem import CERTIFICATE_AND_KEY, certificate, certificate_and_key
from ktizo.talos.documents.scalars import TEXT
from ktizo.talos.documents.shape import ListOf, plain


def _check(body: Body, place: Place) -> None:
    if body.get("issuingCA") is not None:
        certificate_and_key(body["issuingCA"], place.at("issuingCA"))
    else:
        place.at("issuingCA").refuse("issuing CA is not set")
    for index, text in enumerate(body.get("acceptedCAs") or ()):
        certificate(text, place.at("acceptedCAs", index))


KIND = Kind(
    "KubeAggregatorCAConfig",
    "1.14",
    plain(issuingCA=CERTIFICATE_AND_KEY, acceptedCAs=ListOf(TEXT)),
    _check,
    legacy=("cluster.aggregatorCA",),
    control_plane_only=True,
)
build = KIND.build
