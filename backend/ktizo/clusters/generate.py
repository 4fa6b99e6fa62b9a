"""Facts in, a machine's config out. Pure.

The cluster's choices come first, then the patches of the cluster and of the role: that much is the
same for all machines of a role and made once. A machine adds its name, address, disk and volumes,
and last its own patches. A machine without patches costs a few small documents, not a whole dump.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ktizo.clusters import disks, links, overlay, volume
from ktizo.clusters.facts import CLUSTER, ClusterFacts, MemberFacts
from ktizo.core import yaml
from ktizo.core.errors import Invalid
from ktizo.images.image import installer_reference
from ktizo.talos import generate as talos
from ktizo.talos import inputs, patch
from ktizo.talos.contracts import Contract, contract
from ktizo.talos.documents.read import Config
from ktizo.talos.secrets import Bundle

FACTORY = "factory.talos.dev"
# The schematic without any extension (reference talos.md 9): what a plain release holds.
PLAIN = "376567988ad370138ad8b2698212367b8edcb69b5fd68c80be1f2ec7d603b4ba"
UNATTENDED = ("v1alpha1", "UnattendedInstallConfig", "")


@dataclass(frozen=True, slots=True)
class Prepared:
    """What all machines of a role share. `notes` say what was not understood in patches."""

    cluster: ClusterFacts
    role: str
    base: talos.Base = field(repr=False)
    notes: tuple[str, ...] = ()

    def document(self, key: tuple[str, str, str]) -> Mapping[str, Any] | None:
        """Return one of the shared documents."""
        return next((one for one in self.base.documents if talos.key_of(one) == key), None)


def prepare(cluster: ClusterFacts, bundle: Bundle, role: str) -> Prepared:
    """Make what all machines of `role` share; raises Invalid with every reason."""
    wanted = talos_inputs(cluster, bundle)
    made = talos.documents(wanted, inputs.Role(role))
    documents = overlay.with_settings(made, cluster, wanted.contract, role)
    patches = {f"{scope} patch": cluster.patches.get(scope, ()) for scope in (CLUSTER, role)}
    notes: tuple[str, ...] = ()
    if any(patches.values()):
        text = yaml.dump_all(documents)
        config, notes = _patched(text, patches, cluster.talos_version)
        documents = config.written()
    return Prepared(cluster, role, talos.Base(documents, wanted.contract), notes)


def machine(prepared: Prepared, member: MemberFacts) -> tuple[str, tuple[str, ...]]:
    """Return the config of a machine as it is served, and notes on its patches."""
    device, clashing = _device(prepared, member)
    text = prepared.base.emit(device)
    if not clashing and not member.patches:
        return text, ()
    patches = {"machine": tuple(map(yaml.dump, clashing)), "machine patch": member.patches}
    config, notes = _patched(text, patches, prepared.cluster.talos_version)
    return config.text(), notes


def talos_inputs(cluster: ClusterFacts, bundle: Bundle) -> inputs.Cluster:
    """Return the cluster in the words of the Talos library."""
    return inputs.Cluster(
        name=cluster.name,
        endpoint=cluster.endpoint,
        secrets=bundle,
        contract=contract(cluster.talos_version),
        kubernetes=cluster.kubernetes_version,
        install=inputs.Install(
            disk=cluster.install_disk or "",
            selector=dict(cluster.install_disk_selector),
            match=cluster.install_disk_match or "",
            image=installer(cluster),
        ),
        pod_subnets=cluster.pod_subnets,
        service_subnets=cluster.service_subnets,
        dns_domain=cluster.dns_domain,
        cni=None if cluster.cni == "flannel" else inputs.Cni(cluster.cni, cluster.cni_urls),
        cert_sans=cluster.cert_sans,
        allow_scheduling_on_control_planes=cluster.schedule_on_control_planes,
        discovery=cluster.discovery,
        kubespan=cluster.kubespan,
        mirrors={
            host: inputs.Mirror(
                tuple(mirror["endpoints"]), mirror["override_path"], mirror["skip_fallback"]
            )
            for host, mirror in cluster.registry_mirrors.items()
        },
    )


def installer(cluster: ClusterFacts) -> str:
    """Return the installer image: the one named, else that of the schematic, else the plain one.

    Factories serve `metal-installer` from Talos 1.10 on; from 1.14 on ghcr.io has no installer
    (reference talos.md 0.12 and 9).
    """
    if cluster.install_image:
        return cluster.install_image
    minor = contract(cluster.talos_version).minor
    if cluster.schematic is None and minor < (1, 14):
        return f"ghcr.io/siderolabs/installer:{cluster.talos_version}"
    return installer_reference(FACTORY, cluster.schematic or PLAIN, cluster.talos_version)


def _patched(
    text: str, patches: Mapping[str, tuple[str, ...]], version: str
) -> tuple[Config, tuple[str, ...]]:
    """Return the config after all patches; a refusal says which one, by scope and number."""
    config = patch.parse(text, version, keep_unknown_kinds=True)
    for title, texts in patches.items():
        for number, one in enumerate(texts, start=1):
            try:
                read = patch.load(one, version, keep_unknown_kinds=True)
                config = patch.apply(config, [read])
            except Invalid as error:
                message = f"{title} {number}: {error.message}"
                raise Invalid(message, **error.detail) from error
    return config, tuple(config.notes)


def _device(
    prepared: Prepared, member: MemberFacts
) -> tuple[talos.Device, list[Mapping[str, Any]]]:
    """Return what the machine adds, and those documents a patch has already begun."""
    own: list[Mapping[str, Any]] = []
    fields: dict[str, Any] = {}
    talos_contract = prepared.base.contract
    _install(prepared, member, talos_contract, own, fields)
    for wanted in member.volumes:
        key = talos.key_of(volume.document(wanted))
        own.append(volume.over(prepared.document(key), wanted))
    clashing: list[Mapping[str, Any]] = []
    if links.have_documents(talos_contract):
        for one in links.documents(prepared.cluster, member):
            (clashing if prepared.document(talos.key_of(one)) else own).append(one)
    elif more := links.interfaces(prepared.cluster, member):
        network = dict(_section(prepared, "network"))
        fields["network"] = network | {"interfaces": [*network.get("interfaces", ()), *more]}
    device = talos.Device(member.hostname or "", fields, tuple(own))
    return device, clashing


def _install(
    prepared: Prepared,
    member: MemberFacts,
    talos_contract: Contract,
    own: list[Mapping[str, Any]],
    fields: dict[str, Any],
) -> None:
    """Note the machine's own disk, instead of whatever the cluster says."""
    if not member.install_disk:
        return
    pin = disks.pinned(member.install_disk)
    if talos_contract.split:
        before = prepared.document(UNATTENDED) or {"apiVersion": "v1alpha1", "kind": UNATTENDED[1]}
        mark, value = (pin.kind, pin.value) if pin else ("dev_path", member.install_disk)
        match = f"disk.{mark} == {cel_text(value)}"
        rest = before.get("provisioning") or {"wipe": False}
        own.append({**before, "provisioning": {**rest, "diskSelector": {"match": match}}})
        return
    install = {
        name: value
        for name, value in _section(prepared, "install").items()
        if name not in {"disk", "diskSelector"}
    }
    disk = {"diskSelector": {pin.kind: pin.value}} if pin else {"disk": member.install_disk}
    fields["install"] = {**disk, **install}


def _section(prepared: Prepared, name: str) -> Mapping[str, Any]:
    legacy = prepared.document(talos.LEGACY) or {}
    return (legacy.get("machine") or {}).get(name) or {}


def cel_text(text: str) -> str:
    """Return `text` as a CEL string: double quotes, with those and backslashes escaped."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
