"""What TCPProbeConfig and HTTPProbeConfig share."""

from ktizo.talos.documents.durations import nanoseconds
from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import Body
from ktizo.talos.documents.scalars import DURATION, INT
from ktizo.talos.documents.shape import Field, Type

RHYTHM: dict[str, Type | Field] = {"interval": DURATION, "failureThreshold": INT}


def check_probe(body: Body, place: Place) -> None:
    """Check the name, and that nothing is negative."""
    if not body.get("name"):
        place.at("name").refuse("probe name is required")
    for key in ("interval", "timeout"):
        if nanoseconds(body.get(key) or "0") < 0:
            place.at(key).refuse(f"probe {key} cannot be negative")
    if (body.get("failureThreshold") or 0) < 0:
        place.at("failureThreshold").refuse("probe failure threshold cannot be negative")
