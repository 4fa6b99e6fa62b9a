"""What is known of a node at a moment, and the words for it. Pure."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class NodeState(StrEnum):
    """Where a node stands; said by its own API, or that it says nothing."""

    WAITING = "waiting"  # it may come up; its API was not reached yet
    MAINTENANCE = "maintenance"  # Talos runs in memory and waits for a config
    BOOTING = "booting"
    INSTALLING = "installing"
    RUNNING = "running"
    REBOOTING = "rebooting"
    UPGRADING = "upgrading"
    RESETTING = "resetting"
    SHUTTING_DOWN = "shutting_down"
    UNREACHABLE = "unreachable"


# Names of runtime.MachineStage as its YAML has them (siderolabs/talos pkg/machinery/resources/
# runtime/machine_status.go; talos.md §7).
STAGES = {
    "booting": NodeState.BOOTING,
    "installing": NodeState.INSTALLING,
    "maintenance": NodeState.MAINTENANCE,
    "running": NodeState.RUNNING,
    "rebooting": NodeState.REBOOTING,
    "shutting down": NodeState.SHUTTING_DOWN,
    "resetting": NodeState.RESETTING,
    "upgrading": NodeState.UPGRADING,
}
# On its way somewhere: silence is expected for a while.
AWAY = frozenset(
    {
        NodeState.WAITING,
        NodeState.BOOTING,
        NodeState.INSTALLING,
        NodeState.REBOOTING,
        NodeState.UPGRADING,
        NodeState.RESETTING,
        NodeState.SHUTTING_DOWN,
    }
)


@dataclass(frozen=True, slots=True)
class Status:
    """A node's MachineStatus. `unmet`: what it waits for, and why."""

    state: NodeState
    ready: bool = False
    unmet: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """All that is known of one node now; what is stored is the same."""

    device_id: int
    state: NodeState
    since: datetime
    address: str | None = None
    pin: str | None = None
    ready: bool = False
    unmet: tuple[tuple[str, str], ...] = ()
    talos_version: str | None = None
    schematic: str | None = None
    config_sha256: str | None = None
    drift: tuple[tuple[str, str, str], ...] = ()  # what, intended, found
    trouble: tuple[str, str] | None = None  # code, message
    answered_at: datetime | None = field(default=None, compare=False)


def status_of(spec: Any) -> Status:
    """Return the status a MachineStatus resource's spec tells; odd specs are `booting`."""
    known = spec if isinstance(spec, dict) else {}
    status = known.get("status")
    status = status if isinstance(status, dict) else {}
    unmet = status.get("unmetConditions")
    found = [one for one in unmet if isinstance(one, dict)] if isinstance(unmet, list) else []
    return Status(
        state=STAGES.get(str(known.get("stage", "")), NodeState.BOOTING),
        ready=status.get("ready") is True,
        unmet=tuple((str(one.get("name", "")), str(one.get("reason", ""))) for one in found[:50]),
    )
