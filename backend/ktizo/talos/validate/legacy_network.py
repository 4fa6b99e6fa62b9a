"""Rules of `machine.network` in the v1alpha1 document."""

from collections.abc import Iterable
from typing import Any

from ktizo.talos.documents import addresses, rules
from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import Body
from ktizo.talos.documents.kubespan import LEAST_MTU
from ktizo.talos.documents.versions import Minor
from ktizo.talos.documents.wireguard import key_problem
from ktizo.talos.validate import legacy_bond

# Until then the cluster's id and secret could only be in the v1alpha1 document.
_IDENTITY_ELSEWHERE: Minor = (1, 14)
_NOT_HERE = "virtual (shared) IP is not allowed on non-controlplane nodes"


def check(machine: Body, cluster: Body, place: Place) -> None:
    """Check interfaces and KubeSpan."""
    network, here = machine.get("network") or {}, place.at("network")
    devices = [device or {} for device in network.get("interfaces") or ()]
    if machine.get("type") not in ("init", "controlplane"):
        _refuse_vips(devices, here.at("interfaces"))
    members = _members(devices, here.at("interfaces"))
    for index, device in enumerate(devices):
        if not device.get("ignore"):
            _check_device(device, members, here.at("interfaces", index))
    _check_kubespan(network.get("kubespan") or {}, cluster, here.at("kubespan"))


def _refuse_vips(devices: Iterable[Body], place: Place) -> None:
    for index, device in enumerate(devices):
        if device.get("vip") is not None:
            place.at(index, "vip").refuse(_NOT_HERE)
        for number, vlan in enumerate(device.get("vlans") or ()):
            if vlan.get("vip") is not None:
                place.at(index, "vlans", number, "vip").refuse(_NOT_HERE)


def _members(devices: Iterable[Body], place: Place) -> set[str]:
    """Return the links that belong to a bond or bridge; each may belong to one only."""
    owners: dict[str, str] = {}
    for index, device in enumerate(devices):
        bond, bridge = device.get("bond"), device.get("bridge")
        here, name = place.at(index), device.get("interface") or ""
        if bond is not None and bridge is not None:
            here.refuse("bridge and bond sections are mutually exclusive")
        if bond and bond.get("interfaces") and bond.get("deviceSelectors"):
            here.at("bond").refuse("interfaces and deviceSelectors are mutually exclusive")
        for member in (bridge or bond or {}).get("interfaces") or ():
            if owners.get(member, name) != name:
                here.refuse(f"{member!r} is part of two links: {owners[member]!r} and {name!r}")
            owners[member] = name
    return set(owners)


def _check_device(device: Body, members: set[str], place: Place) -> None:
    name, chosen = device.get("interface"), device.get("deviceSelector")
    if not name and chosen is None:
        place.refuse("either interface or deviceSelector is required")
    if name and chosen is not None:
        place.refuse("interface and deviceSelector are mutually exclusive")
    if chosen is not None and not any(value not in (None, "") for value in chosen.values()):
        place.at("deviceSelector").refuse("should contain at least one field")
    if device.get("bond") is not None:
        legacy_bond.check(device["bond"], place.at("bond"))
    if device.get("wireguard") is not None:
        _check_wireguard(device["wireguard"], place.at("wireguard"))
    for index, vlan in enumerate(device.get("vlans") or ()):
        _check_addresses(vlan, place.at("vlans", index))
    _check_addressing(device, members, place)
    for index, route in enumerate(device.get("routes") or ()):
        _check_route(route, place.at("routes", index))


def _check_addressing(device: Body, members: set[str], place: Place) -> None:
    addressed = any(device.get(key) for key in ("dhcp", "cidr", "addresses"))
    if device.get("interface", "") in members and (addressed or device.get("vip") is not None):
        place.refuse("a bonded or bridged interface shouldn't have any addressing configured")
    _check_addresses(device, place)
    if device.get("cidr"):
        place.at("cidr").warn("is deprecated, use addresses")
    vip = device.get("vip")
    if vip is not None and not addresses.is_address(vip.get("ip") or ""):
        place.at("vip", "ip").refuse(f"failed to parse {vip.get('ip')!r} as IP address")


def _check_addresses(holder: Body, place: Place) -> None:
    """Check `addresses` and the older `cidr` of an interface or VLAN."""
    if holder.get("addresses") and holder.get("cidr"):
        place.refuse("can't have both cidr and addresses set")
    if holder.get("cidr") and not _is_address_or_cidr(holder["cidr"]):
        place.at("cidr").refuse(f"invalid CIDR address: {holder['cidr']}")
    for index, text in enumerate(holder.get("addresses") or ()):
        if not _is_address_or_cidr(text):
            place.at("addresses", index).refuse(f"invalid CIDR address: {text}")


def _is_address_or_cidr(text: str) -> bool:
    return addresses.is_prefix(text) if "/" in text else addresses.is_address(text)


def _check_route(route: Body, place: Place) -> None:
    network, gateway = route.get("network") or "", route.get("gateway") or ""
    source = route.get("source") or ""
    if network and not addresses.is_prefix(network):
        place.at("network").refuse(f"{network!r}: invalid network address")
    if gateway and not addresses.is_address(gateway):
        place.at("gateway").refuse(f"{gateway!r}: invalid network address")
    if source and not addresses.is_address(source):
        place.at("source").refuse(f"{source!r}: invalid network address")
    if not network and not gateway:
        place.refuse("either network or gateway should be set")


def _check_wireguard(spec: Body, place: Place) -> None:
    if reason := key_problem(spec.get("privateKey") or ""):
        place.at("privateKey").refuse(f"private key is invalid: {reason}")
    for index, peer in enumerate(spec.get("peers") or ()):
        here = place.at("peers", index)
        if reason := key_problem(peer.get("publicKey") or ""):
            here.at("publicKey").refuse(f"public key is invalid: {reason}")
        endpoint = peer.get("endpoint") or ""
        if endpoint and not _has_port(endpoint):
            here.at("endpoint").refuse(f"peer endpoint {endpoint!r} is invalid")
        for number, text in enumerate(peer.get("allowedIPs") or ()):
            if not addresses.is_prefix(text):
                here.at("allowedIPs", number).refuse(f"invalid CIDR address: {text}")


def _has_port(text: str) -> bool:
    try:
        return addresses.split_host_port(text)[1].isdecimal()
    except ValueError:
        return False


def _check_kubespan(spec: Body, cluster: Body, place: Place) -> None:
    if not spec.get("enabled"):
        return
    if spec.get("mtu") is not None and spec["mtu"] < LEAST_MTU:
        place.at("mtu").refuse(f"kubespan link MTU must be at least {LEAST_MTU}")
    if not (cluster.get("discovery") or {}).get("enabled"):
        place.refuse(".cluster.discovery should be enabled when kubespan is enabled")
    for key in ("id", "secret") if place.version < _IDENTITY_ELSEWHERE else ():
        if not cluster.get(key):
            place.refuse(f".cluster.{key} should be set when kubespan is enabled")
    filters: dict[str, Any] = spec.get("filters") or {}
    rules.subnets(filters.get("endpoints") or (), place.at("filters", "endpoints"))
    for index, text in enumerate(filters.get("excludeAdvertisedNetworks") or ()):
        if not addresses.is_prefix(text):
            here = place.at("filters", "excludeAdvertisedNetworks", index)
            here.refuse(f"is not a subnet: {text!r}")
