"""What a cluster is: settings, and their answers."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from ktizo.clusters.schemas.words import (
    ClusterName,
    Disk,
    Host,
    Ip,
    KubernetesVersion,
    Patches,
    Registry,
    Subnet,
    TalosVersion,
    Url,
    Wire,
)

# What a new cluster starts with; its config format is taken by every later Talos (talos.md 3).
TALOS_VERSION = "v1.12.11"
INSTALL_DISK = "/dev/sda"  # as talosctl's


class Mirror(Wire):
    """Where images of one registry come from."""

    endpoints: list[Url] = Field(min_length=1, max_length=10)
    override_path: bool = False
    skip_fallback: bool = False


class SettingsIn(Wire):
    """What a cluster is. What is left out is what `talosctl gen config` would choose."""

    name: ClusterName
    endpoint: str = Field(max_length=255, examples=["https://192.0.2.10:6443"])
    vip: Ip | None = Field(None, description="An address the control plane machines share.")
    pod_subnets: list[Subnet] = Field([], max_length=4)
    service_subnets: list[Subnet] = Field([], max_length=4)
    dns_domain: Host = "cluster.local"
    cni: Literal["flannel", "none", "custom"] = "flannel"
    cni_urls: list[Url] = Field([], max_length=20)
    talos_version: TalosVersion = TALOS_VERSION
    kubernetes_version: KubernetesVersion | None = Field(
        None, description="Default: the newest this Talos was made with."
    )
    schematic: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None
    install_image: Annotated[str, StringConstraints(pattern=r"^[^\s\"']{1,512}$")] | None = None
    install_disk: Disk | None = None
    install_disk_selector: dict[str, Any] = Field(
        {}, max_length=12, description="Talos's diskSelector, before Talos 1.14."
    )
    install_disk_match: Annotated[str, StringConstraints(max_length=2000)] | None = Field(
        None, description="CEL over `disk`, from Talos 1.14."
    )
    gateway: Ip | None = None
    nameservers: list[Ip] = Field([], max_length=8)
    time_servers: list[Host] = Field([], max_length=8)
    registry_mirrors: dict[Registry, Mirror] = Field({}, max_length=50)
    cert_sans: list[Host] = Field([], max_length=50)
    schedule_on_control_planes: bool = False
    discovery: bool = True
    kubespan: bool | None = None

    @model_validator(mode="after")
    def _one_disk(self) -> Self:
        """Take talosctl's disk when none is named; a selector and a disk exclude each other."""
        chosen = [self.install_disk, self.install_disk_selector, self.install_disk_match]
        if sum(map(bool, chosen)) > 1:
            raise ValueError(
                "give one of install_disk, install_disk_selector and install_disk_match"
            )
        if not any(chosen):
            self.install_disk = INSTALL_DISK
        return self

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        if bool(self.cni_urls) != (self.cni == "custom"):
            raise ValueError("a custom CNI needs cni_urls, its manifest URLs; no other takes them")
        if self.vip is not None and self.vip == self.gateway:
            raise ValueError("the VIP is the gateway's address; take a free one")
        return self


class NewCluster(SettingsIn):
    """A cluster to make; its secrets are generated unless they are given."""

    secrets: Annotated[str, StringConstraints(max_length=1_000_000)] | None = Field(
        None, repr=False, description="An existing secrets.yaml."
    )


class SettingsChange(BaseModel):
    """Some settings of a cluster; what is left out stays. Fields are those of SettingsIn."""

    model_config = ConfigDict(extra="allow")


class ClusterOut(SettingsIn):
    """A cluster as the API shows it: never its secrets, never the text of its patches."""

    id: int
    version: int = Field(description="Grows with every change.")
    kubernetes_version: str
    control_planes: int = 0
    workers: int = 0
    has_secrets: bool
    patches: dict[str, int] = Field({}, description="How many patches there are, by scope.")
    created_at: datetime
    updated_at: datetime


class PatchesIn(Wire):
    """All patches of one scope, in the order they apply."""

    patches: Patches = Field(repr=False)
