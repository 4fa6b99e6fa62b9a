"""What a cluster's settings add to the documents `talosctl gen config` would make. Pure."""

from typing import Any

from ktizo.clusters import volume
from ktizo.clusters.facts import ClusterFacts
from ktizo.talos.contracts import Contract
from ktizo.talos.documents import resolver, time_sync
from ktizo.talos.generate import key_of

Document = dict[str, Any]


def with_settings(
    documents: list[Document], cluster: ClusterFacts, contract: Contract, role: str
) -> list[Document]:
    """Return the documents with name servers, time servers and the role's volumes in them."""
    found = {key_of(one): one for one in documents}
    if contract.network_documents:
        _add_documents(found, cluster)
    else:
        _add_fields(found, cluster)
    for wanted in cluster.volumes_of(role):
        key = key_of(volume.document(wanted))
        found[key] = volume.over(found.get(key), wanted)
    return list(found.values())


def _put(found: dict[Any, Document], document: Document) -> None:
    """Add a document, or its fields to the one of its kind and name."""
    key = key_of(document)
    found[key] = found.get(key, {}) | document


def _add_documents(found: dict[Any, Document], cluster: ClusterFacts) -> None:
    if cluster.nameservers:
        _put(found, resolver.build(nameservers=cluster.nameservers))
    if cluster.time_servers:
        _put(found, time_sync.build(servers=cluster.time_servers))


def _add_fields(found: dict[Any, Document], cluster: ClusterFacts) -> None:
    """Before 1.12 both are fields of `machine` in the v1alpha1 document."""
    key, legacy = next((key, one) for key, one in found.items() if "machine" in one)
    machine = dict(legacy["machine"])
    if cluster.nameservers:
        servers = {"nameservers": list(cluster.nameservers)}
        machine["network"] = (machine.get("network") or {}) | servers
    if cluster.time_servers:
        machine["time"] = {"servers": list(cluster.time_servers)}
    found[key] = legacy | {"machine": machine}
