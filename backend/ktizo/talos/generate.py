"""Machine configs as `talosctl gen config` makes them, and thousands of them cheaply.

`documents` is what talosctl would write for a role. `Base` keeps its text, so that a device's
config costs a few small documents and not the whole dump again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ktizo.core import yaml
from ktizo.core.errors import Invalid
from ktizo.talos.contracts import Contract
from ktizo.talos.documents.v1alpha1 import v1alpha1
from ktizo.talos.inputs import Cluster, Role
from ktizo.talos.split import document, kubernetes_documents, system_documents

Document = Mapping[str, Any]
SEPARATOR = "---\n"


def documents(cluster: Cluster, role: Role) -> list[dict[str, Any]]:
    """Return the documents of a `role` in `cluster`, the v1alpha1 one first."""
    cluster.check()
    contract = cluster.contract
    found = [v1alpha1(cluster, role)]
    if contract.split:
        found += system_documents(cluster)
    if contract.network_documents:
        found += [*_registries(cluster), hostname_document()]
    if cluster.kubespan is not None and contract.kubespan_document:
        found.append(document("KubeSpanConfig", enabled=cluster.kubespan))
    return found + (kubernetes_documents(cluster, role) if contract.split else [])


def hostname_document(hostname: str = "") -> dict[str, Any]:
    """Return a HostnameConfig: Talos's own stable name, or the given one (then `auto` is off)."""
    if hostname:
        return document("HostnameConfig", auto="off", hostname=hostname)
    return document("HostnameConfig", auto="stable")


def _registries(cluster: Cluster) -> list[dict[str, Any]]:
    """Return the registry documents, by kind and then by host."""
    found = []
    for host, mirror in sorted(cluster.mirrors.items()):
        path = {"overridePath": True} if mirror.override_path else {}
        fields: dict[str, Any] = {"endpoints": [{"url": url, **path} for url in mirror.endpoints]}
        if mirror.skip_fallback:
            fields["skipFallback"] = True
        found.append(document("RegistryMirrorConfig", host, **fields))
    for host, tls in sorted(cluster.registry_tls.items()):
        fields = {"ca": tls.ca} if tls.ca else {}
        if tls.insecure_skip_verify:
            fields["insecureSkipVerify"] = True
        found.append(document("RegistryTLSConfig", host, **fields))
    return found


@dataclass(frozen=True, slots=True)
class Device:
    """What one machine's config has of its own."""

    hostname: str = ""  # empty: Talos chooses a stable one
    machine: Document = field(default_factory=dict)  # fields of `machine` instead of the base's
    documents: tuple[Document, ...] = ()  # instead of those of the same kind and name, or more


class Base:
    """The config a role's machines share, dumped once and cut where devices differ."""

    def __init__(self, documents: Iterable[Document], contract: Contract) -> None:
        self.documents = tuple(documents)
        self.contract = contract
        self._texts = {key_of(one): yaml.dump(one) for one in self.documents}
        legacy = next((one for one in self.documents if "kind" not in one), None)
        self._machine: dict[str, str] = {}
        self._network: Document = {}
        if legacy is not None and legacy.get("machine"):
            self._network = legacy["machine"].get("network") or {}
            self._machine = {name: _field(name, v) for name, v in legacy["machine"].items()}
            self._before, self._after = _around_machine(legacy)

    def text(self) -> str:
        """Return the config without anything of a device's own."""
        return SEPARATOR.join(self._texts.values())

    def emit(self, device: Device) -> str:
        """Return a device's whole config as it is served; only what differs is dumped."""
        machine = dict(device.machine)
        own = list(device.documents)
        if device.hostname and self.contract.network_documents:
            own.append(hostname_document(device.hostname))
        elif device.hostname:
            network = machine.get("network", self._network)
            machine["network"] = {**network, "hostname": device.hostname}
        texts = self._texts | {key_of(one): yaml.dump(one) for one in own}
        if machine:
            texts[LEGACY] = self._with_machine(machine)
        return SEPARATOR.join(texts.values())

    def _with_machine(self, fields: Document) -> str:
        if not self._machine:
            raise Invalid("the config has no v1alpha1 document to change")
        changed = {name: _field(name, value) for name, value in fields.items()}
        return "".join([self._before, *(self._machine | changed).values(), self._after])


Key = tuple[str, str, str]
LEGACY: Key = ("", "v1alpha1", "")


def key_of(one: Document) -> Key:
    """Return what makes a document the same one: version, kind and name."""
    if "kind" not in one:
        return LEGACY
    return str(one.get("apiVersion", "")), str(one["kind"]), str(one.get("name", ""))


def _field(name: str, value: Any) -> str:
    """Return one field of `machine` as it stands in the whole dump."""
    return yaml.dump({"machine": {name: value}}).removeprefix("machine:\n")


def _around_machine(legacy: Document) -> tuple[str, str]:
    """Return the dump of `legacy` up to and including `machine:`, and after that section."""
    names = list(legacy)
    place = names.index("machine")
    before = {name: legacy[name] for name in names[:place]}
    after = {name: legacy[name] for name in names[place + 1 :]}
    return (yaml.dump(before) if before else "") + "machine:\n", yaml.dump(after) if after else ""
