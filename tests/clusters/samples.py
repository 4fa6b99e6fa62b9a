"""Facts for the pure parts."""

from typing import Any

from ktizo.clusters.facts import ClusterFacts, MemberFacts
from ktizo.talos.contracts import contract


def cluster(version: str = "v1.12.11", **changes: Any) -> ClusterFacts:
    values: dict[str, Any] = {
        "id": 1,
        "name": "prod",
        "version": 1,
        "edition": "e1",
        "endpoint": "https://192.0.2.10:6443",
        "vip": None,
        "pod_subnets": (),
        "service_subnets": (),
        "dns_domain": "cluster.local",
        "cni": "flannel",
        "cni_urls": (),
        "talos_version": version,
        "kubernetes_version": contract(version).default_kubernetes,
        "schematic": None,
        "install_image": None,
        "install_disk": "/dev/sda",
        "install_disk_selector": {},
        "install_disk_match": None,
        "gateway": None,
        "nameservers": (),
        "time_servers": (),
        "registry_mirrors": {},
        "cert_sans": (),
        "schedule_on_control_planes": False,
        "discovery": True,
        "kubespan": None,
    }
    return ClusterFacts(**values | changes)


def member(role: str = "worker", **changes: Any) -> MemberFacts:
    values: dict[str, Any] = {
        "device_id": 1,
        "cluster_id": 1,
        "role": role,
        "hostname": "node-1",
        "mac": "52:54:00:00:00:01",
    }
    return MemberFacts(**values | changes)
