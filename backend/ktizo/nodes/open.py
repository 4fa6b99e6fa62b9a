"""Everything about nodes that lives while the appliance does, wired once."""

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from typing import Any

from ktizo.core.bootdb import BootReader
from ktizo.core.db import Database
from ktizo.core.errors import KtizoError
from ktizo.core.seal import Sealer
from ktizo.core.settings import Settings
from ktizo.core.writer import Writer
from ktizo.events.kinds import Event, EventKind
from ktizo.events.record import sink_for
from ktizo.nodes.handover import Handover
from ktizo.nodes.live import Live, Sources
from ktizo.nodes.reach import Reach
from ktizo.nodes.watch.inspecting import Inspecting
from ktizo.nodes.watch.news import News
from ktizo.nodes.watch.prove import Proofs
from ktizo.nodes.watch.visit import HandsOver, Rooms, Visitor
from ktizo.nodes.watch.watch import Watch
from ktizo.nodes.work.engine import Engine
from ktizo.nodes.work.kinds import KINDS
from ktizo.nodes.work.work import Site

log = logging.getLogger(__name__)


def open_nodes(state: Any, settings: Settings) -> None:
    """Put `nodes` and `live` on the app's `state`, which has everything they need."""
    handover = Handover(
        state.db,
        state.reader,
        state.sealer,
        state.writer,
        state.counter,
        state.offers,
        settings.boot_loop_limit,
    )
    state.nodes = Nodes(
        state.db, state.reader, state.sealer, state.writer, handover, port=settings.node_port
    )
    sources = Sources(state.reader, state.front.mac_at)
    state.live = Live(settings, state.writer, sources, state.nodes.watch.hint)


class Nodes:
    """The watch over nodes, and the works on their clusters."""

    def __init__(
        self,
        database: Database,
        reader: BootReader,
        sealer: Sealer,
        writer: Writer,
        handover: HandsOver,
        *,
        port: int = 50000,
    ) -> None:
        """`port`: of the Talos API; 0: no node is ever asked."""
        self._asks = port != 0
        self.reach = Reach(reader, sealer, port=port)
        self.news = News(writer)
        self.inspecting = Inspecting(database, writer)
        self._noting: set[asyncio.Task[None]] = set()
        rooms = Rooms(
            reader=reader,
            sealer=sealer,
            reach=self.reach,
            news=self.news,
            proofs=Proofs(database, writer),
            inspecting=self.inspecting,
            handover=handover,
        )
        self.watch = Watch(database, self.news, Visitor(rooms))
        self.site = Site(database, writer, self.reach, self.news)
        self.engine = Engine(self.site, KINDS)
        sink_for(writer).listeners += [self.watch.hear, self._hear]

    def _hear(self, events: Sequence[Event]) -> None:
        for event in events:
            if event.kind == EventKind.TALOS_FOUND and event.device_id is not None:
                noting = self.inspecting.talos_found(event.device_id, event.address or "")
                task = asyncio.get_running_loop().create_task(_told(noting))
                self._noting.add(task)
                task.add_done_callback(self._noting.discard)

    async def start(self) -> None:
        """Begin to watch, and go on with what was under way; call it once the tables are there."""
        if self._asks:
            await self.watch.start()
        await self.engine.start()

    async def stop(self) -> None:
        """Let go of every node; works go on at the next start."""
        await asyncio.gather(*self._noting)
        await self.engine.stop()
        await self.watch.stop()


async def _told(noting: Coroutine[Any, Any, None]) -> None:
    """Do what an event asks for; the machine says it again at its next boot."""
    try:
        await noting
    except KtizoError as error:
        log.warning("a finding could not be kept: %s", error.message)
