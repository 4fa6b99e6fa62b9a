"""What each Talos version adds to a generated config, or drops: one contract per minor version.

Source: Talos pkg/machinery/config/contract.go and generate/*.go per release, verified by the
goldens (reference talos.md §3). A config made under an older contract stays valid on newer Talos;
v1.12 is the safest common one for 1.12 to 1.14.
"""

import re
from dataclasses import dataclass, replace

from ktizo.core.errors import Invalid

Minor = tuple[int, int]

_VERSION = re.compile(r"v?(\d+)\.(\d+)(?:\.\d+(?:-[0-9A-Za-z.-]+)?)?")


@dataclass(frozen=True, slots=True)
class Contract:
    """How Talos of one minor version writes its configs."""

    minor: Minor
    default_kubernetes: str  # newest patch seen when the table was made
    locked_features: (
        bool  # writes features rbac, stableHostname, apidCheckExtKeyUsage; disables PSP
    )
    endpoint_in_cert_sans: bool  # apiServer.certSANs starts with the endpoint's host
    grub_uses_uki_cmdline: bool  # install.grubUseUKICmdline: true
    network_documents: bool  # HostnameConfig and the Registry*Config documents instead of fields
    empty_machine_network: bool  # machine.network: {} although nothing is in it
    kubespan_document: bool  # KubeSpanConfig instead of machine.network.kubespan
    split: bool  # almost everything in documents of its own
    urlsafe_cluster_id: bool  # cluster.id in URL-safe base64, not the standard one
    roles: frozenset[str]  # what a client certificate's organization may be

    def __str__(self) -> str:
        return f"v{self.minor[0]}.{self.minor[1]}"


V1_9 = Contract(
    minor=(1, 9),
    default_kubernetes="1.32.4",
    locked_features=True,
    endpoint_in_cert_sans=True,
    grub_uses_uki_cmdline=False,
    network_documents=False,
    empty_machine_network=True,
    kubespan_document=False,
    split=False,
    urlsafe_cluster_id=True,
    roles=frozenset({"os:admin", "os:operator", "os:reader", "os:etcd:backup", "os:impersonator"}),
)
V1_10 = replace(V1_9, minor=(1, 10), default_kubernetes="1.33.6")
V1_11 = replace(V1_10, minor=(1, 11), default_kubernetes="1.34.1")
V1_12 = replace(
    V1_11,
    minor=(1, 12),
    default_kubernetes="1.35.4",
    locked_features=False,
    endpoint_in_cert_sans=False,
    grub_uses_uki_cmdline=True,
    network_documents=True,
)
V1_13 = replace(
    V1_12,
    minor=(1, 13),
    default_kubernetes="1.36.3",
    empty_machine_network=False,
    kubespan_document=True,
    roles=V1_12.roles | {"os:meta:writer", "os:image:verifier"},
)
V1_14 = replace(
    V1_13,
    minor=(1, 14),
    default_kubernetes="1.37.0",
    grub_uses_uki_cmdline=False,
    split=True,
    urlsafe_cluster_id=False,
)

CONTRACTS = {found.minor: found for found in (V1_9, V1_10, V1_11, V1_12, V1_13, V1_14)}
RANGE = f"{V1_9} to {V1_14}"


def contract(version: str) -> Contract:
    """Return the contract of `v1.12`, `1.12`, `v1.12.11` or `1.14.0-rc.1`; refuse any other."""
    match = _VERSION.fullmatch(version.strip())
    if match is None:
        raise Invalid(f"{version!r} is not a Talos version; write it as v1.12 or v1.12.11")
    found = CONTRACTS.get((int(match[1]), int(match[2])))
    if found is None:
        raise Invalid(f"Talos {version} is outside what Ktizo makes configs for: {RANGE}")
    return found
