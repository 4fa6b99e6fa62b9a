"""The kernel log: JSON objects, one a line over TCP or one a datagram over UDP (talos.md §11)."""

import asyncio
import json
from collections import deque
from functools import partial
from typing import Any

from ktizo.core.errors import Unavailable
from ktizo.nodes.live.console import LINE_BYTES, Consoles
from ktizo.nodes.live.door import Connection, Door, Unreadable
from ktizo.nodes.live.limits import Bucket, Counts, Limits
from ktizo.nodes.live.replay import KernelLine, KernelLogs
from ktizo.nodes.live.sources import plain

MAX_LINE = 16 << 10  # bytes of JSON; the kernel's own lines end at about 1,000 characters
_MOST_NUMBER = 1 << 63
_LEVELS = {"debug": "debug", "info": "info", "warn": "warn", "warning": "warn", "error": "error"}


def read(data: bytes) -> KernelLine:
    """Read one message; raises Unreadable. Without `seq` and `clock` both are -1."""
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Unreadable("not JSON") from error
    if not isinstance(found, dict) or not isinstance(found.get("msg"), str):
        raise Unreadable("not a kernel log line")
    level = found.get("talos-level")
    return KernelLine(
        seq=_number(found.get("seq")),
        clock=_number(found.get("clock")),
        level=_LEVELS.get(level, "info") if isinstance(level, str) else "info",
        text=found["msg"][:LINE_BYTES],
    )


def _number(value: Any) -> int:
    return value if isinstance(value, int) and 0 <= value < _MOST_NUMBER else -1


class KernelLog:
    """Where kernel lines go, whichever way they came."""

    def __init__(self, consoles: Consoles, counts: Counts, limits: Limits) -> None:
        self._consoles, self._counts = consoles, counts
        self._logs = KernelLogs(limits)

    def take(self, device_id: int, data: bytes) -> None:
        """Take one message; raises Unreadable."""
        line = read(data)
        fresh = [line] if line.seq < 0 else self._logs.fresh(device_id, line)
        if not fresh:
            self._counts.repeated += 1
        for one in fresh:
            self._counts.accepted += 1
            self._consoles.add(device_id, "kernel", one.level, one.text)

    def lose(self, device_id: int) -> None:
        """Count a message that was too much; who watches is told."""
        self._counts.dropped_flood += 1
        self._consoles.lose(device_id)


class KernelConnection(Connection):
    """One node's connection: lines of JSON."""

    def __init__(self, door: Door, kernel_log: KernelLog) -> None:
        super().__init__(door)
        self._log = kernel_log
        self._rest = b""

    def take(self, data: bytes) -> int:
        """Take bytes; a line that is not complete waits for its end."""
        if self.device_id is None:
            return 0
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > MAX_LINE:
            raise Unreadable(f"a line of more than {MAX_LINE} bytes")
        for line in lines:
            if not line.strip():
                continue
            try:
                self._log.take(self.device_id, line)
                self.understood = True
            except Unreadable:
                self.bad()
        return len(lines)


class KernelDatagrams(asyncio.DatagramProtocol):
    """The same over UDP, where nobody can be slowed down: what is too much is dropped."""

    def __init__(self, door: Door, kernel_log: KernelLog, limits: Limits) -> None:
        self._door, self._log, self._limits = door, kernel_log, limits
        self._waiting: dict[str, deque[bytes]] = {}  # by address, until its machine is known
        self._waiting_count = 0
        self._lookups = Bucket(limits.lookups_per_s, limits.lookups_per_s)

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        """Take one datagram."""
        address = plain(str(addr[0]))
        counts = self._door.counts
        if not self._door.allows(address):
            counts.dropped_strangers += 1
            return
        known, device_id = self._door.remembered(address)
        if known:
            self._take(device_id, data)
            return
        waiting = self._waiting.get(address)
        if waiting is None:
            if not self._lookups.take():
                counts.dropped_flood += 1
                return
            waiting = self._waiting[address] = deque()
            self._door.spawn(self._look_up(address))
        if self._waiting_count >= self._limits.datagrams_waiting:
            counts.dropped_flood += 1
            return
        waiting.append(data)
        self._waiting_count += 1

    def error_received(self, exc: Exception) -> None:
        """Nothing to do: we never send."""

    async def _look_up(self, address: str) -> None:
        device_id = None
        try:
            device_id = await self._door.device_at(address)
        except Unavailable:
            self._door.counts.dropped_flood += 1  # UDP promises nothing
        finally:
            waiting = self._waiting.pop(address)
            self._waiting_count -= len(waiting)
        for data in waiting:
            self._take(device_id, data)

    def _take(self, device_id: int | None, data: bytes) -> None:
        if device_id is None:
            self._door.counts.dropped_strangers += 1
            return
        if len(data) > MAX_LINE or not data.strip():
            self._door.counts.malformed += 1
            return
        turns = self._door.turns
        if turns.waiting >= self._limits.datagrams_waiting or not self._door.pace(device_id).take():
            self._log.lose(device_id)
            return
        turns.run(partial(self._read, device_id, data))

    def _read(self, device_id: int, data: bytes) -> None:
        try:
            self._log.take(device_id, data)
        except Unreadable:
            self._door.counts.malformed += 1
