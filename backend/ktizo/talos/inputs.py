"""What a machine config is made from: a cluster's choices, the same for all its machines."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

from ktizo.core.errors import Invalid
from ktizo.talos.contracts import Contract
from ktizo.talos.secrets import Bundle

IPV4_SUBNETS = ("10.244.0.0/16", "10.96.0.0/12")  # pods, services
IPV6_SUBNETS = ("fc00:db8:10::/56", "fc00:db8:20::/112")
KUBE_PRISM_PORT = 7445
CNI_NAMES = ("flannel", "custom", "none")


class Role(StrEnum):
    """What a machine is in its cluster; the text is Talos's machine.type."""

    CONTROLPLANE = "controlplane"
    WORKER = "worker"


@dataclass(frozen=True, slots=True)
class Cni:
    """The network plugin; `urls` are manifests, only with the name `custom`."""

    name: str = "flannel"
    urls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Mirror:
    """Where images of one registry are pulled from, in order."""

    endpoints: tuple[str, ...]
    override_path: bool = False  # the URL holds the whole path, /v2 is not added
    skip_fallback: bool = False  # never ask the registry itself


@dataclass(frozen=True, slots=True)
class RegistryTls:
    """How a registry is trusted; `ca` is PEM."""

    ca: str = ""
    insecure_skip_verify: bool = False


@dataclass(frozen=True, slots=True)
class Install:
    """Where Talos installs itself, and which installer image does it."""

    disk: str = ""  # /dev/sda or a /dev/disk/by-id link
    selector: Mapping[str, Any] = field(default_factory=dict)  # diskSelector, before 1.14
    match: str = ""  # CEL over `disk`, from 1.14
    image: str = ""
    extra_kernel_args: tuple[str, ...] = ()  # dropped from 1.14: they belong in the schematic


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """Everything a cluster's configs are made from; what is left out is what talosctl chooses."""

    name: str
    endpoint: str  # https://host:6443, how kubelets and people reach the API server
    secrets: Bundle
    contract: Contract
    kubernetes: str  # 1.35.4, without v
    install: Install = Install()
    pod_subnets: tuple[str, ...] = ()
    service_subnets: tuple[str, ...] = ()
    dns_domain: str = "cluster.local"
    cni: Cni | None = None
    cert_sans: tuple[str, ...] = ()  # for the Talos API and the API server both
    local_api_port: int | None = None
    allow_scheduling_on_control_planes: bool = False
    discovery: bool = True
    kubespan: bool | None = None
    kube_prism_port: int = KUBE_PRISM_PORT  # 0 turns it off
    sysctls: Mapping[str, str] = field(default_factory=dict)
    mirrors: Mapping[str, Mirror] = field(default_factory=dict)  # by registry host
    registry_tls: Mapping[str, RegistryTls] = field(default_factory=dict)
    debug: bool = False

    @property
    def endpoint_host(self) -> str:
        """The endpoint's host as written, without port and brackets."""
        host = urlsplit(self.endpoint).netloc.rpartition("@")[2]
        return host[1 : host.find("]")] if host.startswith("[") else host.partition(":")[0]

    @property
    def pods(self) -> tuple[str, ...]:
        """Pod subnets; IPv6 ones when none are chosen and the endpoint is an IPv6 address."""
        return self.pod_subnets or (self._default_subnets()[0],)

    @property
    def services(self) -> tuple[str, ...]:
        """Service subnets, chosen as the pods' are."""
        return self.service_subnets or (self._default_subnets()[1],)

    def _default_subnets(self) -> tuple[str, str]:
        try:
            return IPV6_SUBNETS if ip_address(self.endpoint_host).version == 6 else IPV4_SUBNETS
        except ValueError:
            return IPV4_SUBNETS

    def check(self) -> None:
        """Refuse what no Talos would take, all reasons at once."""
        problems = [*_problems(self)]
        if problems:
            raise Invalid("; ".join(problems))


def _problems(cluster: Cluster) -> Iterator[str]:
    if not cluster.name.strip():
        yield "a cluster needs a name"
    try:
        url = urlsplit(cluster.endpoint)
        good = url.scheme == "https" and bool(url.hostname) and (url.port or 1) > 0
    except ValueError:
        good = False
    if not good:
        yield f"the endpoint {cluster.endpoint!r} must be a URL like https://192.0.2.10:6443"
    for subnet in (*cluster.pods, *cluster.services):
        try:
            ip_network(subnet)
        except ValueError as error:
            yield f"{subnet!r} is not a subnet: {error}"
    yield from _problems_of_cni(cluster.cni or Cni())
    if cluster.install.selector and cluster.contract.split:
        yield f"contract {cluster.contract} finds its install disk by a CEL match, no diskSelector"
    if cluster.install.match and not cluster.contract.split:
        yield f"contract {cluster.contract} finds its install disk by a diskSelector, no CEL match"


def _problems_of_cni(cni: Cni) -> Iterator[str]:
    if cni.name not in CNI_NAMES:
        yield f"the CNI is one of {', '.join(CNI_NAMES)}, not {cni.name!r}"
    if bool(cni.urls) != (cni.name == "custom"):
        yield "a custom CNI needs manifest URLs, and no other takes them"
