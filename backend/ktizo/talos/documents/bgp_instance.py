"""BGPInstanceConfig: a BGP speaker on the node."""

import ipaddress
from itertools import combinations
from typing import Any

from ktizo.talos.documents import addresses
from ktizo.talos.documents.durations import nanoseconds
from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import NAME, Body, Kind
from ktizo.talos.documents.scalars import (
    ADDRESS,
    BOOL,
    DURATION,
    PREFIX,
    TEXT,
    TRUTH,
    U8,
    U32,
)
from ktizo.talos.documents.shape import ListOf, kept, plain, replaced, struct


def _check(body: Body, place: Place) -> None:
    if not body.get("name"):
        place.at("name").refuse("name must be specified")
    if not body.get("localASN"):
        place.at("localASN").refuse("localASN must be specified")
    router = body.get("routerID")
    if router and addresses.address(router).version != 4:
        place.at("routerID").refuse("routerID must be an IPv4 address")
    _check_neighbors(body, place)
    _check_imports(body, place)


def _check_neighbors(body: Body, place: Place) -> None:
    neighbors = body.get("neighbors") or []
    if not neighbors:
        place.at("neighbors").warn("BGPInstanceConfig has no neighbors configured")
    seen: set[str] = set()
    for index, neighbor in enumerate(neighbors):
        here = place.at("neighbors", index)
        _check_neighbor(neighbor, bool(body.get("vrf")), here)
        address, link = neighbor.get("address") or "", neighbor.get("link") or ""
        if bool(address) == bool(link):
            here.refuse("exactly one of address or link must be set")
        elif (key := address or link) in seen:
            here.refuse(f"duplicate neighbor {key!r}")
        seen.add(address or link)


def _check_neighbor(neighbor: Body, in_vrf: bool, place: Place) -> None:
    bfd = neighbor.get("bfd")
    if bfd is not None and in_vrf:
        place.at("bfd").refuse("bfd is not supported for VRF-bound BGP instances")
    times: list[tuple[Any, Place]] = [(neighbor.get("holdTime"), place.at("holdTime"))]
    for key in ("transmitInterval", "receiveInterval"):
        times.append(((bfd or {}).get(key), place.at("bfd", key)))
    for text, here in times:
        if nanoseconds(text or "0") < 0:
            here.refuse("must not be negative")


def _check_imports(body: Body, place: Place) -> None:
    sources: set[str] = set()
    networks: list[tuple[Place, Any]] = []
    for index, route in enumerate(body.get("importRoutes") or ()):
        here, source = place.at("importRoutes", index), route.get("bgpInstance") or ""
        _check_source(source, body, sources, here.at("bgpInstance"))
        sources.add(source)
        if not route.get("prefixes"):
            here.at("prefixes").refuse("at least one prefix must be specified")
        for number, text in enumerate(route.get("prefixes") or ()):
            networks += _network(text, here.at("prefixes", number))
    for (_, one), (there, other) in combinations(networks, 2):
        if one.version == other.version and one.overlaps(other):
            there.refuse(f"prefix {other} overlaps {one}")


def _check_source(source: str, body: Body, sources: set[str], place: Place) -> None:
    if not source:
        place.refuse("bgpInstance must be specified")
    elif source == body.get("name"):
        place.refuse("cannot import from the same BGP instance")
    elif source in sources:
        place.refuse(f"duplicate source BGP instance {source!r}")


def _network(text: str, place: Place) -> list[tuple[Place, Any]]:
    try:
        return [(place, ipaddress.ip_network(text))]
    except ValueError:
        place.refuse(f"prefix {text} must be masked: no bits set beyond its length")
        return []


KIND = Kind(
    "BGPInstanceConfig",
    "1.14",
    plain(
        name=NAME,
        vrf=TEXT,
        localASN=kept(U32),
        routerID=ADDRESS,
        routeSource=ADDRESS,
        advertise=replaced(ListOf(TEXT)),
        multipath=BOOL,
        maxPaths=U8,
        installRoutes=BOOL,
        importRoutes=replaced(ListOf(plain(bgpInstance=kept(TEXT), prefixes=kept(ListOf(PREFIX))))),
        neighbors=replaced(
            ListOf(
                plain(
                    address=ADDRESS,
                    link=TEXT,
                    peerASN=U32,
                    localASN=U32,
                    passive=TRUTH,
                    holdTime=DURATION,
                    bfd=struct(
                        transmitInterval=DURATION, receiveInterval=DURATION, detectMultiplier=U8
                    ),
                )
            )
        ),
    ),
    _check,
)
build = KIND.build
