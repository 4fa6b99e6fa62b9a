"""What the client returns: frozen, and without a trace of the wire."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from ktizo.nodes.client.payloads import Payload


class ApplyMode(StrEnum):
    """How a config comes into force; names as talosctl has them."""

    AUTO = "auto"  # the node decides whether to reboot
    NO_REBOOT = "no-reboot"  # at once, or refused
    REBOOT = "reboot"
    STAGED = "staged"  # at the next reboot
    TRY = "try"  # at once, and back again when nobody confirms in time


class RebootMode(StrEnum):
    """How a node starts anew."""

    DEFAULT = "default"  # kexec where it can
    POWERCYCLE = "powercycle"  # through the firmware
    FORCE = "force"  # without stopping anything properly; Talos 1.12 and newer


class Wipe(StrEnum):
    """What a reset wipes."""

    ALL = "all"
    SYSTEM_DISK = "system-disk"
    USER_DISKS = "user-disks"


class Change(StrEnum):
    """What happened to a resource."""

    CREATED = "created"
    UPDATED = "updated"
    DESTROYED = "destroyed"
    BOOTSTRAPPED = "bootstrapped"  # the list of what was there has been sent whole
    ERRORED = "errored"
    NOOP = "noop"


@dataclass(frozen=True, slots=True)
class NodeVersion:
    """What a node runs."""

    tag: str  # v1.12.11
    sha: str
    built: str
    go_version: str
    os: str
    arch: str  # amd64, arm64
    platform: str  # metal
    mode: str
    rbac: bool


@dataclass(frozen=True, slots=True)
class Applied:
    """What a node did with a config, or would do in a dry run."""

    mode: ApplyMode  # the one it chose
    details: str  # a diff, when it was a dry run
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Accepted:
    """An order the node took; `actor_id` picks its events out of the stream."""

    actor_id: str
    said: str = ""


@dataclass(frozen=True, slots=True)
class Service:
    """One of Talos's own services."""

    id: str
    state: str  # Running, Waiting, Finished, ...
    healthy: bool | None  # None: it has no health check, or it has not run yet
    health_message: str
    health_changed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Disk:
    """A disk as the storage service sees it."""

    name: str  # /dev/sda
    size_bytes: int
    model: str
    serial: str
    wwid: str
    uuid: str
    type: str  # SSD, HDD, NVME, SD, CD, UNKNOWN
    bus_path: str
    modalias: str
    subsystem: str
    system_disk: bool
    readonly: bool


@dataclass(frozen=True, slots=True)
class EtcdMember:
    """A member of the etcd cluster."""

    id: int
    hostname: str
    peer_urls: tuple[str, ...]
    client_urls: tuple[str, ...]
    learner: bool


@dataclass(frozen=True, slots=True)
class EtcdStatus:
    """How etcd on one node is."""

    member_id: int
    leader_id: int  # 0: there is none, so no quorum
    db_size_bytes: int
    db_in_use_bytes: int
    raft_index: int
    raft_term: int
    raft_applied_index: int
    learner: bool
    protocol_version: str
    storage_version: str
    errors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource of a node's state (COSI)."""

    namespace: str
    type: str
    id: str
    version: str
    phase: str  # running, tearingDown
    owner: str
    spec: Any  # parsed YAML
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    finalizers: tuple[str, ...] = ()
    created_at: datetime | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ResourceEvent:
    """A change of a resource; `resource` is None for BOOTSTRAPPED, NOOP and ERRORED."""

    change: Change
    resource: Resource | None
    old: Resource | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class NodeEvent:
    """Something a node says about itself; `payload` is None for a kind we do not know."""

    id: str
    actor_id: str
    kind: str  # MachineStatusEvent, PhaseEvent, ...
    payload: Payload | None


@dataclass(frozen=True, slots=True)
class InstallStep:
    """A line an installer writes, or how it ended (0 is good)."""

    message: str
    exit_code: int | None = None


@dataclass(frozen=True, slots=True)
class PullStep:
    """How far one layer of an image is; `image` is set once, at the end."""

    layer: str
    status: str  # downloading, download-complete, extracting, extract-complete, already-exists
    offset_bytes: int
    total_bytes: int
    image: str = ""
