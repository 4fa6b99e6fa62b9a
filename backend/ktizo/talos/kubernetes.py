"""What Talos gives Kubernetes by default: images, labels, admission and audit (talos.md §3)."""

from typing import Any

CONTROL_PLANE = "node-role.kubernetes.io/control-plane"
EXCLUDE_FROM_BALANCERS = "node.kubernetes.io/exclude-from-external-load-balancers"


def image(component: str, version: str) -> str:
    """Return the image of a Kubernetes component, `kube-apiserver` for one."""
    return f"registry.k8s.io/{component}:v{version}"


def kubelet_image(version: str) -> str:
    """Return the kubelet's image, which Sidero Labs builds."""
    return f"ghcr.io/siderolabs/kubelet:v{version}"


def admission_configuration() -> dict[str, Any]:
    """Return the PodSecurity defaults: baseline enforced, restricted audited and warned of."""
    return {
        "apiVersion": "pod-security.admission.config.k8s.io/v1alpha1",
        "defaults": {
            "audit": "restricted",
            "audit-version": "latest",
            "enforce": "baseline",
            "enforce-version": "latest",
            "warn": "restricted",
            "warn-version": "latest",
        },
        "exemptions": {"namespaces": ["kube-system"], "runtimeClasses": [], "usernames": []},
        "kind": "PodSecurityConfiguration",
    }


def audit_policy() -> dict[str, Any]:
    """Return the audit policy: who did what, without the bodies."""
    return {"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "rules": [{"level": "Metadata"}]}


def authentication() -> dict[str, Any]:
    """Return the API server's authentication: nobody anonymous but the health checks."""
    paths = ("/livez", "/readyz", "/healthz")
    conditions = [{"path": path} for path in paths]
    return {"anonymous": {"conditions": conditions, "enabled": True}, "jwt": []}


def etcd_encryption(provider: str, secret: str) -> dict[str, Any]:
    """Return the API server's encryption of secrets in etcd; Talos names its first key `key2`."""
    keys = {"keys": [{"name": "key2", "secret": secret}]}
    return {"resources": [{"providers": [{provider: keys}], "resources": ["secrets"]}]}
