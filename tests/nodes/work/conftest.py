"""A cluster of simulated machines under a real watch, a real engine and a real database."""

import asyncio
import itertools
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from core.databases import fresh_database
from ktizo.accounts.tokens import Actor
from ktizo.clusters import create, serve
from ktizo.clusters import store as clusters
from ktizo.clusters.changes import Desk
from ktizo.clusters.join import join
from ktizo.clusters.schemas import MemberIn, NewCluster
from ktizo.clusters.tables import ClusterRow
from ktizo.core.bootdb import boot_reader
from ktizo.core.clock import utc_now
from ktizo.core.db import Database
from ktizo.core.seal import Sealer, new_key
from ktizo.core.writer import Writer
from ktizo.devices import approval
from ktizo.devices import store as devices
from ktizo.devices.lifecycle import State
from ktizo.devices.register import register
from ktizo.nodes import store
from ktizo.nodes.client import Address, Maintenance, NodeClient
from ktizo.nodes.handover import Handed, Outcome
from ktizo.nodes.open import Nodes
from ktizo.nodes.simulated import Hardware, Lan, SimulatedNode
from ktizo.nodes.tables import WorkRow
from ktizo.nodes.work import begin
from ktizo.talos.secrets import Bundle

CLUSTER = "demo"
SCHEMATIC = "a" * 64
ACTOR = Actor("ada", "admin", 1)
_NUMBERS = itertools.count(1)


def free_host() -> str:
    """An address below 127/8 nobody else listens on: not in this process, nor in one beside it."""
    number = (os.getpid() << 8) + next(_NUMBERS)
    return str(ip_address("127.64.0.0") + number % (1 << 22))


class NoHandover:
    """For machines that get their config from the tests themselves."""

    async def run(self, device_id: int, client: NodeClient) -> Handed:
        return Handed(Outcome.NOT_DUE, "not in this test")


@dataclass
class Yard:
    """Machines, their cluster, and the Ktizo that looks after them."""

    db: Database
    sealer: Sealer
    writer: Writer
    reader: Any
    lan: Lan
    machines: dict[int, SimulatedNode] = field(default_factory=dict)
    nodes: Nodes = field(init=False)
    _kept: list[Nodes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.nodes = self._open()

    def _open(self) -> Nodes:
        nodes = Nodes(self.db, self.reader, self.sealer, self.writer, NoHandover())  # type: ignore[arg-type]
        self._kept.append(nodes)
        return nodes

    async def killed(self) -> None:
        """End the watch and the engine where they are, and begin anew with an empty memory."""
        await self.nodes.stop()
        self.nodes = self._open()
        await self.nodes.start()

    async def cluster(self, version: str = "v1.12.11", **more: Any) -> ClusterRow:
        """Make the cluster."""
        wanted = NewCluster(
            name=CLUSTER,
            endpoint="https://192.0.2.10:6443",
            talos_version=version,
            schematic=SCHEMATIC,
            install_disk="/dev/sda",
            **more,
        )
        async with self.db.write() as session:
            return await create.create(self.desk(session), wanted)

    def desk(self, session: Any) -> Desk:
        """Where a person's request is worked on."""
        return Desk(session, self.sealer, self.writer, ACTOR, "10.0.0.2")

    async def member(
        self, role: str = "controlplane", version: str = "v1.12.11", hostname: str = ""
    ) -> int:
        """A machine that was approved, installed and came up with its config; its number."""
        device_id = await self.approved(role, version, hostname)
        await self.install(device_id)
        return device_id

    async def approved(
        self, role: str, version: str = "v1.12.11", hostname: str = "", uuid: str = ""
    ) -> int:
        """A machine that was approved into the cluster and waits, in memory, for its config.

        `uuid`: what is on record, when that is not its own.
        """
        number = len(self.machines) + 1
        hardware = Hardware.number(number)
        host = free_host()
        name = hostname or f"{'cp' if role == 'controlplane' else 'worker'}-{number}"
        now = utc_now()
        async with self.db.write() as session:
            device = await register(
                session,
                list(hardware.macs),
                now,
                hostname=name,
                role=role,
                uuid=uuid or hardware.uuid,
                address=host,
                boot_mac=hardware.macs[0],
            )
            await approval.approve(session, device, by="ada", minutes=60, now=now)
            device.state = State.INSTALLING
            cluster = await clusters.cluster(session, CLUSTER)
            await join(self.desk(session), cluster, device.id, MemberIn(role=role))
            device_id = device.id
        machine = SimulatedNode(
            host, 50000, version=version, hardware=hardware, lan=self.lan, schematic=SCHEMATIC
        )
        self.machines[device_id] = machine
        await machine.power_on()
        return device_id

    async def install(self, device_id: int) -> None:
        """Give a waiting machine its config, as Talos fetches it."""
        machine = self.machines[device_id]
        config = await serve.machine_config(self.reader, self.sealer, device_id)
        assert config is not None
        async with NodeClient(Address(machine.host), Maintenance(), dial_s=60) as client:
            await client.apply_configuration(config.body)

    async def begin(self, kind: str, **params: Any) -> int:
        """Begin a work, as the API does; its number."""
        async with self.db.write() as session:
            cluster = await clusters.cluster(session, CLUSTER)
            row = await begin.begin(self.desk(session), cluster, kind, **params)
        self.nodes.engine.go_on(row.id)
        return row.id

    async def retry(self, work_id: int) -> None:
        """Try a stopped work again."""
        async with self.db.write() as session:
            row = await store.work(session, work_id)
            await begin.retry(self.desk(session), await clusters.cluster(session, CLUSTER), row)
        self.nodes.engine.go_on(work_id)

    async def work(self, work_id: int) -> WorkRow:
        async with self.db.read() as session:
            return await store.work(session, work_id)

    async def ended(self, work_id: int, *states: str, within_s: float = 60) -> WorkRow:
        """Wait until a work is in one of `states` (default: done)."""
        wanted = states or ("done",)
        row = await self.until(
            f"work {work_id} {wanted}", lambda: self._in(work_id, wanted), within_s=within_s
        )
        assert isinstance(row, WorkRow)
        return row

    async def _in(self, work_id: int, states: tuple[str, ...]) -> WorkRow | None:
        row = await self.work(work_id)
        if row.state != "running" and row.state not in states:
            raise AssertionError(f"work {work_id} is {row.state}: {row.said} {row.steps}")
        return row if row.state in states else None

    async def state(self, device_id: int) -> str:
        """The machine's state in the books."""
        async with self.db.read() as session:
            return (await devices.get(session, device_id)).state

    async def until(
        self, what: str, condition: Callable[[], Awaitable[Any]], *, within_s: float = 30
    ) -> Any:
        """Wait until `condition` is true; looks whenever something about a node changes."""
        loop = asyncio.get_running_loop()
        end = loop.time() + within_s
        while not (found := await condition()):
            if loop.time() > end:
                seen = {one: self.nodes.news.of(one) for one in self.machines}
                raise AssertionError(f"never happened within {within_s} s: {what}; {seen}")
            await self.nodes.news.changed(0.05)
        return found

    @property
    def bootstraps(self) -> list[str]:
        """Every bootstrap that was accepted, on whatever machine."""
        return [one for cluster in self.lan.clusters.values() for one in cluster.bootstraps]

    async def close(self) -> None:
        for nodes in self._kept:
            await nodes.stop()
        for machine in self.machines.values():
            await machine.power_off()


@pytest.fixture
def kind() -> str:
    """Which database; tests that care override it with both."""
    return "sqlite"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch, bundle: Bundle) -> None:
    async def same(talos_version: str) -> Bundle:
        return bundle

    monkeypatch.setattr(create, "fresh_bundle", same)
    monkeypatch.setattr("ktizo.nodes.watch.watch.LOOK_S", 0.02)
    monkeypatch.setattr("ktizo.nodes.watch.watch.FIRST_PAUSE_S", 0.05)
    monkeypatch.setattr("ktizo.nodes.watch.visit.NOW_S", 0.01)
    monkeypatch.setattr("ktizo.nodes.work.work.POLL_S", 0.05)


@pytest.fixture
async def yard(kind: str, tmp_path: Path) -> AsyncIterator[Yard]:
    async with fresh_database(kind, tmp_path) as db:
        reader = boot_reader(db)
        yard = Yard(db, Sealer([new_key()]), Writer(db.write), reader, Lan())
        yard.writer.start()
        await yard.nodes.start()
        try:
            yield yard
        finally:
            await yard.close()
            await yard.writer.stop()
            reader.close()
