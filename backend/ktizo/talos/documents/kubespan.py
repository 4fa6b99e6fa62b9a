"""KubeSpanConfig: WireGuard between all nodes of a cluster."""

from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import Body, Kind
from ktizo.talos.documents.rules import subnets
from ktizo.talos.documents.scalars import BOOL, PREFIX, TEXT, U32_P
from ktizo.talos.documents.shape import ListOf, plain, struct

LEAST_MTU = 1280  # what IPv6 needs of a link


def _check(body: Body, place: Place) -> None:
    if body.get("mtu") is not None and body["mtu"] < LEAST_MTU:
        place.at("mtu").refuse(f"kubespan link MTU must be at least {LEAST_MTU}")
    filters = body.get("filters") or {}
    subnets(filters.get("endpoints") or (), place.at("filters", "endpoints"))


KIND = Kind(
    "KubeSpanConfig",
    "1.13",
    plain(
        enabled=BOOL,
        advertiseKubernetesNetworks=BOOL,
        allowDownPeerBypass=BOOL,
        harvestExtraEndpoints=BOOL,
        mtu=U32_P,
        filters=struct(endpoints=ListOf(TEXT), excludeAdvertisedNetworks=ListOf(PREFIX)),
    ),
    _check,
    legacy=("machine.network.kubespan",),
)
build = KIND.build
