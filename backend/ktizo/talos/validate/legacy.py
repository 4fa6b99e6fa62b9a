"""The v1alpha1 document's own rules (Talos pkg/machinery/config/types/v1alpha1, validation)."""

from collections.abc import Iterable
from typing import Any

from ktizo.talos.documents import rules
from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import Body
from ktizo.talos.documents.kubelet import check_overrides
from ktizo.talos.documents.versions import Minor
from ktizo.talos.validate import legacy_cluster, legacy_network

CONTROL_PLANE = frozenset({"init", "controlplane"})
# Older spellings of "worker", taken with a warning.
_WORKER_SPELLINGS = frozenset({"", "join"})
_KEY_KINDS = ("static", "nodeID", "kms", "tpm")
_SORT_ALGORITHMS = ("v1", "v2")
_LOG_FORMAT = "json_lines"
# From here on UnattendedInstallConfig may stand instead of machine.install, or neither.
_INSTALL_OPTIONAL: Minor = (1, 14)


def machine_type(config: Body | None) -> str | None:
    """`controlplane`, `worker`, or another text as written; None without a machine section."""
    machine = (config or {}).get("machine")
    if machine is None:
        return None
    written = machine.get("type") or ""
    return "worker" if written in _WORKER_SPELLINGS else written


def is_control_plane(config: Body | None) -> bool:
    """Tell whether the v1alpha1 document makes a control plane machine."""
    return machine_type(config) in CONTROL_PLANE


def check(config: Body, place: Place) -> None:
    """Check the whole document."""
    machine = config.get("machine")
    if machine is None:
        place.at("machine").refuse("machine instructions are required")
        return
    control_plane, here = is_control_plane(config), place.at("machine")
    legacy_cluster.check(config.get("cluster"), place.at("cluster"), control_plane=control_plane)
    _check_install(machine, here)
    _check_type(config, here)
    _check_authority(machine, here, control_plane=control_plane)
    legacy_network.check(machine, config.get("cluster") or {}, here)
    _check_kubelet(machine.get("kubelet") or {}, here.at("kubelet"))
    _check_storage(machine, here)
    _check_features(machine.get("features") or {}, here.at("features"), control_plane)
    _check_node(machine, here)
    _check_logging(machine.get("logging") or {}, here.at("logging", "destinations"))
    _check_registries(machine.get("registries") or {}, here.at("registries"))
    if config.get("persist") is False:
        place.at("persist").refuse(".persist should be enabled")
    if machine.get("files") and place.version >= _INSTALL_OPTIONAL:
        here.at("files").warn("is deprecated; use dedicated configuration documents instead")


def _check_install(machine: Body, place: Place) -> None:
    install, here = machine.get("install"), place.at("install")
    if install is None:
        if place.version < _INSTALL_OPTIONAL:
            here.refuse('install instructions are required in "metal" mode')
        return
    if not install.get("disk") and not install.get("diskSelector"):
        here.refuse("either install disk or diskSelector should be defined")
    if install.get("extraKernelArgs") and install.get("grubUseUKICmdline"):
        here.at("extraKernelArgs").refuse("can't be used together with grubUseUKICmdline")
    images = [extension.get("image") for extension in install.get("extensions") or ()]
    for image in {image for image in images if images.count(image) > 1}:
        here.at("extensions").refuse(f"duplicate system extension {image!r}")
    if images:
        here.at("extensions").warn("is deprecated and has no effect from v1.10 on")


def _check_type(config: Body, place: Place) -> None:
    written = config["machine"].get("type") or ""
    found = machine_type(config)
    if found not in CONTROL_PLANE | {"worker"}:
        place.at("type").refuse(f"unknown machine type {written!r}")
    elif found != written:
        place.at("type").warn(f'use "worker" instead of {written!r} for machine type')


def _check_authority(machine: Body, place: Place, *, control_plane: bool) -> None:
    authority, accepted = machine.get("ca"), machine.get("acceptedCAs") or []
    if authority is None:
        if not accepted:
            place.at("ca").refuse("issuing CA or some accepted CAs are required")
        if control_plane:
            place.at("ca").refuse("issuing CA is required for control plane machines")
    elif control_plane:
        if not authority.get("key"):
            place.at("ca", "key").refuse("issuing CA key is required for controlplane nodes")
    else:
        if authority.get("key"):
            reason = "issuing Talos API CA key is not allowed on non-controlplane nodes"
            place.at("ca", "key").refuse(reason)
        if not authority.get("crt") and not accepted:
            reason = "trusted CA certificates are required on non-controlplane nodes"
            place.at("ca", "crt").refuse(reason)


def _check_kubelet(kubelet: Body, place: Place) -> None:
    subnets = (kubelet.get("nodeIP") or {}).get("validSubnets") or ()
    rules.subnets(subnets, place.at("nodeIP", "validSubnets"))
    check_overrides(kubelet.get("extraConfig") or (), place.at("extraConfig"))


def _check_storage(machine: Body, place: Place) -> None:
    for index, disk in enumerate(machine.get("disks") or ()):
        here = place.at("disks", index)
        if disk is None:
            here.refuse("is null")
            continue
        for number, partition in enumerate((disk.get("partitions") or [])[:-1]):
            if not partition.get("size"):
                reason = "takes the rest of the disk, but is not the last partition of it"
                here.at("partitions", number).refuse(reason)
    for label, spec in (machine.get("systemDiskEncryption") or {}).items():
        _check_encryption(spec, place.at("systemDiskEncryption", label))


def _check_encryption(spec: Body, place: Place) -> None:
    keys = spec.get("keys") or []
    if not keys:
        place.at("keys").refuse("no encryption keys provided")
    slots: set[int] = set()
    for index, key in enumerate(keys):
        slot = key.get("slot", 0)
        if slot in slots:
            place.at("keys", index, "slot").refuse(f"encryption key slot {slot} is already in use")
        slots.add(slot)
        if all(key.get(kind) is None for kind in _KEY_KINDS):
            place.at("keys", index).refuse(f"needs one of {', '.join(_KEY_KINDS)}")


def _check_features(features: Body, place: Place, control_plane: bool) -> None:
    access, here = (
        features.get("kubernetesTalosAPIAccess") or {},
        place.at("kubernetesTalosAPIAccess"),
    )
    if access.get("enabled"):
        if not control_plane:
            here.refuse("can only be enabled on control plane machines")
        rules.roles(access.get("allowedRoles") or (), here.at("allowedRoles"))
    algorithm = features.get("nodeAddressSortAlgorithm")
    if algorithm and algorithm not in _SORT_ALGORITHMS:
        place.at("nodeAddressSortAlgorithm").refuse(
            f"invalid node address sort algorithm {algorithm!r}; use {', '.join(_SORT_ALGORITHMS)}"
        )
    cache = features.get("hostDNS") or {}
    if cache.get("forwardKubeDNSToHost") and not cache.get("enabled"):
        place.at("hostDNS", "forwardKubeDNSToHost").refuse("requires hostDNS.enabled to be true")


def _check_node(machine: Body, place: Place) -> None:
    rules.node_labels(machine.get("nodeLabels") or {}, place.at("nodeLabels"))
    rules.node_annotations(machine.get("nodeAnnotations") or {}, place.at("nodeAnnotations"))
    rules.node_taints(machine.get("nodeTaints") or {}, place.at("nodeTaints"))


def _check_logging(logging: Body, place: Place) -> None:
    destinations: Iterable[Any] = logging.get("destinations") or ()
    for index, destination in enumerate(destinations):
        here = place.at(index)
        endpoint = destination.get("endpoint") or ""
        if not endpoint.startswith(("tcp://", "udp://")):
            here.at("endpoint").refuse("is required, as tcp://host:port/ or udp://host:port/")
        if destination.get("format") != _LOG_FORMAT:
            here.at("format").refuse(f"unknown format {destination.get('format')!r}")


def _check_registries(registries: Body, place: Place) -> None:
    for section in ("config", "mirrors"):
        for name, value in (registries.get(section) or {}).items():
            if value is None:
                place.at(section, name).refuse("is null")
