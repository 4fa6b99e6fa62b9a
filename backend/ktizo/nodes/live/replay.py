"""What was heard before: nodes tell their story again from its beginning at every new connection.

Event sink: the whole history is sent on connect and goes on from there (talos.md §11). Kernel log:
the same when the part of Talos that sends it begins anew.
"""

from array import array
from collections import OrderedDict
from dataclasses import dataclass

from ktizo.nodes.live.limits import Limits

KEPT = 4096  # kernel lines remembered of one machine, four bytes each
HELD = 64 << 10  # bytes of kernel lines held back until it is clear what they are


class EventIds:
    """Which events of which machine were heard; the machine silent longest is forgotten first."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._known: OrderedDict[int, dict[int, None]] = OrderedDict()

    def is_new(self, device_id: int, event_id: str) -> bool:
        """Say whether the event is heard for the first time; one without an id always is."""
        known = self._known.setdefault(device_id, {})
        self._known.move_to_end(device_id)
        if len(self._known) > self._limits.machines:
            self._known.popitem(last=False)
        if not event_id:
            return True
        mark = hash(event_id)  # a number of a fixed size, however long the id is
        if mark in known:
            return False
        known[mark] = None
        if len(known) > self._limits.event_ids:
            del known[next(iter(known))]
        return True


@dataclass(frozen=True, slots=True)
class KernelLine:
    """A line of a kernel log; `seq` grows from 0 within a boot, `clock` is its time there."""

    seq: int
    clock: int
    level: str
    text: str


class _Boot:
    """The lines of one machine's present boot, as far as they were heard."""

    __slots__ = ("held", "held_bytes", "last", "marks")

    def __init__(self) -> None:
        self.marks = array("i", bytes(4 * KEPT))
        self.last = -1
        self.held: list[KernelLine] = []
        self.held_bytes = 0

    def fresh(self, line: KernelLine) -> list[KernelLine]:
        mark = hash((line.seq, line.clock, line.text)) & 0x7FFFFFFF
        if line.seq <= self.last and self.marks[line.seq % KEPT] == mark:
            # Either said again, or a new boot that begins like the last one: the next different
            # line tells which.
            if self.held_bytes < HELD:
                self.held.append(line)
                self.held_bytes += len(line.text)
            return []
        again = line.seq <= self.last
        held, self.held, self.held_bytes = self.held, [], 0
        self.last = line.seq
        self.marks[line.seq % KEPT] = mark
        return [*held, line] if again else [line]


class KernelLogs:
    """Which kernel lines of which machine were heard."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._boots: OrderedDict[int, _Boot] = OrderedDict()

    def fresh(self, device_id: int, line: KernelLine) -> list[KernelLine]:
        """Return the lines to show now: none, this one, or also some that were held back."""
        boot = self._boots.get(device_id)
        if boot is None:
            boot = self._boots[device_id] = _Boot()
            if len(self._boots) > self._limits.machines:
                self._boots.popitem(last=False)
        else:
            self._boots.move_to_end(device_id)
        return boot.fresh(line)
