"""A Ktizo that only listens: database, sources and Live on ports of the system's choice."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import Message
from grpclib.client import UnaryUnaryMethod

import ktizo.clusters.tables  # noqa: F401 - nodes refer to them
from core.databases import KINDS, fresh_database
from ktizo.core.bootdb import boot_reader
from ktizo.core.clock import utc_now
from ktizo.core.db import Database
from ktizo.core.settings import Settings
from ktizo.core.writer import Writer
from ktizo.devices.register import register
from ktizo.events import store as events
from ktizo.nodes.live import Limits, Live, Ports, Sources
from ktizo.nodes.simulated.reporting import _Channel
from ktizo.nodes.wire import sink_pb2 as wire
from ktizo.nodes.wire.methods import PUBLISH

HOST = "127.0.0.1"
MACHINE, OTHER, STRANGER = "127.0.1.1", "127.0.1.2", "127.0.9.9"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(params=KINDS)
async def db(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    async with fresh_database(request.param, tmp_path) as database:
        yield database


async def until(true: Callable[[], bool]) -> None:
    """Let everything else run until it is so."""
    async with asyncio.timeout(20):
        while not true():
            await asyncio.sleep(0)


async def closed(reader: asyncio.StreamReader) -> bool:
    """Wait until the other side has hung up."""
    try:
        await asyncio.wait_for(reader.read(), 20)
    except ConnectionError:
        return True
    return True


def request_of(payload: Message, event_id: str = "", prefix: str = "type.googleapis.com/") -> bytes:
    name = payload.DESCRIPTOR.full_name
    data = AnyMessage(type_url=f"{prefix}{name}", value=payload.SerializeToString())
    return wire.EventRequest(data=data, id=event_id).SerializeToString()


class Publisher:
    """A node's side of the event sink, as grpclib speaks it."""

    def __init__(self, source: str, port: int) -> None:
        self.channel = _Channel(source, HOST, port)
        self._method = UnaryUnaryMethod(self.channel, PUBLISH.path, PUBLISH.request, PUBLISH.reply)

    async def publish(self, payload: Message, event_id: str = "") -> None:
        request = wire.EventRequest.FromString(request_of(payload, event_id))
        await self._method(request, timeout=20)

    def close(self) -> None:
        self.channel.close()


@dataclass
class House:
    db: Database
    writer: Writer
    sources: Sources
    live: Live
    macs: dict[str, str]
    hints: list[int] = field(default_factory=list)
    publishers: list[Publisher] = field(default_factory=list)

    @property
    def sink(self) -> int:
        assert self.live.sink_port is not None
        return self.live.sink_port

    @property
    def kernel(self) -> int:
        assert self.live.kernel_port is not None
        return self.live.kernel_port

    def publisher(self, source: str = MACHINE) -> Publisher:
        made = Publisher(source, self.sink)
        self.publishers.append(made)
        return made

    async def open(self, source: str = MACHINE, port: int | None = None):
        return await asyncio.open_connection(HOST, port or self.kernel, local_addr=(source, 0))

    async def line(self, device_id: int, text: str) -> None:
        """Wait until the console has a line with `text`."""
        async with asyncio.timeout(20):
            seen = 0
            while text not in self.texts(device_id):
                await self.live.consoles.wait(device_id, seen, 1)
                seen = self.live.consoles.after(device_id, 0).next

    def texts(self, device_id: int) -> list[str]:
        return [one.text for one in self.live.consoles.after(device_id, 0).lines]

    async def timeline(self, device_id: int) -> list[tuple[str, dict[str, Any]]]:
        assert await self.writer.flush()
        async with self.db.read() as session:
            found = await events.for_macs(session, [], device_id=device_id)
        return [(one.kind, one.data) for one in found]

    async def machine(self, number: int, address: str | None, **more: Any) -> int:
        mac = f"52:54:00:11:00:{number:02x}"
        async with self.db.write() as session:
            device = await register(
                session, [mac], utc_now(), address=address, last_seen=utc_now(), **more
            )
            return device.id


MakeHouse = Callable[..., Awaitable[House]]


@asynccontextmanager
async def house_in(db: Database, **limits: Any) -> AsyncIterator[House]:
    macs: dict[str, str] = {}
    hints: list[int] = []
    reader = boot_reader(db)
    sources = Sources(reader, macs.get)
    writer = Writer(db.write)
    live = Live(
        Settings(),
        writer,
        sources,
        hints.append,
        ports=Ports(HOST, 0, 0),
        limits=Limits(**limits),
    )
    await live.start()
    house = House(db, writer, sources, live, macs, hints)
    try:
        yield house
    finally:
        for one in house.publishers:
            one.close()
        await live.stop()
        reader.close()


@pytest.fixture
async def house(db: Database) -> AsyncIterator[House]:
    async with house_in(db) as house:
        yield house
