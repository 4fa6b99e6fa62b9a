"""An operator's side of a hand-over: a cluster, a machine on record, its approval."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from ktizo.accounts.tokens import Actor
from ktizo.audit.tables import EntryRow
from ktizo.boot import store as boot
from ktizo.boot.tables import AssignmentRow, ProfileRow  # noqa: F401 - tables of the database
from ktizo.clusters import create, join
from ktizo.clusters.changes import Desk
from ktizo.clusters.schemas import MemberIn, NewCluster
from ktizo.clusters.tables import ServedRow
from ktizo.core.bootdb import boot_reader
from ktizo.core.clock import utc_now
from ktizo.core.db import Database, Meta, bump_boot_version
from ktizo.core.seal import Sealer, new_key
from ktizo.core.writer import Writer
from ktizo.devices import approval, lease
from ktizo.devices import store as devices
from ktizo.devices.lifecycle import State
from ktizo.devices.progress import OfferCounter, OfferSink
from ktizo.devices.register import register
from ktizo.devices.tables import Device, Lease
from ktizo.events.tables import EventRow
from ktizo.nodes.handover import Handover
from ktizo.nodes.simulated import SimulatedNode
from ktizo.nodes.tables import FindingsRow, NodeRow  # noqa: F401 - tables of the database

LIMIT = 3


class House:
    """A database with a cluster, and everything a hand-over is made of."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.sealer = Sealer([new_key()])
        self.writer = Writer(db.write)
        self.reader = boot_reader(db)
        self.told: list[tuple[str, int, dict[str, object]]] = []
        self.counter = OfferCounter()
        self.offers = OfferSink(lambda *news: self.told.append(news), bump_boot_version, LIMIT)
        self.now_s = 1000.0
        self.handover = self.restarted()

    def restarted(self) -> Handover:
        """A hand-over that remembers nothing, as after a kill -9."""
        return Handover(
            self.db,
            self.reader,
            self.sealer,
            self.writer,
            self.counter,
            self.offers,
            LIMIT,
            clock=lambda: self.now_s,
        )

    def close(self) -> None:
        self.reader.close()

    @asynccontextmanager
    async def desk(self) -> AsyncIterator[Desk]:
        async with self.db.write() as session:
            yield Desk(session, self.sealer, self.writer, Actor("ada", "admin", 1), "127.0.0.1")

    async def make_cluster(self, version: str = "v1.12.11", **changes: Any) -> None:
        body = {
            "name": "prod",
            "endpoint": "https://192.0.2.10:6443",
            "talos_version": version,
            **changes,
        }
        async with self.desk() as desk:
            await boot.ensure_builtin(desk.session)
            await create.create(desk, NewCluster.model_validate(body))

    async def record(self, node: SimulatedNode, **marks: Any) -> int:
        """Put a machine on record."""
        fields = {"uuid": node.uuid, "role": "controlplane", "boot_mac": node.hardware.macs[0]}
        fields |= marks
        macs = fields.pop("macs", list(node.hardware.macs))
        async with self.db.write() as session:
            return (await register(session, macs, utc_now(), **fields)).id

    async def approve(self, device_id: int, minutes: int = 60) -> None:
        async with self.db.write() as session:
            device = await devices.get(session, device_id)
            now = utc_now()
            await approval.approve(session, device, by="ada", minutes=minutes, now=now)
            await bump_boot_version(session)

    async def join(self, device_id: int, install_disk: str | None, **more: Any) -> None:
        wanted = MemberIn.model_validate({"install_disk": install_disk, **more})
        async with self.desk() as desk:
            row = await join.store.cluster(desk.session, "prod")
            await join.join(desk, row, device_id, wanted)

    async def ready(self, node: SimulatedNode, install_disk: str | None, **marks: Any) -> int:
        """A machine that is approved, and a member with this disk."""
        device_id = await self.record(node, **marks)
        await self.join(device_id, install_disk)
        await self.approve(device_id)
        return device_id

    async def device(self, device_id: int) -> Device:
        async with self.db.read() as session:
            return await devices.get(session, device_id)

    async def lease(self, device_id: int) -> Lease | None:
        async with self.db.read() as session:
            return await devices.open_lease(session, device_id)

    async def expire(self, device_id: int) -> None:
        async with self.db.write() as session:
            held = await devices.open_lease(session, device_id)
            assert held is not None
            held.expires_at = utc_now() - timedelta(seconds=1)

    async def revoke(self, device_id: int) -> None:
        async with self.db.write() as session:
            device = await devices.get(session, device_id)
            await lease.end(session, device, "revoked", now=utc_now())
            device.state = State.LAPSED

    async def events(self, kind: str) -> list[dict[str, Any]]:
        """What the timeline says of this kind, in order."""
        assert await self.writer.flush()
        async with self.db.read() as session:
            query = sa.select(EventRow.data).where(EventRow.kind == kind).order_by(EventRow.id)
            return list(await session.scalars(query))

    async def audited(self) -> list[str]:
        """How every hand-over ended, in order."""
        assert await self.writer.flush()
        async with self.db.read() as session:
            query = sa.select(EntryRow.outcome).where(EntryRow.action == "nodes.handover")
            return list(await session.scalars(query.order_by(EntryRow.id)))

    async def served(self, device_id: int) -> list[str | None]:
        assert await self.writer.flush()
        async with self.db.read() as session:
            rows = await session.scalars(
                sa.select(ServedRow.address).where(ServedRow.device_id == device_id)
            )
            return list(rows)

    async def version(self) -> int:
        async with self.db.read() as session:
            return await session.scalar(sa.select(Meta.value)) or 0
