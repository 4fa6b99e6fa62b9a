"""How much of everything: a machine's words are shown, and may not cost more than that."""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of the live intake; the whole of it stays near 100 MB with a thousand machines."""

    # Lines
    connections: int = 2_500  # of both ports together
    per_address: int = 8  # connections; a node has two, and old ones after a crash
    mute_s: float = 60.0  # a line that has said nothing that could be read
    idle_s: float = 86_400.0  # Talos keeps its line; TCP keepalive finds the dead ones
    look_again_s: float = 30.0  # whether the machine at the other end is still ours
    bad_per_line: int = 10  # unreadable messages, then the line is closed
    # Pace: the sender is slowed down (TCP), or what is too much is dropped and counted (UDP)
    lines_per_s: float = 500.0  # of one machine, events and kernel lines together
    lines_burst: int = 6_000  # a whole boot's kernel log and all its events at once
    share: float = 0.5  # of one processor, at most; the rest belongs to the boot path
    # Timeline
    rows_per_min: float = 60.0  # of one machine
    rows_burst: int = 60
    # Memory
    machines: int = 2_000  # with a console; who was silent longest is forgotten first
    console_lines: int = 1_000
    console_bytes: int = 256 << 10  # of one machine's lines, as Python keeps them
    all_bytes: int = 64 << 20  # of all machines' lines
    event_ids: int = 1_200  # remembered of one machine; Talos keeps its last 1,000 events
    # UDP
    datagrams_waiting: int = 1_000  # until it is known whose they are
    lookups_per_s: float = 200.0  # of addresses nobody has asked about lately


class Bucket:
    """Tokens that come back with time; what is taken too early has to be waited for."""

    __slots__ = ("_at", "_burst", "_clock", "_rate", "_tokens")

    def __init__(
        self, per_s: float, burst: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate, self._burst, self._clock = per_s, burst, clock
        self._tokens, self._at = float(burst), clock()

    def _fill(self) -> None:
        now = self._clock()
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now

    def take(self) -> bool:
        """Take one token, if there is one."""
        self._fill()
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def owe(self, count: float) -> float:
        """Take `count` tokens in any case; return how many seconds to wait until they are paid."""
        self._fill()
        self._tokens -= count
        return max(0.0, -self._tokens / self._rate)


@dataclass(slots=True)
class Counts:
    """What happened to what came in, since the start."""

    accepted: int = 0  # events and kernel lines shown
    repeated: int = 0  # known already: nodes tell their whole story at every connect
    dropped_strangers: int = 0  # lines and datagrams from addresses of no machine of ours
    dropped_flood: int = 0  # too many lines, datagrams or connections
    malformed: int = 0  # frames, events, JSON
