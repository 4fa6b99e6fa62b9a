"""TimeSyncConfig: where the node gets its time from."""

from typing import Any

from ktizo.talos.documents.durations import nanoseconds
from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import Body, Kind
from ktizo.talos.documents.scalars import BOOL, DURATION, TEXT
from ktizo.talos.documents.shape import ListOf, plain, since, struct


def _check(body: Body, place: Place) -> None:
    if nanoseconds(body.get("bootTimeout") or "0") < 0:
        place.at("bootTimeout").refuse("bootTimeout cannot be negative")
    if body.get("ntp") is not None and body.get("ptp") is not None:
        place.refuse("only one of ntp or ptp configuration can be specified")


KIND = Kind(
    "TimeSyncConfig",
    "1.12",
    plain(
        enabled=BOOL,
        bootTimeout=DURATION,
        ntp=struct(servers=ListOf(TEXT), useNTS=since("1.14", BOOL)),
        ptp=struct(devices=ListOf(TEXT)),
    ),
    _check,
    legacy=("machine.time.servers", "machine.time.bootTimeout"),
)


def build(*, servers: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
    """Make a TimeSyncConfig with NTP servers."""
    return KIND.build(ntp={"servers": list(servers)} if servers else None, **more)
