"""What every link document shares: addresses, routes, MTU (Talos CommonLinkConfig, v1.12 on)."""

from ktizo.talos.documents import addresses
from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import Body
from ktizo.talos.documents.rules import link_name
from ktizo.talos.documents.scalars import ADDRESS, BOOL, PREFIX, TEXT, U32, U32_P
from ktizo.talos.documents.shape import Field, ListOf, Type, kept, plain

COMMON: dict[str, Type | Field] = {
    "up": BOOL,
    "mtu": U32,
    "addresses": ListOf(plain(address=kept(PREFIX), routePriority=U32_P)),
    "routes": ListOf(
        plain(
            destination=PREFIX,
            gateway=ADDRESS,
            source=ADDRESS,
            metric=U32,
            mtu=U32,
            table=TEXT,
        )
    ),
    "multicast": BOOL,
}

_LINK_KINDS = (
    "BondConfig",
    "BridgeConfig",
    "DummyLinkConfig",
    "LinkConfig",
    "VLANConfig",
    "VRFConfig",
    "VethConfig",
    "WireguardConfig",
)


def other_link_kinds(kind: str) -> tuple[str, ...]:
    """The kinds that may not describe a link of the same name."""
    return tuple(other for other in _LINK_KINDS if other != kind)


def check_link(body: Body, place: Place) -> None:
    """Check the name and what all links share."""
    link_name(body, place)
    check_common(body, place)


def check_common(body: Body, place: Place) -> None:
    """Check addresses and routes: given means a real address, never 0.0.0.0 or ::."""
    for index, item in enumerate(body.get("addresses") or ()):
        text = item.get("address")
        if not text:
            place.at("addresses", index).refuse("address must be specified")
        elif _unspecified(text):
            place.at("addresses", index, "address").refuse("must be a valid IP address")
    for index, route in enumerate(body.get("routes") or ()):
        for key in ("destination", "gateway", "source"):
            if route.get(key) and _unspecified(route[key]):
                reason = f"must not be {route[key]}; leave it out for a default route"
                place.at("routes", index, key).refuse(reason)


def _unspecified(text: str) -> bool:
    return addresses.address(text.partition("/")[0]).is_unspecified
