"""RoutingRuleConfig: which routing table a packet uses. The name is the rule's priority."""

from ktizo.talos.documents.addresses import unsigned
from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import NAME, Body, Kind
from ktizo.talos.documents.scalars import PREFIX, TEXT, U32
from ktizo.talos.documents.shape import plain

# The kernel's own rules, and KubeSpan's.
_RESERVED = (0, 32500, 32766, 32767)
_UNICAST = ("", "0", "1", "unspec", "unicast")
_NO_TABLE = ("", "0", "unspec")


def _check(body: Body, place: Place) -> None:
    name = body.get("name", "")
    if not name:
        place.at("name").refuse("name must be specified")
    elif (priority := unsigned(name, 32)) is None:
        place.at("name").refuse("invalid name: it is the priority, an unsigned number")
    elif priority in _RESERVED:
        place.at("name").refuse(
            f"priority must be between 1 and 32765, without {', '.join(map(str, _RESERVED))}"
        )
    if (body.get("table") or "") in _NO_TABLE and (body.get("action") or "") in _UNICAST:
        place.at("table").refuse("either table or a non-unicast action must be specified")
    if body.get("fwMask") and not body.get("fwMark"):
        place.at("fwMask").refuse("fwMask requires fwMark to be set")


KIND = Kind(
    "RoutingRuleConfig",
    "1.13",
    plain(
        name=NAME,
        src=PREFIX,
        dst=PREFIX,
        table=TEXT,
        action=TEXT,
        iifName=TEXT,
        oifName=TEXT,
        fwMark=U32,
        fwMask=U32,
    ),
    _check,
)
build = KIND.build
