"""A secrets bundle of a cluster that exists: out of a control plane's config, or kubeadm's PKI."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from ktizo.core import yaml
from ktizo.core.errors import Invalid, NotFound
from ktizo.talos import pki, secrets
from ktizo.talos.contracts import Contract
from ktizo.talos.pki import SYSTEM_RANDOM, CertAndKey, RandomBytes
from ktizo.talos.secrets import Bundle

PKI_FILES = (
    "ca.crt",
    "ca.key",
    "etcd/ca.crt",
    "etcd/ca.key",
    "front-proxy-ca.crt",
    "front-proxy-ca.key",
    "sa.key",
)
MAX_PEM_BYTES = 1_000_000

_PARTS = ("crt", "key")

# The v1alpha1 document's path -> the bundle's; base64 of PEM, except the texts below.
_PEMS = {
    "machine.ca": "os",
    "cluster.ca": "k8s",
    "cluster.aggregatorCA": "k8saggregator",
    "cluster.etcd.ca": "etcd",
}
_TEXTS = {
    "machine.token": "trustd_token",
    "cluster.id": "cluster_id",
    "cluster.secret": "cluster_secret",
    "cluster.token": "bootstrap_token",
    "cluster.secretboxEncryptionSecret": "secretbox_secret",
    "cluster.aescbcEncryptionSecret": "aescbc_secret",
}
# What the v1.14 contract keeps in documents: (kind, path) -> the bundle's; plain PEM and texts.
_SPLIT = {
    ("KubeAPIServerCAConfig", "issuingCA.cert"): "k8s.crt",
    ("KubeAPIServerCAConfig", "issuingCA.key"): "k8s.key",
    ("KubeAggregatorCAConfig", "issuingCA.cert"): "k8saggregator.crt",
    ("KubeAggregatorCAConfig", "issuingCA.key"): "k8saggregator.key",
    ("KubeServiceAccountConfig", "issuer.privateKey"): "service_account_key",
    ("DiscoveryIdentityConfig", "clusterID"): "cluster_id",
    ("DiscoveryIdentityConfig", "clusterSecret"): "cluster_secret",
}


def from_machine_config(text: str | bytes) -> Bundle:
    """Return the secrets a control plane's config holds; a worker's does not hold them all."""
    documents = [doc for doc in yaml.load_all(text) if isinstance(doc, dict)]
    legacy = next((doc for doc in documents if "machine" in doc and "kind" not in doc), None)
    if legacy is None:
        raise Invalid("no v1alpha1 document with a machine section: not a machine config")
    kind = _at(legacy, "machine.type")
    if kind not in ("controlplane", "init"):
        raise Invalid(f"a config of type {kind!r} lacks the CA keys; give a control plane's")
    values = _from_legacy(legacy)
    for document in documents:
        values |= _from_document(document)
    bundle = secrets.assemble(values)
    secrets.check(bundle)
    return bundle


def from_kubeadm(
    files: Mapping[str, str],
    talos: Contract,
    *,
    now: datetime,
    bootstrap_token: str = "",
    random_bytes: RandomBytes = SYSTEM_RANDOM,
) -> Bundle:
    """Return a bundle around the PKI of a kubeadm cluster; what kubeadm lacks is made fresh.

    `files` are the texts of PKI_FILES by their name below /etc/kubernetes/pki.
    """
    missing = [name for name in PKI_FILES if name not in files]
    if missing:
        raise NotFound(f"the kubeadm PKI lacks {', '.join(missing)}")
    service_account = _own_key("sa.key", files["sa.key"])
    fresh = secrets.generate(
        talos, now=now, random_bytes=random_bytes, service_account=lambda: service_account
    )
    bundle = replace(
        fresh,
        k8s=CertAndKey(files["ca.crt"], files["ca.key"]),
        etcd=CertAndKey(files["etcd/ca.crt"], files["etcd/ca.key"]),
        k8saggregator=CertAndKey(files["front-proxy-ca.crt"], files["front-proxy-ca.key"]),
        service_account_key=files["sa.key"],
        bootstrap_token=bootstrap_token or fresh.bootstrap_token,
    )
    secrets.check(bundle)
    return bundle


def read_kubeadm(folder: Path) -> dict[str, str]:
    """Return the PKI files below `folder`, each at most 1 MB."""
    found = {}
    for name in PKI_FILES:
        path = folder / name
        if path.is_file() and path.stat().st_size <= MAX_PEM_BYTES:
            found[name] = path.read_text(errors="replace")
    return found


def _own_key(name: str, pem: str) -> pki.PrivateKey:
    try:
        return pki.load_key(pem)
    except Invalid as error:
        raise Invalid(f"{name}: {error.message}") from error


def _from_legacy(document: dict[str, Any]) -> dict[str, str]:
    values = {name: _text(_at(document, path)) for path, name in _TEXTS.items()}
    pems = {f"{path}.{part}": f"{name}.{part}" for path, name in _PEMS.items() for part in _PARTS}
    pems["cluster.serviceAccount.key"] = "service_account_key"
    for path, name in pems.items():
        try:
            values[name] = secrets.decode(_text(_at(document, path)))
        except Invalid as error:
            raise Invalid(f"{path} {error.message}") from error
    return values


def _from_document(document: dict[str, Any]) -> dict[str, str]:
    kind = document.get("kind")
    values = {
        name: _text(_at(document, path))
        for (wanted, path), name in _SPLIT.items()
        if wanted == kind and _at(document, path) is not None
    }
    if kind == "KubeEtcdEncryptionConfig":
        values |= _encryption_secret(document)
    return values


def _encryption_secret(document: dict[str, Any]) -> dict[str, str]:
    """Return the first key of the first provider that encrypts secrets, as Talos looks for it."""
    for resource in _list(_at(document, "config.resources")):
        providers = _list(resource.get("providers"))
        if "secrets" not in (resource.get("resources") or ()) or not providers:
            continue
        for provider, name in (("secretbox", "secretbox_secret"), ("aescbc", "aescbc_secret")):
            keys = _list(_at(providers[0], f"{provider}.keys"))
            if keys:
                return {name: _text(keys[0].get("secret"))}
    return {}


def _list(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _at(document: Mapping[str, Any], path: str) -> Any:
    value: Any = document
    for key in path.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _text(value: Any) -> str:
    return "" if value is None else str(getattr(value, "text", value))
