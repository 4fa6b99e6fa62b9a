"""BlackholeRouteConfig: a subnet whose packets are dropped."""

from ktizo.talos.documents import addresses
from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import NAME, Body, Kind
from ktizo.talos.documents.scalars import U32
from ktizo.talos.documents.shape import plain


def _check(body: Body, place: Place) -> None:
    if not addresses.is_prefix(body.get("name", "")):
        place.at("name").refuse("name must be a valid address prefix")


KIND = Kind("BlackholeRouteConfig", "1.13", plain(name=NAME, metric=U32), _check)
build = KIND.build
