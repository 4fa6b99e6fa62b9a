"""OOMConfig: when memory runs out, who has to go."""

from ktizo.talos.cel import OOM_RANKING, OOM_TRIGGER, problem
from ktizo.talos.documents.durations import nanoseconds
from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import Body, Kind
from ktizo.talos.documents.scalars import BOOL, DURATION, SELECTOR
from ktizo.talos.documents.shape import plain


def _check(body: Body, place: Place) -> None:
    for key, environment in (
        ("triggerExpression", OOM_TRIGGER),
        ("cgroupRankingExpression", OOM_RANKING),
    ):
        if body.get(key) and (reason := problem(body[key], environment)):
            place.at(key).refuse(f"expression is invalid: {reason}")
    if nanoseconds(body.get("sampleInterval") or "0") < 0:
        place.at("sampleInterval").refuse("sample interval must be positive")


KIND = Kind(
    "OOMConfig",
    "1.12",
    plain(
        triggerExpression=SELECTOR,
        cgroupRankingExpression=SELECTOR,
        strictCgroupClassOrdering=BOOL,
        sampleInterval=DURATION,
    ),
    _check,
)
build = KIND.build
