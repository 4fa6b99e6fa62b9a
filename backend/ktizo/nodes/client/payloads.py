"""What is inside a node's events, from the stream and (with another type URL) from the event sink.

Any.type_url is `talos/runtime/machine.<Kind>` in the Events stream and
`type.googleapis.com/machine.<Kind>` at the sink (talos.md §11); only the last word counts.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import DecodeError, Message

from ktizo.nodes.errors import Malformed
from ktizo.nodes.wire import envelope_pb2 as envelope
from ktizo.nodes.wire import events_pb2 as wire


@dataclass(frozen=True, slots=True)
class Sequence:
    """A sequence of the node begins or ends: initialize, install, boot, reset, upgrade, ..."""

    name: str
    action: str  # noop, start, stop
    error: str  # empty when it went well
    error_code: str  # fatal, locked, canceled; empty without an error


@dataclass(frozen=True, slots=True)
class Phase:
    """A phase of a sequence begins or ends; phase `install` means the installer runs."""

    name: str
    action: str  # start, stop


@dataclass(frozen=True, slots=True)
class Task:
    """A task of a phase begins or ends; `runningMaintenance` marks maintenance mode."""

    name: str
    action: str  # start, stop


@dataclass(frozen=True, slots=True)
class ServiceState:
    """A service changes its state."""

    service: str
    action: str  # initialized, preparing, waiting, running, stopping, finished, failed, ...
    message: str
    healthy: bool | None


@dataclass(frozen=True, slots=True)
class Restart:
    """The node starts anew; `command` is Linux's reboot(2) constant."""

    command: int


@dataclass(frozen=True, slots=True)
class ConfigError:
    """A config could not be loaded, or is not valid."""

    error: str
    loaded: bool  # it could be read, and is not valid


@dataclass(frozen=True, slots=True)
class Addresses:
    """Names and addresses the node has now."""

    hostname: str
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MachineStatus:
    """Where a machine stands; `unmet` is (condition, reason) for each that keeps it from ready."""

    stage: str  # booting, installing, maintenance, running, rebooting, shutting_down, ...
    ready: bool
    unmet: tuple[tuple[str, str], ...]


Payload = Sequence | Phase | Task | ServiceState | Restart | ConfigError | Addresses | MachineStatus


def kind_of(type_url: str) -> str:
    """Return `MachineStatusEvent` of `talos/runtime/machine.MachineStatusEvent`."""
    return type_url.rpartition("/")[2].rpartition(".")[2]


def payload_of(kind: str, data: bytes) -> Payload | None:
    """Return what an event says; None for a kind this version of Ktizo does not know."""
    known = _KINDS.get(kind)
    if known is None:
        return None
    message, read = known
    try:
        return read(message.FromString(data))
    except DecodeError as error:
        raise Malformed(f"a {kind} that cannot be read") from error


def name_of(enum: Any, value: int) -> str:
    """Return an enum's value in lower case; a number this version does not know as itself."""
    return enum.Name(value).lower() if value in enum.values() else str(value)


def _sequence(found: wire.SequenceEvent) -> Sequence:
    error = found.error
    code = name_of(envelope.Code, error.code) if error.message else ""
    action = name_of(wire.SequenceEvent.Action, found.action)
    return Sequence(found.sequence, action, error.message, code)


def _phase(found: wire.PhaseEvent) -> Phase:
    return Phase(found.phase, name_of(wire.PhaseEvent.Action, found.action))


def _task(found: wire.TaskEvent) -> Task:
    return Task(found.task, name_of(wire.TaskEvent.Action, found.action))


def _service(found: wire.ServiceStateEvent) -> ServiceState:
    known = found.HasField("health") and not found.health.unknown
    return ServiceState(
        service=found.service,
        action=name_of(wire.ServiceStateEvent.Action, found.action),
        message=found.message,
        healthy=found.health.healthy if known else None,
    )


def _status(found: wire.MachineStatusEvent) -> MachineStatus:
    return MachineStatus(
        stage=name_of(wire.MachineStatusEvent.MachineStage, found.stage),
        ready=found.status.ready,
        unmet=tuple((one.name, one.reason) for one in found.status.unmet_conditions),
    )


_KINDS: dict[str, tuple[type[Message], Callable[[Any], Payload]]] = {
    "SequenceEvent": (wire.SequenceEvent, _sequence),
    "PhaseEvent": (wire.PhaseEvent, _phase),
    "TaskEvent": (wire.TaskEvent, _task),
    "ServiceStateEvent": (wire.ServiceStateEvent, _service),
    "RestartEvent": (wire.RestartEvent, lambda found: Restart(found.cmd)),
    "ConfigLoadErrorEvent": (
        wire.ConfigLoadErrorEvent,
        lambda found: ConfigError(found.error, loaded=False),
    ),
    "ConfigValidationErrorEvent": (
        wire.ConfigValidationErrorEvent,
        lambda found: ConfigError(found.error, loaded=True),
    ),
    "AddressEvent": (
        wire.AddressEvent,
        lambda found: Addresses(found.hostname, tuple(found.addresses)),
    ),
    "MachineStatusEvent": (wire.MachineStatusEvent, _status),
}
