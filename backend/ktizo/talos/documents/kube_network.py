"""KubeNetworkConfig: pod and service subnets, and the cluster's DNS domain."""

import ipaddress
from collections.abc import Callable, Iterable
from typing import Any

from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import Body, Kind
from ktizo.talos.documents.scalars import INT, PREFIX, TEXT
from ktizo.talos.documents.shape import ListOf, kept, plain, replaced

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_NODE_MASKS = {4: ("nodeCIDRMaskSizeIPv4", 24, 32), 6: ("nodeCIDRMaskSizeIPv6", 64, 128)}
_MOST_NODE_BITS = 16  # kube-controller-manager allots at most 2^16 node networks
_MOST_SERVICE_BITS = 20  # kube-apiserver's limit
_LEAST_HOST_BITS = 4


def _check(body: Body, place: Place) -> None:
    for key, _, most in _NODE_MASKS.values():
        if not 0 <= body.get(key, 0) <= most:
            place.at(key).refuse(f"must be between 1 and {most}")
    pods, services = body.get("podSubnets") or [], body.get("serviceSubnets") or []

    def pod_size(network: Network) -> str | None:
        return _pod_subnet_problem(network, body)

    _check_subnets(pods, pod_size, place.at("podSubnets"))
    _check_subnets(services, _service_subnet_problem, place.at("serviceSubnets"))
    if len(pods) != len(services):
        place.refuse("the number of pod subnets must match the number of service subnets")


def _check_subnets(
    subnets: Iterable[str], size_problem: Callable[[Network], str | None], place: Place
) -> None:
    networks = [
        network
        for index, text in enumerate(subnets)
        if (network := _network(text, place.at(index))) is not None
    ]
    if not list(subnets):
        place.refuse("at least one subnet must be specified")
    versions = [network.version for network in networks]
    if len(set(versions)) != len(versions):
        place.refuse("at most one IPv4 and one IPv6 subnet can be specified")
    for index, network in enumerate(networks):
        if network.max_prefixlen - network.prefixlen < _LEAST_HOST_BITS:
            place.at(index).refuse(f"/{network.prefixlen} is too small")
        elif reason := size_problem(network):
            place.at(index).refuse(reason)


def _network(text: str, place: Place) -> Network | None:
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        place.refuse(f"invalid subnet: {text} has bits set beyond its length")
        return None


def _pod_subnet_problem(network: Network, body: Body) -> str | None:
    key, default, _ = _NODE_MASKS[network.version]
    mask = body.get(key) or default
    if network.prefixlen > mask:
        return f"{network} is smaller than the /{mask} each node takes ({key})"
    if mask - network.prefixlen > _MOST_NODE_BITS:
        return f"{network} is too large for /{mask} per node ({key}): {_MOST_NODE_BITS} bits apart"
    return None


def _service_subnet_problem(network: Network) -> str | None:
    least = network.max_prefixlen - _MOST_SERVICE_BITS
    return (
        f"{network} is too large, it must be at least /{least}"
        if network.prefixlen < least
        else None
    )


KIND = Kind(
    "KubeNetworkConfig",
    "1.14",
    plain(
        dnsDomain=TEXT,
        podSubnets=kept(replaced(ListOf(PREFIX))),
        serviceSubnets=kept(replaced(ListOf(PREFIX))),
        nodeCIDRMaskSizeIPv4=INT,
        nodeCIDRMaskSizeIPv6=INT,
    ),
    _check,
    legacy=("cluster.network",),
)


def build(
    *, pod_subnets: tuple[str, ...], service_subnets: tuple[str, ...], **more: Any
) -> dict[str, Any]:
    """Make a KubeNetworkConfig."""
    return KIND.build(podSubnets=list(pod_subnets), serviceSubnets=list(service_subnets), **more)
