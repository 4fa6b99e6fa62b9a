"""The v1alpha1 document, as `talosctl gen config` fills it under each contract.

Field order is that of Talos's Go structs. A worker's CAs come with an empty key.
"""

from collections.abc import Mapping
from typing import Any

from ktizo.talos.contracts import Contract
from ktizo.talos.inputs import Cluster, Install, Mirror, RegistryTls, Role
from ktizo.talos.kubernetes import (
    EXCLUDE_FROM_BALANCERS,
    admission_configuration,
    audit_policy,
    image,
    kubelet_image,
)
from ktizo.talos.pki import CertAndKey
from ktizo.talos.secrets import encode, encoded

Document = dict[str, Any]


def v1alpha1(cluster: Cluster, role: Role) -> Document:
    """Return the v1alpha1 document; under a split contract little is left in it."""
    return {
        "version": "v1alpha1",
        "debug": cluster.debug,
        "persist": True,
        "machine": _machine(cluster, role),
        "cluster": _split_cluster(cluster, role)
        if cluster.contract.split
        else _cluster(cluster, role),
    }


def _machine(cluster: Cluster, role: Role) -> Document:
    section: Document = {
        "type": role.value,
        "token": cluster.secrets.trustd_token,
        "ca": _ca(cluster.secrets.os, role),
        "certSANs": list(cluster.cert_sans),
    }
    if cluster.contract.split:
        return section | {"features": {"diskQuotaSupport": True}}
    section["kubelet"] = {
        "image": kubelet_image(cluster.kubernetes),
        "defaultRuntimeSeccompProfileEnabled": True,
        "disableManifestsDirectory": True,
    }
    if (network := _network(cluster)) is not None:
        section["network"] = network
    section["install"] = _install(cluster.install, cluster.contract)
    if cluster.sysctls:
        section["sysctls"] = dict(sorted(cluster.sysctls.items()))
    if not cluster.contract.network_documents and (registries := _registries(cluster)):
        section["registries"] = registries
    section["features"] = _features(cluster)
    if role is Role.CONTROLPLANE:
        section["nodeLabels"] = {EXCLUDE_FROM_BALANCERS: ""}
    return section


def _network(cluster: Cluster) -> Document | None:
    """Return machine.network, None where the contract leaves the field out."""
    if cluster.kubespan is not None and not cluster.contract.kubespan_document:
        return {"kubespan": {"enabled": cluster.kubespan}}
    return {} if cluster.contract.empty_machine_network else None


def _install(install: Install, contract: Contract) -> Document:
    section: Document = {}
    if install.disk:
        section["disk"] = install.disk
    if install.selector:
        section["diskSelector"] = dict(install.selector)
    if install.extra_kernel_args:
        section["extraKernelArgs"] = list(install.extra_kernel_args)
    if install.image:
        section["image"] = install.image
    section["wipe"] = False
    if contract.grub_uses_uki_cmdline:
        section["grubUseUKICmdline"] = True
    return section


def _registries(cluster: Cluster) -> Document:
    section: Document = {}
    if cluster.mirrors:
        section["mirrors"] = {
            host: _mirror(cluster.mirrors[host]) for host in sorted(cluster.mirrors)
        }
    if cluster.registry_tls:
        section["config"] = {
            host: {"tls": _tls(tls)} for host, tls in sorted(cluster.registry_tls.items())
        }
    return section


def _mirror(mirror: Mirror) -> Document:
    section: Document = {"endpoints": list(mirror.endpoints)}
    if mirror.override_path:
        section["overridePath"] = True
    if mirror.skip_fallback:
        section["skipFallback"] = True
    return section


def _tls(tls: RegistryTls) -> Document:
    section: Document = {"ca": encode(tls.ca)} if tls.ca else {}
    return section | ({"insecureSkipVerify": True} if tls.insecure_skip_verify else {})


def _features(cluster: Cluster) -> Document:
    section: Document = {}
    if cluster.contract.locked_features:
        section |= {"rbac": True, "stableHostname": True, "apidCheckExtKeyUsage": True}
    section["diskQuotaSupport"] = True
    if cluster.kube_prism_port:
        section["kubePrism"] = {"enabled": True, "port": cluster.kube_prism_port}
    return section | {"hostDNS": {"enabled": True, "forwardKubeDNSToHost": True}}


def _split_cluster(cluster: Cluster, role: Role) -> Document:
    section: Document = {"token": cluster.secrets.bootstrap_token}
    if role is Role.CONTROLPLANE:
        section["etcd"] = {"ca": encoded(cluster.secrets.etcd)}
    return section


def _cluster(cluster: Cluster, role: Role) -> Document:
    secrets, controls = cluster.secrets, role is Role.CONTROLPLANE
    control_plane: Document = {"endpoint": cluster.endpoint}
    if controls and cluster.local_api_port:
        control_plane["localAPIServerPort"] = cluster.local_api_port
    section: Document = {
        "id": secrets.cluster_id,
        "secret": secrets.cluster_secret,
        "controlPlane": control_plane,
        "clusterName": cluster.name,
        "network": _cluster_network(cluster),
        "token": secrets.bootstrap_token,
    }
    if controls:
        section |= _encryption(cluster)
    section["ca"] = _ca(secrets.k8s, role)
    if controls:
        section |= _components(cluster)
    section["discovery"] = {
        "enabled": cluster.discovery,
        "registries": {"kubernetes": {"disabled": True}, "service": {}},
    }
    if controls:
        section["etcd"] = {"ca": encoded(secrets.etcd)}
        if cluster.allow_scheduling_on_control_planes:
            section["allowSchedulingOnControlPlanes"] = True
    return section


def _cluster_network(cluster: Cluster) -> Document:
    section: Document = {}
    if cluster.cni is not None:
        urls = {"urls": list(cluster.cni.urls)} if cluster.cni.urls else {}
        section["cni"] = {"name": cluster.cni.name, **urls}
    return section | {
        "dnsDomain": cluster.dns_domain,
        "podSubnets": list(cluster.pods),
        "serviceSubnets": list(cluster.services),
    }


def _encryption(cluster: Cluster) -> Mapping[str, str]:
    if cluster.secrets.aescbc_secret:
        return {"aescbcEncryptionSecret": cluster.secrets.aescbc_secret}
    return {"secretboxEncryptionSecret": cluster.secrets.secretbox_secret}


def _components(cluster: Cluster) -> Document:
    """Return what only a control plane runs."""
    contract, version = cluster.contract, cluster.kubernetes
    api_server: Document = {"image": image("kube-apiserver", version)}
    host = (cluster.endpoint_host,) if contract.endpoint_in_cert_sans else ()
    if sans := [*host, *cluster.cert_sans]:
        api_server["certSANs"] = sans
    if contract.locked_features:
        api_server["disablePodSecurityPolicy"] = True
    api_server["admissionControl"] = [
        {"name": "PodSecurity", "configuration": admission_configuration()}
    ]
    api_server["auditPolicy"] = audit_policy()
    return {
        "aggregatorCA": encoded(cluster.secrets.k8saggregator),
        "serviceAccount": {"key": encode(cluster.secrets.service_account_key)},
        "apiServer": api_server,
        "controllerManager": {"image": image("kube-controller-manager", version)},
        "proxy": {"image": image("kube-proxy", version)},
        "scheduler": {"image": image("kube-scheduler", version)},
    }


def _ca(pair: CertAndKey, role: Role) -> dict[str, str]:
    return encoded(pair) if role is Role.CONTROLPLANE else {"crt": encode(pair.crt), "key": ""}
