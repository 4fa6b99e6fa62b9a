"""The network a machine brings of its own: its address, its route, the shared address. Pure.

A machine without an address of ours asks every link by DHCP, which is Talos's default and needs no
document. The card is named by its MAC, because link names differ between machines.
"""

from typing import Any

from ktizo.clusters.facts import ClusterFacts, MemberFacts
from ktizo.talos.contracts import Contract
from ktizo.talos.split import document

ALIAS = "net0"  # our name of the card; a LinkAliasConfig gives it
CONTROL_PLANE = "controlplane"


def _vip(cluster: ClusterFacts, member: MemberFacts) -> str | None:
    return cluster.vip if member.role == CONTROL_PLANE else None


def documents(cluster: ClusterFacts, member: MemberFacts) -> list[dict[str, Any]]:
    """Return the network documents of a machine, from the 1.12 contract on."""
    vip = _vip(cluster, member)
    if not member.address and not vip:
        return []
    match = f'mac(link.permanent_addr) == "{member.mac}"'
    found = [document("LinkAliasConfig", ALIAS, selector={"match": match})]
    if member.address:
        routes = {"routes": [{"gateway": cluster.gateway}]} if cluster.gateway else {}
        addresses = [{"address": member.address}]
        found.append(document("LinkConfig", ALIAS, addresses=addresses, **routes))
    else:
        found.append(document("DHCPv4Config", ALIAS))
    return [*found, document("Layer2VIPConfig", vip, link=ALIAS)] if vip else found


def interfaces(cluster: ClusterFacts, member: MemberFacts) -> list[dict[str, Any]]:
    """Return the same as `machine.network.interfaces`, for the contracts before 1.12."""
    vip = _vip(cluster, member)
    if not member.address and not vip:
        return []
    found: dict[str, Any] = {"deviceSelector": {"hardwareAddr": member.mac}}
    if member.address:
        found["addresses"] = [member.address]
    if member.address and cluster.gateway:
        everything = "::/0" if ":" in cluster.gateway else "0.0.0.0/0"
        found["routes"] = [{"network": everything, "gateway": cluster.gateway}]
    found["dhcp"] = not member.address
    return [found | ({"vip": {"ip": vip}} if vip else {})]


def have_documents(contract: Contract) -> bool:
    """Say whether this Talos has documents for its network."""
    return contract.network_documents
