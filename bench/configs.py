"""How fast configs are made and served: `python -m bench.configs [machines]`.

Prints configs per second and processor milliseconds of each; the predecessor needs 14 ms.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import ktizo.audit.tables
import ktizo.devices.tables
import ktizo.events.tables  # noqa: F401 - all tables there are
from ktizo.accounts.tokens import Actor
from ktizo.clusters import create, join, store
from ktizo.clusters.changes import Desk
from ktizo.clusters.compiled import CompiledConfigs
from ktizo.clusters.regenerate import Regenerator
from ktizo.clusters.schemas import MemberIn, NewCluster
from ktizo.clusters.serve import machine_config
from ktizo.clusters.tables import MemberRow
from ktizo.core.bootdb import BootReader, boot_reader
from ktizo.core.clock import utc_now
from ktizo.core.db import Base, Database
from ktizo.core.seal import Sealer, new_key
from ktizo.core.settings import Settings
from ktizo.core.writer import Writer
from ktizo.devices.register import register

PREDECESSOR_MS = 14


async def fill(database: Database, sealer: Sealer, machines: int) -> None:
    async with database.writing.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    async with database.write() as session:
        wanted = NewCluster(name="prod", endpoint="https://192.0.2.10:6443", gateway="10.0.0.1")
        cluster = await create.create(desk(session, sealer, database), wanted)
        for n in range(1, machines + 1):
            mac = f"52:54:00:{n >> 16:02x}:{n >> 8 & 255:02x}:{n & 255:02x}"
            device = await register(session, [mac], utc_now(), hostname=f"n{n}")
            row = MemberRow(
                device_id=device.id,
                cluster_id=cluster.id,
                role="controlplane" if n <= 3 else "worker",
                edition=store.new_edition(),
                patches="",
                address=f"10.{n >> 8}.{n & 255}.5/8" if n % 2 else None,
                created_at=utc_now(),
                updated_at=utc_now(),
            )
            session.add(row)


def desk(session: object, sealer: Sealer, database: Database) -> Desk:
    writer = Writer(database.write)
    return Desk(session, sealer, writer, Actor("bench", "admin", 1), "192.0.2.1")


async def ask(reader: BootReader, sealer: Sealer, ids: Iterable[int], label: str) -> None:
    count, cpu, wall = 0, time.process_time(), time.perf_counter()
    for device_id in ids:
        assert await machine_config(reader, sealer, device_id) is not None
        count += 1
    each = (time.process_time() - cpu) / count * 1000
    print(
        f"{label:<28} {count / (time.perf_counter() - wall):8.0f} configs/s"
        f" {each:8.3f} ms CPU each, {PREDECESSOR_MS / each:.0f} times less than 14 ms"
    )


async def main(machines: int) -> None:
    folder = Path(tempfile.mkdtemp())
    settings = Settings(data_dir=folder, compiled_dir=folder / "compiled")
    database, sealer = Database(settings), Sealer([new_key()])
    await fill(database, sealer, machines)
    reader = boot_reader(database)
    await ask(reader, sealer, range(1, machines + 1), "each for the first time")
    some = min(1000, machines)
    await ask(reader, sealer, (n % some + 1 for n in range(machines)), "again")
    regenerator = Regenerator(database, sealer, CompiledConfigs(settings.compiled_dir))
    for label in ("regenerate all", "nothing changed"):
        print(f"{label:<28} {await regenerator.run()}")
    async with database.write() as session:
        cluster = await store.cluster(session, None)
        wanted = MemberIn(role="worker", install_disk="/dev/vda")
        await join.join(desk(session, sealer, database), cluster, min(77, machines), wanted)
    print(f"{'one machine changed':<28} {await regenerator.run()}")
    reader.close()
    await database.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000))
