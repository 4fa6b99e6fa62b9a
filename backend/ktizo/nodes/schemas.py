"""Wire shapes of nodes, inspections and work. Bounds are here, so no rule has to think of them."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Version = Annotated[str, StringConstraints(pattern=r"^v?\d+\.\d+\.\d+(-[0-9A-Za-z.-]{1,20})?$")]
NodeState = Literal[
    "maintenance",
    "booting",
    "installing",
    "running",
    "rebooting",
    "upgrading",
    "resetting",
    "shutting_down",
    "unreachable",
    "waiting",
]
WorkKind = Literal[
    "bring_up", "upgrade_talos", "upgrade_kubernetes", "apply_config", "remove_member"
]
WorkState = Literal["running", "stopped", "done", "abandoned"]
StepState = Literal["todo", "doing", "done", "skipped", "failed"]


class Wire(BaseModel):
    """A body: unknown fields are refused, so a typing error is never silently ignored."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)


class Trouble(Wire):
    """Why a node cannot be talked to as it should."""

    code: str = Field(examples=["unreachable", "wrong_key", "wrong_clock"])
    message: str


class Unmet(Wire):
    """What a node still waits for before it is ready."""

    name: str
    reason: str


class Drift(Wire):
    """Something a node runs that is not what was intended."""

    what: Literal["talos_version", "schematic", "config", "kubernetes_version"]
    intended: str
    found: str


class NodeView(Wire):
    """A node as its own Talos API showed it last."""

    device_id: int
    hostname: str | None
    role: str | None
    cluster_id: int | None
    cluster: str | None
    state: NodeState
    since: datetime
    address: str | None
    ready: bool
    unmet: list[Unmet]
    talos_version: str | None
    schematic: str | None
    drift: list[Drift]
    trouble: Trouble | None
    answered_at: datetime | None


class ServiceView(Wire):
    """One of Talos's own services."""

    id: str
    state: str
    healthy: bool | None
    health_message: str


class Volume(Wire):
    """What was found on a disk: a partition, or a file system on the whole disk."""

    name: str = Field(description="sda1")
    filesystem: str = Field(description="As found: ext4, ntfs, bluestore; empty: nothing known.")
    label: str
    partition_label: str
    size_bytes: int


class FoundDisk(Wire):
    """A disk of an inspected machine.

    `holds`: what would be lost, in words an operator knows; empty when nothing was recognised.
    """

    name: str = Field(examples=["/dev/sda"])
    size_bytes: int
    model: str
    serial: str
    wwid: str
    transport: str
    rotational: bool
    readonly: bool
    install_disk: str | None = Field(
        description="What to send as `install_disk` to pin it; null: nothing tells it apart."
    )
    holds: list[str]
    volumes: list[Volume]


class FoundCard(Wire):
    """A network card."""

    name: str
    mac: str
    up: bool
    speed_mbit: int | None
    driver: str


class Findings(Wire):
    """What an inspection found."""

    at: datetime
    address: str
    pin: str = Field(description="SHA-256 of the machine's key; its console shows the same.")
    talos_version: str
    manufacturer: str
    product: str
    serial: str
    uuid: str
    cpus: list[str]
    cores: int
    memory_mib: int
    cards: list[FoundCard]
    disks: list[FoundDisk]
    warnings: list[str] = Field(description="What a person should know before erasing anything.")


class InspectionView(Wire):
    """An inspection that was asked for, and what the last one found."""

    state: Literal["none", "asked", "booting", "looking", "done"]
    asked_by: str | None = None
    asked_at: datetime | None = None
    expires_at: datetime | None = None
    schematic: str | None = None
    version: str | None = None
    boots: int = 0
    findings: Findings | None = None


class ConsoleLine(Wire):
    """A line of a machine's live console; `source` is kernel or event."""

    number: int
    at: datetime
    source: Literal["kernel", "event"]
    level: str
    text: str


class Console(Wire):
    """Lines after the number asked for; `next` is what to ask with the next time."""

    lines: list[ConsoleLine]
    next: int
    lost: int = Field(description="Lines that went by between, or were too many to keep.")


class StepView(Wire):
    """One step of a work."""

    name: str
    title: str
    state: StepState
    said: str
    device_id: int | None = None
    at: datetime | None = None


class WorkView(Wire):
    """Work on a cluster."""

    id: int
    cluster_id: int
    cluster: str
    kind: WorkKind
    params: dict[str, Any]
    state: WorkState
    steps: list[StepView]
    said: str = Field(description="Why it stopped, and what to do.")
    asked_by: str
    asked_at: datetime
    updated_at: datetime
    ended_at: datetime | None


class EtcdMemberView(Wire):
    """A member of etcd; `device_id` is null for one Ktizo does not know."""

    id: str = Field(description="In hexadecimal, as etcd writes it.")
    hostname: str
    device_id: int | None
    learner: bool
    leader: bool
    healthy: bool


class Health(Wire):
    """How a cluster is."""

    bootstrapped: bool
    etcd: list[EtcdMemberView]
    quorum: int = Field(description="Members that must be up.")
    etcd_healthy: bool
    nodes_ready: int
    nodes: int
    healthy: bool
    problems: list[str]


class BringUp(Wire):
    """Begin etcd on one control plane, and see the cluster through to Ready."""

    first: int | None = Field(None, ge=1, description="The machine etcd begins on. Default: ours.")


class UpgradeTalos(Wire):
    """Bring every node of a cluster to another Talos, one by one."""

    version: Version
    schematic: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None


class UpgradeKubernetes(Wire):
    """Bring a cluster to another Kubernetes, component by component."""

    version: Version


class ApplyConfig(Wire):
    """Give running nodes the config they should have."""

    device_ids: list[Annotated[int, Field(ge=1, lt=2**31)]] = Field(
        [], max_length=1000, description="Empty: every node whose config differs."
    )
    mode: Literal["auto", "no-reboot", "reboot", "staged"] = "auto"


class RemoveMember(Wire):
    """Take a node out: leave etcd, wipe, forget its place in the cluster."""

    device_id: int = Field(ge=1, lt=2**31)
    confirm: str = Field(max_length=64, description="Its hostname, or a MAC when it has none.")
    wipe: Literal["all", "system-disk"] = "system-disk"
    force: bool = Field(
        False,
        description="It is dead: when it does not answer, have etcd vote it out. Wipes nothing.",
    )


class ConfigPlan(Wire):
    """What would change on a running node; secrets are shown as fingerprints."""

    device_id: int
    differs: bool
    diff: str
    mode: str = Field(description="How the node would apply it: no-reboot, reboot, ...")
    said: str = Field(description="The node's own words about it.")
    warnings: list[str]


class NodeOrder(Wire):
    """Restart or switch off one node."""

    order: Literal["reboot", "powercycle", "shutdown"]
    force: bool = Field(False, description="Even when etcd would lose its quorum.")


class InspectIn(Wire):
    """Let a machine boot Talos in memory to be looked at."""

    schematic: str | None = Field(None, max_length=64, description="Default: any mirrored build.")
    version: Version | None = None
    minutes: int | None = Field(None, ge=5, le=1440)
