"""WatchdogTimerConfig: reset the machine when it hangs."""

from typing import Any

from ktizo.talos.documents.durations import nanoseconds
from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import Body, Kind
from ktizo.talos.documents.scalars import DURATION, TEXT
from ktizo.talos.documents.shape import kept, plain

_LEAST_S = 10


def _check(body: Body, place: Place) -> None:
    if not body.get("device"):
        place.at("device").refuse("watchdog device: empty value")
    nanos = nanoseconds(body.get("timeout") or "0")
    if nanos and nanos < _LEAST_S * 10**9:
        place.at("timeout").refuse(f"watchdog timeout: minimum value is {_LEAST_S}s")


KIND = Kind("WatchdogTimerConfig", "1.9", plain(device=kept(TEXT), timeout=DURATION), _check)


def build(device: str = "/dev/watchdog0", *, timeout: str | None = None) -> dict[str, Any]:
    """Make a WatchdogTimerConfig; without a timeout Talos takes one minute."""
    return KIND.build(device=device, timeout=timeout)
