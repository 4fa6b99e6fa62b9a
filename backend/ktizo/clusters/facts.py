"""What a config is made from: plain, frozen values, read once and then only looked at."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

ROLES = ("controlplane", "worker")
CLUSTER = "cluster"  # the scope of patches and volumes that is not a role
MACHINE = "machine"  # the scope of one machine's own patches


@dataclass(frozen=True, slots=True)
class VolumeFacts:
    """How one volume is laid out; sizes as people write them (`100GB`), the selector is CEL."""

    name: str
    kind: str = "system"  # system, user, raw or swap
    disk_selector: str | None = None
    min_size: str | None = None
    max_size: str | None = None
    grow: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterFacts:
    """A cluster as its machines' configs need it. `patches` and `volumes` are by scope."""

    id: int
    name: str
    version: int
    edition: str
    endpoint: str
    vip: str | None
    pod_subnets: tuple[str, ...]
    service_subnets: tuple[str, ...]
    dns_domain: str
    cni: str
    cni_urls: tuple[str, ...]
    talos_version: str  # v1.12.4
    kubernetes_version: str  # 1.35.4
    schematic: str | None
    install_image: str | None
    install_disk: str | None
    install_disk_selector: Mapping[str, Any]
    install_disk_match: str | None
    gateway: str | None
    nameservers: tuple[str, ...]
    time_servers: tuple[str, ...]
    registry_mirrors: Mapping[str, Any]
    cert_sans: tuple[str, ...]
    schedule_on_control_planes: bool
    discovery: bool
    kubespan: bool | None
    patches: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    volumes: Mapping[str, tuple[VolumeFacts, ...]] = field(default_factory=dict)

    def volumes_of(self, role: str) -> tuple[VolumeFacts, ...]:
        """Return the volumes of a role; one of the role's own counts instead of the cluster's."""
        found = {each.name: each for each in self.volumes.get(CLUSTER, ())}
        return tuple((found | {each.name: each for each in self.volumes.get(role, ())}).values())


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberFacts:
    """A machine as a member of its cluster."""

    device_id: int
    cluster_id: int
    role: str
    hostname: str | None
    mac: str  # the card that gets the address or the VIP
    address: str | None = None  # 192.0.2.11/24; None: DHCP
    install_disk: str | None = None
    patches: tuple[str, ...] = field(default=(), repr=False)
    volumes: tuple[VolumeFacts, ...] = ()
