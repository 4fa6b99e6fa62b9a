"""ResolverConfig: name servers, search domains, and the node's own DNS cache."""

from typing import Any

from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import Body, Kind
from ktizo.talos.documents.scalars import ADDRESS, BOOL, TEXT, one_of
from ktizo.talos.documents.shape import ListOf, kept, plain, since

PLAIN_DNS = "Do53"


def _check(body: Body, place: Place) -> None:
    cache, here = body.get("hostDNS") or {}, place.at("hostDNS")
    for key in ("forwardKubeDNSToHost", "resolveMemberNames"):
        if cache.get(key) and not cache.get("enabled"):
            here.at(key).refuse("cannot be enabled when hostDNS.enabled is false")
    for index, server in enumerate(body.get("nameservers") or ()):
        _check_server(server, place.at("nameservers", index))


def _check_server(server: Body, place: Place) -> None:
    protocol = server.get("protocol") or PLAIN_DNS
    if protocol != PLAIN_DNS and not server.get("tlsServerName"):
        place.at("tlsServerName").refuse(f"must be set when protocol is {protocol}")
    if protocol == PLAIN_DNS and server.get("tlsServerName"):
        place.at("tlsServerName").refuse(f"must be empty when protocol is {PLAIN_DNS}")
    if place.version >= (1, 14) and not server.get("address"):
        place.at("address").refuse("nameserver address must be a valid IP")


KIND = Kind(
    "ResolverConfig",
    "1.12",
    plain(
        nameservers=ListOf(
            plain(
                address=kept(ADDRESS),
                protocol=since("1.14", one_of(PLAIN_DNS, "DoT", "DoH")),
                tlsServerName=since("1.14", TEXT),
            )
        ),
        searchDomains=plain(domains=ListOf(TEXT), disableDefault=BOOL),
        hostDNS=since(
            "1.14", plain(enabled=BOOL, forwardKubeDNSToHost=BOOL, resolveMemberNames=BOOL)
        ),
    ),
    _check,
    legacy=(
        "machine.network.nameservers",
        "machine.network.searchDomains",
        "machine.network.disableSearchDomain",
    ),
)


def build(
    *, nameservers: tuple[str, ...] = (), search_domains: tuple[str, ...] = (), **more: Any
) -> dict[str, Any]:
    """Make a ResolverConfig from plain DNS servers."""
    return KIND.build(
        nameservers=[{"address": address} for address in nameservers],
        searchDomains={"domains": list(search_domains)},
        **more,
    )
