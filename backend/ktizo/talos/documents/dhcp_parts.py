"""What DHCPv4Config and DHCPv6Config share."""

import re

from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import Body
from ktizo.talos.documents.rules import link_name
from ktizo.talos.documents.scalars import BOOL, U32, one_of, parsed
from ktizo.talos.documents.shape import Field, Type

_HEX_BYTES = re.compile(r"[0-9a-fA-F]{2}(:[0-9a-fA-F]{2})*")


def _duid(text: str) -> None:
    if not _HEX_BYTES.fullmatch(text):
        raise ValueError(f"{text!r} is not bytes in hexadecimal such as 00:01:ab")


METRIC_AND_HOSTNAME: dict[str, Type | Field] = {"routeMetric": U32, "ignoreHostname": BOOL}
IDENTITY: dict[str, Type | Field] = {
    "clientIdentifier": one_of("none", "mac", "duid"),
    "duidRaw": parsed("bytes in hexadecimal", _duid),
}


def check_dhcp(body: Body, place: Place) -> None:
    """Check the link's name, and that a DUID is given exactly when it is used."""
    link_name(body, place)
    wanted, given = body.get("clientIdentifier") == "duid", bool(body.get("duidRaw"))
    if wanted and not given:
        place.at("duidRaw").refuse("duidRaw must be set if clientIdentifier is 'duid'")
    if given and not wanted:
        place.at("duidRaw").refuse("duidRaw can only be set if clientIdentifier is 'duid'")
