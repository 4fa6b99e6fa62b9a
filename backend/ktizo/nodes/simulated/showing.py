"""How a simulated node shows what it is: its resources, and which services run."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ktizo.nodes.simulated.hardware import Hardware, Rows, rows
from ktizo.nodes.simulated.machine_config import MachineConfig
from ktizo.nodes.simulated.state import State


@dataclass(frozen=True, slots=True)
class Shown:
    """Everything the resources are made from."""

    state: State
    hardware: Hardware
    host: str
    hostname: str
    version: str
    schematic: str
    system_disk: str
    config: MachineConfig | None
    stage: str
    ready: bool
    unmet: Sequence[tuple[str, str]]
    never_ready: frozenset[str] = frozenset()


def show(what: Shown) -> dict[str, bool]:
    """Bring the resources up to date; return Talos's services and whether each runs."""
    services = _services(what)
    found = [*rows(what.hardware, what.host, what.system_disk), *_runtime(what), *_pods(what)]
    found += [
        ("runtime", "Services.v1alpha1.talos.dev", name, {"running": up, "healthy": up})
        for name, up in services.items()
    ]
    if what.config is not None:
        found.append(("config", "MachineConfigs.config.talos.dev", "v1alpha1", what.config.text))
    for namespace, kind, name, spec in found:
        what.state.put(namespace, kind, name, spec)
    what.state.keep_only([(namespace, kind, name) for namespace, kind, name, _ in found])
    return services


def _services(what: Shown) -> dict[str, bool]:
    found = {"machined": True, "containerd": True, "udevd": True}
    if what.config is None or not what.config.complete:
        return found
    found |= {"apid": True, "kubelet": what.ready, "cri": True}
    if what.config.role == "controlplane":
        found |= {"etcd": what.ready, "trustd": True}
    return found


def _pods(what: Shown) -> Rows:
    """Return the static pods of a control plane; their spec is Kubernetes' PodStatus."""
    if what.config is None or what.config.role != "controlplane" or not what.ready:
        return []
    found: Rows = []
    for component in ("kube-apiserver", "kube-controller-manager", "kube-scheduler"):
        good = component not in what.never_ready
        status = {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": "True" if good else "False"}],
            "containerStatuses": [
                {"name": component, "image": what.config.images.get(component, ""), "ready": good}
            ],
        }
        name = f"kube-system/{component}-{what.hostname}"
        found.append(("k8s", "StaticPodStatuses.kubernetes.talos.dev", name, status))
    return found


def _runtime(what: Shown) -> Rows:
    status = {
        "stage": what.stage,
        "status": {
            "ready": what.ready,
            "unmetConditions": [{"name": name, "reason": why} for name, why in what.unmet],
        },
    }
    extension: dict[str, Any] = {"image": "", "metadata": {}}
    extension["metadata"] = {"name": "schematic", "version": what.schematic}
    hostname = {"hostname": what.hostname, "domainname": ""}
    found: Rows = [
        ("runtime", "MachineStatuses.runtime.talos.dev", "machine", status),
        ("runtime", "ExtensionStatuses.runtime.talos.dev", "0", extension),
        ("network", "HostnameStatuses.net.talos.dev", "hostname", hostname),
    ]
    minor = tuple(int(part) for part in what.version.lstrip("v").split(".")[:2])
    if minor >= (1, 10):
        version = {"version": what.version}
        found.append(("runtime", "Versions.runtime.talos.dev", "version", version))
    if minor >= (1, 11):
        cmdline = {"cmdline": "talos.platform=metal slab_nomerge pti=on"}
        found.append(("runtime", "KernelCmdlines.runtime.talos.dev", "cmdline", cmdline))
    return found
