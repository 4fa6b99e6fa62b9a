"""What a simulated node reads out of the config it is given."""

from dataclasses import dataclass, field
from typing import Any

from ktizo.core import yaml
from ktizo.core.errors import Invalid
from ktizo.nodes.simulated import install_disk
from ktizo.nodes.simulated.install_disk import InstallDisk
from ktizo.nodes.simulated.reporting import Aims
from ktizo.talos.pki import CertAndKey
from ktizo.talos.secrets import decode


@dataclass(frozen=True, slots=True)
class MachineConfig:
    """A config as applied; without the v1alpha1 document it is partial and nothing is installed."""

    text: str = field(repr=False)
    complete: bool
    role: str = ""  # controlplane, worker
    ca: CertAndKey = field(default=CertAndKey("", ""), repr=False)  # a worker's has no key
    hostname: str = ""
    installer: str = ""  # image
    endpoint: str = ""
    disk: InstallDisk = field(default_factory=InstallDisk)
    images: dict[str, str] = field(default_factory=dict)  # of Kubernetes, by component
    aims: Aims = field(default_factory=Aims)  # EventSinkConfig, KmsgLogConfig

    @property
    def installer_schematic(self) -> str:
        """The schematic of the installer's image; empty when its name has none."""
        return schematic_of(self.installer)

    @property
    def installer_version(self) -> str:
        """The Talos the installer brings, `v1.12.11`; empty when its image has no such tag."""
        tag = self.installer.rpartition(":")[2]
        return tag if tag.startswith("v1.") else ""


def schematic_of(image: str) -> str:
    """Return the schematic in an installer's name, `.../metal-installer/<64 hex>:v1.12.11`."""
    name = image.rpartition(":")[0].rpartition("/")[2]
    return name if len(name) == 64 else ""


def read(data: bytes) -> MachineConfig:
    """Read a config; raises Invalid where Talos would not take it either."""
    text = data.decode("utf-8", "strict") if data else ""
    documents = [one for one in yaml.load_all(text) if one is not None]
    if not documents or not all(isinstance(one, dict) for one in documents):
        raise Invalid("not a machine config: no YAML documents")
    main = next((one for one in documents if "kind" not in one and "machine" in one), None)
    kinds = {str(one["kind"]): one for one in documents if "kind" in one}
    if main is None:
        return MachineConfig(text, complete=False, aims=_aims(kinds))
    machine: dict[str, Any] = main.get("machine") or {}
    role = str(machine.get("type", ""))
    if role not in ("controlplane", "worker"):
        raise Invalid(f"machine.type: unknown machine type {role!r}")
    pair = machine.get("ca") or {}
    if not pair.get("crt"):
        raise Invalid("machine.ca.crt is required")
    return MachineConfig(
        text=text,
        complete=True,
        role=role,
        ca=CertAndKey(decode(pair["crt"]), decode(pair.get("key") or "")),
        hostname=_hostname(machine, kinds),
        installer=_installer(machine, kinds),
        endpoint=_endpoint(main, kinds),
        aims=_aims(kinds),
        disk=install_disk.read(
            machine.get("install") or {}, kinds.get("UnattendedInstallConfig", {})
        ),
        images=_images(main, kinds),
    )


# Where the image of each component is, in the fields up to 1.13 and the documents from 1.14 on.
_COMPONENTS = (
    ("kube-apiserver", "cluster", "apiServer", "KubeAPIServerConfig"),
    ("kube-controller-manager", "cluster", "controllerManager", "KubeControllerManagerConfig"),
    ("kube-scheduler", "cluster", "scheduler", "KubeSchedulerConfig"),
    ("kube-proxy", "cluster", "proxy", "KubeProxyConfig"),
    ("kubelet", "machine", "kubelet", "KubeletConfig"),
)


def _images(main: dict[str, Any], kinds: dict[str, Any]) -> dict[str, str]:
    found = {}
    for component, section, name, kind in _COMPONENTS:
        own = kinds.get(kind) or (main.get(section) or {}).get(name) or {}
        if own.get("image"):
            found[component] = str(own["image"])
    return found


def _aims(kinds: dict[str, Any]) -> Aims:
    sink = kinds.get("EventSinkConfig", {}).get("endpoint") or ""
    return Aims(str(sink), str(kinds.get("KmsgLogConfig", {}).get("url") or ""))


def _hostname(machine: dict[str, Any], kinds: dict[str, Any]) -> str:
    own = (machine.get("network") or {}).get("hostname")
    return str(kinds.get("HostnameConfig", {}).get("hostname") or own or "")


def _installer(machine: dict[str, Any], kinds: dict[str, Any]) -> str:
    own = (machine.get("install") or {}).get("image")
    split = (kinds.get("UnattendedInstallConfig", {}).get("installer") or {}).get("image")
    return str(split or own or "")


def _endpoint(main: dict[str, Any], kinds: dict[str, Any]) -> str:
    own = ((main.get("cluster") or {}).get("controlPlane") or {}).get("endpoint")
    split = kinds.get("KubeClusterConfig", {}).get("endpoint")
    return str(split or own or "")
