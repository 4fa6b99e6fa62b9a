"""NetworkRuleConfig: who may reach which ports of the node."""

from itertools import pairwise
from typing import Any

from ktizo.talos.documents import addresses
from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import NAME, Body, Kind
from ktizo.talos.documents.rules import required
from ktizo.talos.documents.scalars import PREFIX, one_of, spelled
from ktizo.talos.documents.shape import ListOf, Type, kept, plain, replaced


class _Port(Type):
    """A port or `from-to`; a single one stays a number."""

    pointer = False
    noun = "a port or a range of ports"

    def read(self, value: Any, place: Place) -> Any:
        if isinstance(value, list | dict | bool) or value is None:
            self.refuse_kind(value, place)
            return None
        low, dash, high = spelled(value).partition("-")
        first, last = addresses.unsigned(low, 16), addresses.unsigned(high if dash else low, 16)
        if first is None or last is None or (isinstance(value, str) and not dash):
            place.refuse(f"`{value}` is not a port or a range such as 6443-6444")
            return None
        return first if first == last else f"{first}-{last}"


def _bounds(port: int | str) -> tuple[int, int]:
    low, _, high = str(port).partition("-")
    return int(low), int(high or low)


def _check(body: Body, place: Place) -> None:
    required(body, place, "name")
    ports = (body.get("portSelector") or {}).get("ports") or []
    here = place.at("portSelector", "ports")
    if not ports:
        here.refuse("portSelector.ports is required")
    ranges = [_bounds(port) for port in ports if port is not None]
    for index, (low, high) in enumerate(ranges):
        if low > high:
            here.at(index).refuse(f"invalid port range: {low}-{high}")
    ordered = sorted(ranges)
    if any(after[0] <= before[1] for before, after in pairwise(ordered)):
        here.refuse("port ranges must not overlap")
    for index, source in enumerate(body.get("ingress") or ()):
        if not source.get("subnet"):
            place.at("ingress", index, "subnet").refuse("invalid subnet: it is required")


KIND = Kind(
    "NetworkRuleConfig",
    "1.9",
    plain(
        name=NAME,
        portSelector=kept(
            plain(
                ports=kept(replaced(ListOf(_Port()))),
                protocol=kept(one_of("tcp", "udp", "icmp", "icmpv6")),
            )
        ),
        ingress=kept(replaced(ListOf(plain({"subnet": kept(PREFIX), "except": PREFIX})))),
    ),
    _check,
)


def build(
    name: str, *, ports: tuple[int | str, ...], protocol: str, sources: tuple[str, ...]
) -> dict[str, Any]:
    """Make a NetworkRuleConfig that lets `sources` (subnets) reach `ports`."""
    return KIND.build(
        name=name,
        portSelector={"ports": list(ports), "protocol": protocol},
        ingress=[{"subnet": source} for source in sources],
    )
