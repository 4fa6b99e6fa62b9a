"""Rules over all documents of a config: who excludes whom, and who belongs to which machine."""

from collections.abc import Callable
from typing import Any

from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import Body
from ktizo.talos.documents.read import Config, Document
from ktizo.talos.documents.resolver import PLAIN_DNS
from ktizo.talos.documents.versions import Minor
from ktizo.talos.validate import legacy

_SPLIT: Minor = (1, 14)  # since then Kubernetes' parts are documents of their own
_VOLUMES = {"STATE": "state", "EPHEMERAL": "ephemeral"}


def check(config: Config, place: Place) -> None:
    """Check conflicts with the v1alpha1 document, then what only the whole can tell."""
    if config.legacy is not None:
        for document in config.documents:
            if document.kind is not None:
                _check_conflicts(document, config.legacy, _at(place, document))
    _refuse_worker_documents(config, place)
    if place.version >= _SPLIT:
        _check_identity(config, place)
        _check_etcd_encryption(config, place)
        _check_name_servers(config, place)


def _at(place: Place, document: Document) -> Place:
    return Place(place.findings, place.version, document.title)


def _check_conflicts(document: Document, config: Body, place: Place) -> None:
    assert document.kind is not None  # noqa: S101 the caller looked
    for path in document.kind.legacy:
        if _given(config, path):
            place.refuse(f".{path} is already set in the v1alpha1 config; keep one of the two")
    special = _SPECIAL.get(document.kind.name)
    if special and (found := special(document.body, config)):
        place.refuse(f".{found} is already set in the v1alpha1 config; keep one of the two")


def _value(config: Body, path: str) -> Any:
    value: Any = config
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _given(config: Body, path: str) -> bool:
    return _value(config, path) not in (None, "", [])


def _hostname(body: Body, config: Body) -> str | None:  # noqa: ARG001 one shape
    path = "machine.features.stableHostname"
    return path if _value(config, path) else None


def _resolver(body: Body, config: Body) -> str | None:
    path = "machine.features.hostDNS"
    return path if body.get("hostDNS") and _given(config, path) else None


def _time_sync(body: Body, config: Body) -> str | None:  # noqa: ARG001 one shape
    return "machine.time.disabled" if _value(config, "machine.time.disabled") else None


def _volume(body: Body, config: Body) -> str | None:
    label = _VOLUMES.get(body.get("name", ""))
    encrypted = ((body.get("encryption") or {}).get("provider") or "none") != "none"
    path = f"machine.systemDiskEncryption.{label}"
    return path if label and encrypted and _given(config, path) else None


_SPECIAL: dict[str, Callable[[Body, Body], str | None]] = {
    "HostnameConfig": _hostname,
    "ResolverConfig": _resolver,
    "TimeSyncConfig": _time_sync,
    "VolumeConfig": _volume,
}


def _refuse_worker_documents(config: Config, place: Place) -> None:
    if legacy.is_control_plane(config.legacy):
        return
    for document in config.documents:
        if document.kind is None:
            continue
        if document.kind.control_plane_only:
            _at(place, document).refuse("is only allowed on control plane machines")
        elif document.kind.name == "Layer2VIPConfig" and config.legacy is not None:
            # Talos itself takes this and lets the worker fight for the address.
            _at(place, document).refuse("a shared address is only for control plane machines")


def _bodies(config: Config, kind: str) -> list[Body]:
    return [document.body for document in config.documents if document.header[1] == kind]


def _check_identity(config: Config, place: Place) -> None:
    legacy_spec = _value(config.legacy or {}, "machine.network.kubespan")
    specs = _bodies(config, "KubeSpanConfig") or [legacy_spec or {}]
    if not specs[0].get("enabled"):
        return
    identity = (_bodies(config, "DiscoveryIdentityConfig") or [{}])[0]
    cluster = (config.legacy or {}).get("cluster") or {}
    for key, older in (("clusterID", "id"), ("clusterSecret", "secret")):
        if not (identity.get(key) or cluster.get(older)):
            reason = f"KubeSpan needs .cluster.{older} or DiscoveryIdentityConfig.{key}"
            place.refuse(reason)


def _check_etcd_encryption(config: Config, place: Place) -> None:
    cluster = (config.legacy or {}).get("cluster") or {}
    older = cluster.get("secretboxEncryptionSecret") or cluster.get("aescbcEncryptionSecret")
    found = older or _bodies(config, "KubeEtcdEncryptionConfig")
    if legacy.is_control_plane(config.legacy) and not found:
        place.refuse("etcd encryption config is required for control plane machines")


def _check_name_servers(config: Config, place: Place) -> None:
    resolver = (_bodies(config, "ResolverConfig") or [{}])[0]
    servers = resolver.get("nameservers") or ()
    encrypted = any((server.get("protocol") or PLAIN_DNS) != PLAIN_DNS for server in servers)
    cache = resolver.get("hostDNS") or {}
    older = _value(config.legacy or {}, "machine.features.hostDNS") or {}
    if encrypted and not (cache.get("enabled") or older.get("enabled")):
        place.refuse("hostDNS must be enabled when using non-default DNS protocols")
