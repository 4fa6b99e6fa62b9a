"""The documents the v1.14 contract keeps beside a small v1alpha1 one, in talosctl's order.

Source: Talos pkg/machinery/config/generate/{init,worker,kubernetes,block,registry}.go at 1.14,
verified by the goldens of 1.14.0-rc.1 (talos.md §3).
"""

import json
from typing import Any

from ktizo.talos import kubernetes
from ktizo.talos.inputs import Cluster, Role
from ktizo.talos.kubernetes import CONTROL_PLANE, EXCLUDE_FROM_BALANCERS, image
from ktizo.talos.pki import CertAndKey

Document = dict[str, Any]


def document(kind: str, name: str = "", **fields: Any) -> Document:
    """Return a document of `kind`; `name` only where the kind is named."""
    return {"apiVersion": "v1alpha1", "kind": kind, **({"name": name} if name else {}), **fields}


def system_documents(cluster: Cluster) -> list[Document]:
    """Return what comes before the registries: discovery, install, DNS, disks."""
    documents = []
    if cluster.discovery:
        endpoint = "https://discovery.talos.dev/"
        documents.append(document("DiscoveryServiceConfig", "default", endpoint=endpoint))
    documents.append(
        document(
            "DiscoveryIdentityConfig",
            clusterID=cluster.secrets.cluster_id,
            clusterSecret=cluster.secrets.cluster_secret,
        )
    )
    documents += _install(cluster)
    documents.append(
        document("ResolverConfig", hostDNS={"enabled": True, "forwardKubeDNSToHost": True})
    )
    if cluster.sysctls:
        documents.append(document("SysctlConfig", params=dict(sorted(cluster.sysctls.items()))))
    return [
        *documents,
        document("VolumeConfig", "EPHEMERAL", mount={"secure": True}),
        document("FilesystemTrimConfig", interval="168h0m0s"),
        document("SecurityProfileConfig", workloadIsolation=True),
    ]


def kubernetes_documents(cluster: Cluster, role: Role) -> list[Document]:
    """Return what comes after the network: Kubernetes, for both roles and then for one."""
    controls = role is Role.CONTROLPLANE
    k8s = cluster.secrets.k8s
    trust = {"issuingCA": _plain(k8s)} if controls else {"acceptedCAs": [k8s.crt]}
    documents = [
        document("KubeClusterConfig", clusterName=cluster.name, endpoint=cluster.endpoint),
        document("KubeNodeConfig", nodeIP={}, **(_node(cluster) if controls else {})),
        document(
            "KubeletConfig",
            image=kubernetes.kubelet_image(cluster.kubernetes),
            config={},
            defaultRuntimeSeccompProfileEnabled=True,
        ),
        document(
            "KubeNetworkConfig",
            dnsDomain=cluster.dns_domain,
            podSubnets=list(cluster.pods),
            serviceSubnets=list(cluster.services),
        ),
        document("KubeAPIServerCAConfig", **trust),
    ]
    if cluster.kube_prism_port:
        documents.append(document("KubePrismConfig", port=cluster.kube_prism_port))
    return documents + (_control_plane(cluster) if controls else [])


def _install(cluster: Cluster) -> list[Document]:
    install = cluster.install
    if not (install.disk or install.match):
        return []
    match = install.match or f"disk.dev_path == {json.dumps(install.disk)}"
    provisioning = {"diskSelector": {"match": match}, "wipe": False}
    installer = {"image": install.image} if install.image else {}
    return [document("UnattendedInstallConfig", installer=installer, provisioning=provisioning)]


def _node(cluster: Cluster) -> Document:
    fields: Document = {"labels": {CONTROL_PLANE: "", EXCLUDE_FROM_BALANCERS: ""}}
    if not cluster.allow_scheduling_on_control_planes:
        fields["taints"] = {CONTROL_PLANE: "NoSchedule"}
    return fields


def _control_plane(cluster: Cluster) -> list[Document]:
    secrets, version = cluster.secrets, cluster.kubernetes
    encryption = (
        ("aescbc", secrets.aescbc_secret)
        if secrets.aescbc_secret
        else (
            "secretbox",
            secrets.secretbox_secret,
        )
    )
    issuer = {"privateKey": secrets.service_account_key, "issuerURL": cluster.endpoint}
    return [
        document("KubeAggregatorCAConfig", issuingCA=_plain(secrets.k8saggregator)),
        document(
            "KubeAdmissionControlConfig",
            "PodSecurity",
            configuration=kubernetes.admission_configuration(),
        ),
        document("KubeAuditPolicyConfig", configuration=kubernetes.audit_policy()),
        document("KubeAuthenticationConfig", configuration=kubernetes.authentication()),
        document("KubeAuthorizerConfig", "node", type="Node"),
        document("KubeAuthorizerConfig", "rbac", type="RBAC"),
        document("KubeEtcdEncryptionConfig", config=kubernetes.etcd_encryption(*encryption)),
        document("KubeServiceAccountConfig", issuer=issuer),
        _api_server(cluster),
        document("KubeControllerManagerConfig", image=image("kube-controller-manager", version)),
        document("KubeSchedulerConfig", image=image("kube-scheduler", version), config={}),
        document("KubeProxyConfig", image=image("kube-proxy", version), config={}),
        *_cni(cluster),
    ]


def _api_server(cluster: Cluster) -> Document:
    fields: Document = {"image": image("kube-apiserver", cluster.kubernetes)}
    if cluster.local_api_port:
        fields["apiPort"] = cluster.local_api_port
    if cluster.cert_sans:
        fields["certExtraSANs"] = list(cluster.cert_sans)
    return document("KubeAPIServerConfig", **fields)


def _cni(cluster: Cluster) -> list[Document]:
    core_dns = document("KubeCoreDNSConfig", enabled=True)
    if cluster.cni is None or cluster.cni.name == "flannel":
        flannel = document("KubeFlannelCNIConfig", backendType="vxlan", backendPort=4789)
        return [flannel, core_dns]
    names = ("custom-cni", *(f"custom-cni-{n}" for n in range(2, len(cluster.cni.urls) + 1)))
    return [
        core_dns,
        *(
            document("KubeExternalManifestConfig", name, url=url)
            for name, url in zip(names, cluster.cni.urls, strict=False)
        ),
    ]


def _plain(pair: CertAndKey) -> dict[str, str]:
    """Return a CA as documents hold it: PEM, not base64 of it."""
    return {"cert": pair.crt, "key": pair.key}
