"""RegistryAuthConfig: who we are to one registry."""

from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import NAME, Body, Kind
from ktizo.talos.documents.scalars import TEXT
from ktizo.talos.documents.shape import plain


def _check(body: Body, place: Place) -> None:
    if not body.get("name"):
        place.at("name").refuse("name must be specified")
    ways = {
        "username/password": body.get("username"),
        "auth": body.get("auth"),
        "identityToken": body.get("identityToken"),
    }
    given = [way for way, value in ways.items() if value]
    if len(given) > 1:
        place.refuse(f"only one of {' or '.join(given)} authentication can be specified")


KIND = Kind(
    "RegistryAuthConfig",
    "1.12",
    plain(name=NAME, username=TEXT, password=TEXT, auth=TEXT, identityToken=TEXT),
    _check,
)
build = KIND.build
