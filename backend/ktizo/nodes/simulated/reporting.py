"""A simulated node's reports: its events to an event sink, its kernel log as JSON lines.

As Talos does it: the whole history of this boot at every connect, then each thing as it happens,
drained before a reboot, and tried again with growing pauses while nobody is there (talos.md §11).
Whatever the sink does, the node does not notice.
"""

import asyncio
import json
import logging
import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from google.protobuf.any_pb2 import Any as AnyMessage
from grpclib.client import Channel, UnaryUnaryMethod
from grpclib.exceptions import GRPCError, ProtocolError, StreamTerminatedError
from grpclib.protocol import H2Protocol

from ktizo.core.clock import utc_now
from ktizo.nodes.simulated.journal import Journal
from ktizo.nodes.wire import events_pb2 as events
from ktizo.nodes.wire import sink_pb2 as wire
from ktizo.nodes.wire.methods import PUBLISH

log = logging.getLogger(__name__)

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 5.0
CALL_S = 5.0
DRAIN_S = 1.0
_FAULTS = (OSError, GRPCError, ProtocolError, StreamTerminatedError, TimeoutError)


@dataclass(frozen=True, slots=True)
class Aims:
    """Where a node reports to: `host:port` of a sink, `tcp://host:port` or udp for its kernel log.

    Empty: it does not.
    """

    sink: str = ""
    kernel_log: str = ""

    def overridden(self, other: "Aims") -> "Aims":
        """Return these aims with what `other` has; a config wins over the command line."""
        return Aims(other.sink or self.sink, other.kernel_log or self.kernel_log)


class _Channel(Channel):
    """A channel from an address of our own; Ktizo knows machines by it."""

    def __init__(self, source: str, host: str, port: int) -> None:
        super().__init__(host, port)
        self._source, self._to = source, (host, port)

    async def _create_connection(self) -> H2Protocol:
        _, protocol = await asyncio.get_running_loop().create_connection(
            self._protocol_factory, *self._to, local_addr=(self._source, 0)
        )
        return protocol


class Reporter:
    """Sends what a node's journal holds since the boot."""

    def __init__(self, journal: Journal, host: str) -> None:
        self._journal, self._host = journal, host
        # Events of two simulated machines, or of two runs of one, never have the same id.
        self._run = secrets.token_hex(4)
        self._aims = Aims()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._sent = {"events": 0, "kernel": 0}
        self._connected: set[str] = set()
        self._progress = asyncio.Event()
        self._events_from = self._kernel_from = 0
        self._running = False
        self._ending: set[asyncio.Task[None]] = set()

    def boot(self, aims: Aims) -> None:
        """Begin a boot's story; what was said before it is forgotten, as by a real machine."""
        self.stop()
        self._events_from = self._sent["events"] = self._journal.events.end
        self._kernel_from = self._sent["kernel"] = self._journal.kernel_log.end
        self._running = True
        self.aim(aims)

    def aim(self, aims: Aims) -> None:
        """Report to `aims` from now on; nothing while the machine is off."""
        if not self._running or aims == self._aims:
            return
        for name, aim, before, run in (
            ("events", aims.sink, self._aims.sink, self._report_events),
            ("kernel", aims.kernel_log, self._aims.kernel_log, self._report_kernel),
        ):
            if aim == before:
                continue
            self._end(name)
            if aim:
                self._tasks[name] = asyncio.get_running_loop().create_task(
                    self._again_and_again(name, run), name=f"{self._host} {name}"
                )
        self._aims = aims

    def stop(self) -> None:
        """Say nothing more, at once; as when the power goes."""
        for name in list(self._tasks):
            self._end(name)
        self._aims, self._running = Aims(), False

    async def ended(self) -> None:
        """Wait until everything that was stopped has ended."""
        await asyncio.gather(*self._ending, return_exceptions=True)

    async def drain(self) -> None:
        """Wait, but not long, until who is connected has everything."""
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_S):
                while self._behind:
                    await self._progress.wait()

    @property
    def _behind(self) -> bool:
        ends = {"events": self._journal.events.end, "kernel": self._journal.kernel_log.end}
        return any(self._sent[name] < ends[name] for name in self._connected)

    def _end(self, name: str) -> None:
        task = self._tasks.pop(name, None)
        self._connected.discard(name)
        if task is not None:
            task.cancel()
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)

    def _note(self, name: str, position: int) -> None:
        self._sent[name] = position
        self._moved()

    def _moved(self) -> None:
        self._progress.set()
        self._progress = asyncio.Event()

    async def _again_and_again(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                await run()
            except _FAULTS as error:
                log.debug("%s of %s are not heard: %s", name, self._host, error)
            except (ValueError, LookupError) as error:  # an aim nobody can read, such as no port
                log.warning("%s of %s go nowhere: %s", name, self._host, error)
                return
            if name in self._connected:
                pause_s = FIRST_PAUSE_S
            self._connected.discard(name)
            self._moved()
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    async def _report_events(self) -> None:
        host, port = _place(f"//{self._aims.sink}")
        channel = _Channel(self._host, host, port)
        publish = UnaryUnaryMethod(channel, PUBLISH.path, PUBLISH.request, PUBLISH.reply)
        tape = self._journal.events
        position = max(self._events_from, tape.begin)
        try:
            async with aclosing(tape.follow(position)) as found:
                async for event in found:
                    await publish(self._request(event), timeout=CALL_S)
                    self._connected.add("events")
                    position = max(position + 1, tape.begin)
                    self._note("events", position)
        finally:
            channel.close()

    def _request(self, event: events.Event) -> wire.EventRequest:
        kind = event.data.type_url.rpartition("/")[2]
        data = AnyMessage(type_url=f"type.googleapis.com/{kind}", value=event.data.value)
        return wire.EventRequest(data=data, id=f"{self._run}-{event.id}", actor_id=event.actor_id)

    async def _report_kernel(self) -> None:
        url = urlsplit(self._aims.kernel_log)
        host, port = _place(self._aims.kernel_log)
        if url.scheme == "udp":
            await self._over_udp(host, port)
            return
        reader, writer = await asyncio.open_connection(host, port, local_addr=(self._host, 0))
        ended = asyncio.get_running_loop().create_task(_hung_up(reader))
        sending = asyncio.get_running_loop().create_task(self._send_kernel(writer))
        try:
            await asyncio.wait({ended, sending}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (ended, sending):
                task.cancel()
            # What is written still goes out, but not for ever: nobody may be reading.
            writer.close()
            asyncio.get_running_loop().call_later(DRAIN_S, writer.transport.abort)
            found = await asyncio.gather(ended, sending, return_exceptions=True)
        for error in found:
            if isinstance(error, Exception):
                raise error

    async def _send_kernel(self, writer: asyncio.StreamWriter) -> None:
        async with aclosing(self._kernel_lines()) as lines:
            async for line in lines:
                writer.write(line + b"\n")
                await writer.drain()

    async def _over_udp(self, host: str, port: int) -> None:
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            asyncio.DatagramProtocol, local_addr=(self._host, 0), remote_addr=(host, port)
        )
        try:
            async with aclosing(self._kernel_lines()) as lines:
                async for line in lines:
                    transport.sendto(line)
        finally:
            transport.close()

    async def _kernel_lines(self) -> AsyncGenerator[bytes, None]:
        """Give the lines not sent yet: Talos keeps its place in the log when a line breaks."""
        tape = self._journal.kernel_log
        position = max(self._sent["kernel"], tape.begin)
        self._connected.add("kernel")
        async with aclosing(tape.follow(position)) as lines:
            async for line in lines:
                yield self._line(line, position)
                position = max(position + 1, tape.begin)
                self._note("kernel", position)

    def _line(self, line: bytes, position: int) -> bytes:
        """Return a line of the journal (`user: warning: text`) as Talos sends it."""
        facility, priority, text = (*line.decode(errors="replace").split(": ", 2), "", "")[:3]
        seq = position - self._kernel_from
        message = {
            "msg": (text or facility).rstrip("\n"),
            "talos-time": utc_now().isoformat().replace("+00:00", "Z"),
            "talos-level": {"warning": "warn", "err": "error"}.get(priority, "info"),
            "facility": facility,
            "seq": seq,
            "clock": position,
            "priority": priority,
        }
        return json.dumps(message).encode()


async def _hung_up(reader: asyncio.StreamReader) -> None:
    """Return when the other side has closed; it never says anything else."""
    while await reader.read(1024):
        pass


def _place(url: str) -> tuple[str, int]:
    found = urlsplit(url)
    if not found.hostname or not found.port:
        raise ValueError(f"{url} has no host and port")
    return found.hostname, found.port
