"""ZswapConfig: compressed swap in memory."""

from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import Body, Kind
from ktizo.talos.documents.scalars import BOOL, INT_P
from ktizo.talos.documents.shape import plain


def _check(body: Body, place: Place) -> None:
    percent = body.get("maxPoolPercent")
    if percent is not None and not 0 <= percent <= 100:
        place.at("maxPoolPercent").refuse("must be between 0 and 100")


KIND = Kind("ZswapConfig", "1.11", plain(maxPoolPercent=INT_P, shrinkerEnabled=BOOL), _check)
build = KIND.build
