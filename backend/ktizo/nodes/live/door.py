"""Connections of machines: who may have one, and how fast it is read.

A line is read only when its machine is known, when its pace allows it, and when it is its turn;
until then the kernel's buffers fill up and the sender waits. That is all the back-pressure there
is, and it needs no memory.
"""

import asyncio
import logging
import socket
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from typing import Any, cast

from ktizo.core.errors import Unavailable
from ktizo.core.gate import inside
from ktizo.core.settings import Network
from ktizo.nodes.live.limits import Bucket, Counts, Limits
from ktizo.nodes.live.sources import Sources, plain
from ktizo.nodes.live.turns import Turns

log = logging.getLogger(__name__)

CHUNK = 8192  # bytes read at once: some 50 events, a few milliseconds
_SCRATCH = bytearray(CHUNK)  # of all lines: what is read is copied out before the next read
SWEEP_S = 30.0
# Seconds of silence, between probes, and probes: a dead node's line is gone in two minutes.
_KEEP_IDLE_S, _KEEP_INTERVAL_S, _KEEP_PROBES = 60, 20, 3


class Unreadable(Exception):
    """What came is not what a node sends."""


class Door:
    """Knows every open line, and which machine is at the other end."""

    def __init__(
        self,
        sources: Sources,
        networks: list[Network],
        arrived: Callable[[int], None],
        counts: Counts,
        limits: Limits,
    ) -> None:
        self.counts, self.limits = counts, limits
        self.turns = Turns(limits.share)
        self._sources, self._networks, self._arrived = sources, networks, arrived
        self._lines: set[Connection] = set()
        self._per_address: dict[str, int] = {}
        self._paces: OrderedDict[int, Bucket] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()
        self._sweep: asyncio.TimerHandle | None = None
        self._closed = False

    @property
    def open(self) -> int:
        """How many lines are open."""
        return len(self._lines)

    def allows(self, address: str) -> bool:
        """Say whether machines may be at `address` at all (KTIZO_MACHINE_CIDRS)."""
        return inside(address, self._networks)

    def enter(self, line: "Connection") -> bool:
        """Let a new line in, for now; who it is comes next."""
        if self._closed or not self.allows(line.address):
            self.counts.dropped_strangers += 1
            return False
        here = self._per_address.get(line.address, 0)
        if len(self._lines) >= self.limits.connections or here >= self.limits.per_address:
            self.counts.dropped_flood += 1
            return False
        self._lines.add(line)
        self._per_address[line.address] = here + 1
        if self._sweep is None:
            self._sweep = asyncio.get_running_loop().call_later(SWEEP_S, self.sweep)
        return True

    def leave(self, line: "Connection") -> None:
        """Forget a line that is closed."""
        if line in self._lines:
            self._lines.discard(line)
            left = self._per_address.pop(line.address) - 1
            if left:
                self._per_address[line.address] = left

    def remembered(self, address: str) -> tuple[bool, int | None]:
        """Return whether it is known just now who is at an address, and who."""
        return self._sources.remembered(address)

    async def device_at(self, address: str) -> int | None:
        """Return the machine at an address; raises Unavailable."""
        return await self._sources.device_at(address)

    def ask(self, line: "Connection") -> None:
        """Find out whose line it is; `line.known` gets the answer."""
        self.spawn(self._ask(line))

    async def _ask(self, line: "Connection") -> None:
        try:
            found = await self.device_at(line.address)
        except Unavailable:
            found = line.device_id  # a line that was let in stays; a new one comes again
        before = line.device_id
        line.known(found)
        if before is None and found is not None:
            self._arrived(found)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something in the background until the door closes."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def pace(self, device_id: int) -> Bucket:
        """Return the pace of a machine: all its lines share it."""
        found = self._paces.get(device_id)
        if found is None:
            found = Bucket(self.limits.lines_per_s, self.limits.lines_burst)
            self._paces[device_id] = found
            if len(self._paces) > self.limits.machines:
                self._paces.popitem(last=False)
        else:
            self._paces.move_to_end(device_id)
        return found

    def sweep(self) -> None:
        """Close lines that are silent for too long; runs every SWEEP_S."""
        loop = asyncio.get_running_loop()
        for line in list(self._lines):
            most = self.limits.idle_s if line.understood else self.limits.mute_s
            if loop.time() - line.last_heard > most:
                line.abort()
        self._sweep = loop.call_later(SWEEP_S, self.sweep) if self._lines else None

    async def close(self) -> None:
        """Close every line and end what runs in the background."""
        self._closed = True
        self.turns.close()
        if self._sweep is not None:
            self._sweep.cancel()
            self._sweep = None
        for line in list(self._lines):
            line.abort()
            self.leave(line)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


class Connection(asyncio.BufferedProtocol):
    """One connection of a machine; the two ports differ in `begin` and `take`."""

    def __init__(self, door: Door) -> None:
        self.door = door
        self.address = ""
        self.device_id: int | None = None
        self.understood = False  # it has said something that could be read
        self.last_heard = 0.0
        self._transport: asyncio.Transport | None = None
        self._chunk = b""
        self._holds: set[str] = set()  # why it is not read just now
        self._look_again_at = 0.0
        self._bad = 0

    def begin(self) -> None:
        """Say hello; called once the machine is known."""

    def take(self, data: bytes) -> int:
        """Take what has arrived; return how many lines it was worth. Raises Unreadable."""
        raise NotImplementedError

    def write(self, data: bytes) -> None:
        """Send to the machine."""
        if self._transport is not None and data:
            self._transport.write(data)

    def bad(self) -> None:
        """Count something unreadable; raises Unreadable when it is enough."""
        self.door.counts.malformed += 1
        self._bad += 1
        if self._bad > self.door.limits.bad_per_line:
            raise Unreadable("too much that cannot be read")

    def abort(self) -> None:
        """Hang up at once."""
        if self._transport is not None:
            self._transport.abort()

    # What the event loop calls ---------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask who it is; nothing is read before that is known."""
        # Not isinstance: uvloop's transports are none of asyncio's.
        self._transport = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername")
        self.address = plain(str(peer[0])) if peer else ""
        self.last_heard = asyncio.get_running_loop().time()
        if not self.door.enter(self):
            self._transport.abort()
            return
        _keep_alive(self._transport)
        self.door.ask(self)

    def get_buffer(self, sizehint: int) -> bytearray:  # noqa: ARG002 - asyncio's own
        """Return where to read to."""
        return _SCRATCH

    def buffer_updated(self, nbytes: int) -> None:
        """Take what was read, when it is this line's turn."""
        # Some event loops deliver once more after they were told to pause.
        self._chunk += bytes(_SCRATCH[:nbytes])
        self.last_heard = asyncio.get_running_loop().time()
        if self.device_id is None:
            self._hold("unknown")
            return
        self._take_turn()

    def eof_received(self) -> bool:
        """Hang up too: there is nothing to say to who does not listen."""
        return False

    def pause_writing(self) -> None:
        """Read no more from who does not read our answers."""
        self._hold("writing")

    def resume_writing(self) -> None:
        """Go on: the answers were read."""
        self._release("writing")

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - lines do end
        """Forget the line."""
        self._transport = None
        self.door.leave(self)

    # Inside ----------------------------------------------------------------------------------

    def known(self, device_id: int | None) -> None:
        """Hear whose line it is; a stranger's is closed, and one that changed hands too."""
        if self._transport is None:
            return
        if device_id is None or self.device_id not in (None, device_id):
            self.door.counts.dropped_strangers += 1
            self.abort()
            return
        self._look_again_at = asyncio.get_running_loop().time() + self.door.limits.look_again_s
        if self.device_id is None:
            self.device_id = device_id
            self.begin()
            self._release("unknown")
            if self._chunk:
                self._take_turn()

    def _take_turn(self) -> None:
        if not self.door.turns.run(self._turn):
            self._hold("turn")

    def _turn(self) -> None:
        chunk, self._chunk = self._chunk, b""
        if self._transport is None or self.device_id is None:
            return
        try:
            worth = self.take(chunk)
        except Unreadable as error:
            self.door.counts.malformed += 1
            log.info("the line of machine %s at %s ends: %s", self.device_id, self.address, error)
            self.abort()
            return
        loop = asyncio.get_running_loop()
        wait_s = self.door.pace(self.device_id).owe(worth)
        if wait_s > 0:
            self._hold("pace")
            loop.call_later(wait_s, self._release, "pace")
        if loop.time() > self._look_again_at:
            self._look_again_at = loop.time() + self.door.limits.look_again_s
            self.door.ask(self)
        self._release("turn")

    def _hold(self, why: str) -> None:
        if not self._holds and self._transport is not None:
            self._transport.pause_reading()
        self._holds.add(why)

    def _release(self, why: str) -> None:
        if why not in self._holds:
            return
        self._holds.discard(why)
        if not self._holds and self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()


def _keep_alive(transport: asyncio.Transport) -> None:
    """Let the kernel notice a node that lost its power."""
    sock: socket.socket | None = transport.get_extra_info("socket")
    if sock is None:
        return
    options = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
    if hasattr(socket, "TCP_KEEPIDLE"):
        options += [
            (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _KEEP_IDLE_S),
            (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _KEEP_INTERVAL_S),
            (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, _KEEP_PROBES),
        ]
    for option in options:
        try:
            sock.setsockopt(*option)
        except OSError as error:
            log.debug("no keepalive %s: %s", option, error)
