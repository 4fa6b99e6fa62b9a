"""Fields of `machine.network` in the v1alpha1 document."""

from typing import Any

from ktizo.talos.documents.scalars import (
    BOOL,
    DURATION,
    INT,
    TEXT,
    U8,
    U16,
    U32,
    U32_P,
)
from ktizo.talos.documents.shape import ListOf, kept, since, struct


def _same_interface(left: Any, right: Any) -> bool:
    """Interfaces merge by name, or by an equal selector when the right one has no name."""
    if right.get("interface"):
        return bool(left.get("interface") == right["interface"])
    selector = right.get("deviceSelector")
    return selector is not None and left.get("deviceSelector") == selector


def _same_vlan(left: Any, right: Any) -> bool:
    return bool(left.get("vlanId", 0) == right.get("vlanId", 0))


_SELECTOR = struct(
    busPath=TEXT,
    hardwareAddr=TEXT,
    permanentAddr=TEXT,
    pciID=TEXT,
    driver=TEXT,
    physical=BOOL,
)
_ROUTES = ListOf(struct(network=kept(TEXT), gateway=kept(TEXT), source=TEXT, metric=U32, mtu=U32))
_DHCP = struct(routeMetric=kept(U32), ipv4=BOOL, ipv6=BOOL, duidv6=TEXT)
_VIP = struct(
    ip=TEXT,
    equinixMetal=struct(apiToken=kept(TEXT)),
    hcloud=struct(apiToken=kept(TEXT)),
)
_BOND = struct(
    interfaces=kept(ListOf(TEXT)),
    deviceSelectors=ListOf(_SELECTOR),
    arpIPTarget=ListOf(TEXT),
    mode=kept(TEXT),
    xmitHashPolicy=TEXT,
    lacpRate=TEXT,
    adActorSystem=TEXT,
    arpValidate=TEXT,
    arpAllTargets=TEXT,
    primary=TEXT,
    primaryReselect=TEXT,
    failOverMac=TEXT,
    adSelect=TEXT,
    miimon=U32,
    updelay=U32,
    downdelay=U32,
    arpInterval=U32,
    resendIgmp=U32,
    minLinks=U32,
    lpInterval=U32,
    packetsPerSlave=U32,
    numPeerNotif=U8,
    tlbDynamicLb=U8,
    allSlavesActive=U8,
    useCarrier=BOOL,
    adActorSysPrio=U16,
    adUserPortKey=U16,
    peerNotifyDelay=U32,
)
_WIREGUARD = struct(
    privateKey=TEXT,
    listenPort=INT,
    firewallMark=INT,
    peers=ListOf(
        struct(
            publicKey=TEXT,
            endpoint=TEXT,
            persistentKeepaliveInterval=DURATION,
            allowedIPs=ListOf(TEXT),
        )
    ),
)
_VLAN = struct(
    addresses=ListOf(TEXT),
    cidr=TEXT,
    routes=kept(_ROUTES),
    dhcp=BOOL,
    vlanId=kept(U16),
    mtu=U32,
    vip=_VIP,
    dhcpOptions=_DHCP,
)
_INTERFACE = struct(
    interface=TEXT,
    deviceSelector=_SELECTOR,
    addresses=ListOf(TEXT),
    cidr=TEXT,
    routes=_ROUTES,
    bond=_BOND,
    bridge=struct(
        interfaces=kept(ListOf(TEXT)),
        stp=struct(enabled=BOOL),
        vlan=struct(vlanFiltering=BOOL),
    ),
    bridgePort=struct(master=TEXT),
    vlans=ListOf(_VLAN, same=_same_vlan),
    mtu=INT,
    dhcp=BOOL,
    ignore=BOOL,
    dummy=BOOL,
    dhcpOptions=_DHCP,
    wireguard=_WIREGUARD,
    vip=_VIP,
)

NETWORK = struct(
    hostname=TEXT,
    interfaces=ListOf(_INTERFACE, same=_same_interface),
    nameservers=ListOf(TEXT),
    searchDomains=ListOf(TEXT),
    extraHostEntries=ListOf(struct(ip=kept(TEXT), aliases=kept(ListOf(TEXT)))),
    kubespan=struct(
        enabled=BOOL,
        advertiseKubernetesNetworks=BOOL,
        allowDownPeerBypass=BOOL,
        harvestExtraEndpoints=BOOL,
        mtu=U32_P,
        filters=struct(
            endpoints=ListOf(TEXT), excludeAdvertisedNetworks=since("1.12", ListOf(TEXT))
        ),
    ),
    disableSearchDomain=BOOL,
)
