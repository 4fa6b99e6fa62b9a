"""RegistryTLSConfig: how to trust one registry, and our certificate for it, in plain PEM."""

from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import NAME, Body, Kind
from ktizo.talos.documents.pem import CERTIFICATE_AND_KEY, certificate, certificate_and_key
from ktizo.talos.documents.scalars import BOOL, TEXT
from ktizo.talos.documents.shape import plain


def _check(body: Body, place: Place) -> None:
    if not body.get("name"):
        place.at("name").refuse("name must be specified")
    if body.get("ca"):
        certificate(body["ca"], place.at("ca"))
    if body.get("clientIdentity") is not None:
        certificate_and_key(body["clientIdentity"], place.at("clientIdentity"))


KIND = Kind(
    "RegistryTLSConfig",
    "1.12",
    plain(name=NAME, clientIdentity=CERTIFICATE_AND_KEY, ca=TEXT, insecureSkipVerify=BOOL),
    _check,
)
build = KIND.build
