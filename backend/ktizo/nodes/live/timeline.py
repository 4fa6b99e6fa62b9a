"""What of a node's own words becomes part of its timeline: stages, steps and errors.

Nobody vouches for them: they are shown, they never change a state, and they make Ktizo look at the
node itself (`hint`).
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ktizo.core.writer import Writer
from ktizo.events.kinds import EventKind
from ktizo.events.record import record
from ktizo.nodes.client import payloads
from ktizo.nodes.client.payloads import Payload
from ktizo.nodes.live.console import printable
from ktizo.nodes.live.limits import Bucket, Limits

# Talos's task that stops a network boot of a machine it is installed on (siderolabs/talos
# v1alpha1_sequencer_tasks.go, HaltIfInstalled, read 2026-11-21).
HALTS = "haltIfInstalled"
LONGEST = 500  # characters of a message
UNMET = 5  # conditions a stage is kept with
COUNT_S = 60.0  # at latest so long after the first dropped row their number is written
Row = tuple[EventKind, dict[str, Any]]


@dataclass(slots=True)
class _Machine:
    rows: Bucket
    stage: tuple[str, bool] | None = None
    dropped: int = 0
    address: str = ""
    timer: asyncio.TimerHandle | None = None


class Timeline:
    """Notes what is worth it, at a bounded rate per machine."""

    def __init__(self, writer: Writer, hint: Callable[[int], None], limits: Limits) -> None:
        self._writer, self._hint, self._limits = writer, hint, limits
        self._machines: OrderedDict[int, _Machine] = OrderedDict()

    def heard(self, device_id: int, address: str, payload: Payload | None) -> None:
        """Note what a machine said, if it belongs into its timeline."""
        machine = self._machine(device_id)
        machine.address = address
        if isinstance(payload, payloads.MachineStatus):
            stage = (payload.stage, payload.ready)
            if machine.stage == stage:
                return
            machine.stage = stage
        row = row_of(payload)
        if row is None:
            return
        if machine.rows.take():
            self._note(device_id, machine, *row)
            self._hint(device_id)
            return
        machine.dropped += 1
        if machine.timer is None:
            loop = asyncio.get_running_loop()
            machine.timer = loop.call_later(COUNT_S, self.settle, device_id)

    def settle(self, device_id: int) -> None:
        """Write down how many rows of a machine were too many, in one."""
        machine = self._machines.get(device_id)
        if machine is None:
            return
        if machine.timer is not None:
            machine.timer.cancel()
            machine.timer = None
        if machine.dropped:
            said = f"{machine.dropped} more were not kept; the console has the last of them"
            machine.dropped = 0
            self._note(
                device_id,
                machine,
                EventKind.NODE_ERROR,
                {"what": "too many events", "message": said},
            )

    def close(self) -> None:
        """Settle everything; end the timers."""
        for device_id in list(self._machines):
            self.settle(device_id)

    def _machine(self, device_id: int) -> _Machine:
        machine = self._machines.get(device_id)
        if machine is None:
            rows = Bucket(self._limits.rows_per_min / 60, self._limits.rows_burst)
            machine = self._machines[device_id] = _Machine(rows)
            if len(self._machines) > self._limits.machines:
                self.settle(next(iter(self._machines)))
                self._machines.popitem(last=False)
        else:
            self._machines.move_to_end(device_id)
        return machine

    def _note(
        self, device_id: int, machine: _Machine, kind: EventKind, data: Mapping[str, Any]
    ) -> None:
        record(self._writer, kind, device_id=device_id, address=machine.address, data=data)


def row_of(payload: Payload | None) -> Row | None:
    """Return what an event is in a timeline; None for what only the console shows. Pure."""
    match payload:
        case payloads.MachineStatus():
            unmet = [{"name": _short(n), "reason": _short(why)} for n, why in payload.unmet[:UNMET]]
            data = {"stage": payload.stage, "ready": payload.ready, "unmet": unmet}
            return EventKind.NODE_STAGE, data
        case payloads.Sequence() if payload.error:
            error = {"what": f"sequence {_short(payload.name)}", "message": _short(payload.error)}
            return EventKind.NODE_ERROR, error
        case payloads.Sequence() if payload.action != "noop":
            return EventKind.NODE_STEP, {"sequence": _short(payload.name), "action": payload.action}
        case payloads.Phase() if payload.action == "start":
            return EventKind.NODE_STEP, {"phase": _short(payload.name), "action": "start"}
        case payloads.Task() if (payload.name, payload.action) == (HALTS, "start"):
            said = "Talos is installed on its disk; booted from the network it halts"
            return EventKind.TALOS_FOUND, {"message": said}
        case payloads.ConfigError():
            what = "machine config is not valid" if payload.loaded else "machine config"
            return EventKind.NODE_ERROR, {"what": what, "message": _short(payload.error)}
    return None


def _short(text: str) -> str:
    return printable(text[:LONGEST])
