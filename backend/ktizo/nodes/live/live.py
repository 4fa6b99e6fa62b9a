"""The two ports nodes talk to from their first seconds on, and what is made of their words."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from ktizo.core.settings import Settings
from ktizo.core.writer import Writer
from ktizo.nodes.live.console import Consoles
from ktizo.nodes.live.door import Door
from ktizo.nodes.live.kmsg import KernelConnection, KernelDatagrams, KernelLog
from ktizo.nodes.live.limits import Counts, Limits
from ktizo.nodes.live.sink import EventConnection, EventSink
from ktizo.nodes.live.sources import Sources
from ktizo.nodes.live.timeline import Timeline

log = logging.getLogger(__name__)

BACKLOG = 1024  # a rack that powers on at once
TRIES = 10  # for a port of the system's choice that is free for TCP and for UDP


@dataclass(frozen=True, slots=True)
class Ports:
    """Where to listen; None: not at all, 0: a port of the system's choice."""

    host: str
    sink: int | None
    kernel: int | None

    @classmethod
    def of(cls, settings: Settings) -> "Ports":
        """Return what the operator set; 0 is off there."""
        return cls(
            settings.host, settings.event_sink_port or None, settings.kernel_log_port or None
        )


class Live:
    """Event sink, kernel log receiver and consoles.

    `hint` is called with a machine's number when its words say that something has changed, for
    somebody to look at the node itself; it may come often and must return at once.
    """

    def __init__(
        self,
        settings: Settings,
        writer: Writer,
        sources: Sources,
        hint: Callable[[int], None],
        *,
        ports: Ports | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.ports = ports or Ports.of(settings)
        self._limits = limits or Limits()
        self.counts = Counts()
        self.consoles = Consoles(self._limits)
        self._door = Door(sources, settings.machine_cidrs, hint, self.counts, self._limits)
        self._timeline = Timeline(writer, hint, self._limits)
        self._sink = EventSink(self.consoles, self._timeline, self.counts, self._limits)
        self._kernel = KernelLog(self.consoles, self.counts, self._limits)
        self._servers: list[asyncio.Server] = []
        self._datagrams: asyncio.DatagramTransport | None = None
        self.sink_port: int | None = None  # None: nobody listens
        self.kernel_port: int | None = None  # TCP and UDP

    @property
    def accepted(self) -> int:
        """Events and kernel lines taken since the start."""
        return self.counts.accepted

    @property
    def dropped_strangers(self) -> int:
        """Connections and datagrams from addresses of no machine of ours."""
        return self.counts.dropped_strangers

    @property
    def dropped_flood(self) -> int:
        """Connections and datagrams that were too many."""
        return self.counts.dropped_flood

    @property
    def malformed(self) -> int:
        """What could not be read."""
        return self.counts.malformed

    @property
    def open_lines(self) -> int:
        """Connections of nodes that are open."""
        return self._door.open

    async def start(self) -> None:
        """Listen. A port that is taken is said in the log, and Ktizo runs on without it."""
        if self.ports.sink is not None:
            try:
                self.sink_port = await self._listen_sink(self.ports.sink)
            except OSError as error:
                _say("events", self.ports.sink, "KTIZO_EVENT_SINK_PORT", error)
        if self.ports.kernel is not None:
            try:
                self.kernel_port = await self._listen_kernel(self.ports.kernel)
            except OSError as error:
                _say("kernel logs", self.ports.kernel, "KTIZO_KERNEL_LOG_PORT", error)

    def close(self) -> None:
        """Answer everybody who waits for a console, now; a server that stops waits for them."""
        self.consoles.close()

    async def stop(self) -> None:
        """Hang up everywhere and write down what was counted."""
        self.close()
        for server in self._servers:
            server.close()
        if self._datagrams is not None:
            self._datagrams.close()
            self._datagrams = None
        await self._door.close()
        for server in self._servers:
            await server.wait_closed()
        self._servers.clear()
        self._timeline.close()
        self.sink_port = self.kernel_port = None

    async def _listen_sink(self, port: int) -> int:
        server = await asyncio.get_running_loop().create_server(
            lambda: EventConnection(self._door, self._sink),
            self.ports.host,
            port,
            backlog=BACKLOG,
        )
        self._servers.append(server)
        return _port_of(server)

    async def _listen_kernel(self, port: int) -> int:
        for _ in range(1 if port else TRIES):
            server = await asyncio.get_running_loop().create_server(
                lambda: KernelConnection(self._door, self._kernel),
                self.ports.host,
                port,
                backlog=BACKLOG,
            )
            got = _port_of(server)
            try:
                self._datagrams, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                    lambda: KernelDatagrams(self._door, self._kernel, self._limits),
                    local_addr=(self.ports.host, got),
                )
            except OSError as error:
                server.close()
                await server.wait_closed()
                taken = error
                continue
            self._servers.append(server)
            return got
        raise taken


def _port_of(server: asyncio.Server) -> int:
    return int(server.sockets[0].getsockname()[1])


def _say(what: str, port: int, setting: str, error: OSError) -> None:
    log.error(
        "cannot listen for nodes' %s on port %d: %s. Ktizo runs on without; free the port, or set "
        "%s to another (machines learn it at their next boot), or to 0 to do without",
        what,
        port,
        error.strerror or error,
        setting,
    )
