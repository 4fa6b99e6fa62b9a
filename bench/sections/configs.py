"""Machine configs: how fast they are made, and what serving one costs.

The predecessor needs 14 ms of processor for each (66 a second), whether anything changed or not.
"""

import asyncio
import time
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

from bench import servers, wrk
from bench.pair import cpu_s
from bench.stats import Series
from bench.table import Aim, at_least, at_most, heading, rows
from bench.wire import WrongAnswer
from ktizo.accounts.actor import Actor
from ktizo.boot import store as boot
from ktizo.boot.tickets import Tickets
from ktizo.clusters import create, join, store
from ktizo.clusters.changes import Desk
from ktizo.clusters.compiled import CompiledConfigs
from ktizo.clusters.regenerate import Regenerator
from ktizo.clusters.schemas import MemberIn, NewCluster
from ktizo.clusters.serve import machine_config
from ktizo.clusters.tables import MemberRow
from ktizo.core import urls
from ktizo.core.bootdb import BootReader, boot_reader
from ktizo.core.clock import utc_now
from ktizo.core.db import AsyncSession, Database
from ktizo.core.seal import Sealer, load_or_make_keys
from ktizo.core.settings import Settings
from ktizo.core.writer import Writer
from ktizo.devices import store as devices
from ktizo.devices.lifecycle import State
from ktizo.devices.register import register
from ktizo.devices.tables import Device, Lease

MACHINES = 10_000
SERVED = 1_000  # machines that fetch their configs
PREDECESSOR_MS = 14
CONNECTIONS, SECONDS = 64, 3


def run(folder: Path, http_server: str, rounds: int) -> list[Aim]:
    """Make configs in this process, then serve them from `ktizo serve`."""
    heading(f"Machine configs: {MACHINES:,} machines of one cluster")
    folder.mkdir()
    data = folder / "data"
    paths, each_ms, regenerated_s = asyncio.run(_made(data))
    found = [
        at_least("a config made: times less CPU than 14 ms", 20, Series.of([14 / each_ms])),
        at_most(f"{MACHINES:,} regenerated, s", 60, Series.of([regenerated_s])),
    ]
    return found + _served(folder, data, paths, http_server, rounds)


async def _made(data: Path) -> tuple[list[str], float, float]:
    settings = Settings(data_dir=data, compiled_dir=data.parent / "compiled")
    database, sealer = Database(settings), Sealer(load_or_make_keys(data))
    await database.migrate()
    async with database.write() as session:
        await _fill(session, sealer, database)
    reader = boot_reader(database)
    print(f"  {'in one process':<28} {'configs/s':>9}  {'ms CPU each':>11}")
    each_ms = await _ask(reader, sealer, range(1, MACHINES + 1), "each for the first time")
    await _ask(reader, sealer, (n % SERVED + 1 for n in range(MACHINES)), "again")
    regenerator = Regenerator(database, sealer, CompiledConfigs(settings.compiled_dir))
    began = time.perf_counter()
    print(f"  {'regenerate and write all':<28} {await regenerator.run()}")
    regenerated_s = time.perf_counter() - began
    print(f"  {'nothing changed':<28} {await regenerator.run()}")
    async with database.write() as session:
        cluster = await store.cluster(session, None)
        wanted = MemberIn(role="worker", install_disk="/dev/vda")
        await join.join(_desk(session, sealer, database), cluster, 77, wanted)
    print(f"  {'one machine changed':<28} {await regenerator.run()}")
    paths = await _tickets(reader, sealer)
    reader.close()
    await database.close()
    return paths, each_ms, regenerated_s


async def _fill(session: AsyncSession, sealer: Sealer, database: Database) -> None:
    await boot.ensure_builtin(session)
    wanted = NewCluster(name="prod", endpoint="https://192.0.2.10:6443", gateway="10.0.0.1")
    cluster = await create.create(_desk(session, sealer, database), wanted)
    now = utc_now()
    for n in range(1, MACHINES + 1):
        mac = f"52:54:00:{n >> 16:02x}:{n >> 8 & 255:02x}:{n & 255:02x}"
        device = await register(session, [mac], now, hostname=f"n{n}", role="worker")
        row = MemberRow(
            device_id=device.id,
            cluster_id=cluster.id,
            role="worker",
            edition=store.new_edition(),
            patches="",
            address=f"10.{n >> 8}.{n & 255}.5/8" if n % 2 else None,
            created_at=now,
            updated_at=now,
        )
        session.add(row)
    await session.flush()
    await session.execute(sa.update(Device).values(state=State.APPROVED))
    lease = {"reason": "approval", "granted_by": "bench", "granted_at": now, "offers": 0}
    until = now + timedelta(days=1)
    leases = [lease | {"device_id": n, "expires_at": until} for n in range(1, SERVED + 1)]
    await session.execute(sa.insert(Lease), leases)


def _desk(session: AsyncSession, sealer: Sealer, database: Database) -> Desk:
    writer = Writer(database.write)
    return Desk(session, sealer, writer, Actor("bench", "admin", 1), "192.0.2.1")


async def _ask(reader: BootReader, sealer: Sealer, ids: Iterable[int], label: str) -> float:
    """Return the milliseconds of processor one config costs."""
    count, cpu, wall = 0, time.process_time(), time.perf_counter()
    for device_id in ids:
        if await machine_config(reader, sealer, device_id) is None:
            raise WrongAnswer(f"machine {device_id} has no config")
        count += 1
    each_ms = (time.process_time() - cpu) / count * 1000
    rate = count / (time.perf_counter() - wall)
    print(f"  {label:<28} {rate:9.0f}  {each_ms:11.3f}")
    return each_ms


async def _tickets(reader: BootReader, sealer: Sealer) -> list[str]:
    """Return the path from which each machine fetches its config, as its boot script has it."""
    tickets = Tickets(sealer.subkey("tickets"))
    paths = []
    for device_id in range(1, SERVED + 1):
        device = await devices.boot_facts_by_id(reader, device_id)
        found = await boot.assigned(reader, device_id, "worker")
        if device is None or device.lease is None or found is None:
            raise WrongAnswer(f"machine {device_id} is not ready to boot")
        ticket = tickets.config(device_id, device.lease, found[0].id)
        paths.append(urls.config(ticket, "config.yaml"))
    return paths


def _served(folder: Path, data: Path, paths: list[str], http_server: str, rounds: int) -> list[Aim]:
    heading(f"Configs served: {SERVED:,} machines, {CONNECTIONS} connections")
    if wrk.program() is None:
        print(f"  {wrk.MISSING}")
        return []
    asked = folder / "paths"
    asked.write_text("\n".join(paths))
    server = servers.ktizo(folder, data, KTIZO_SERVER=http_server)
    try:
        status, _, body = servers.fetch(server.port, paths[0])
        if status != 200 or not body.startswith(b"version: v1alpha1"):
            raise WrongAnswer(f"{paths[0]}: {status} {body[:200]!r}")
        loads: list[wrk.Load] = []
        each_ms: list[float] = []
        for _ in range(rounds):
            server.wait_quiet()

            def load() -> None:
                loads.append(wrk.run(folder, server.port, asked, CONNECTIONS, SECONDS))

            each_ms.append(cpu_s(server, load) * 1000 / loads[-1].requests)
    finally:
        server.stop()
    cost = Series.of(each_ms)
    rows(
        ("ktizo",),
        [
            ("requests/s", Series.of([one.rate for one in loads])),
            ("p50, ms", Series.of([one.p50_ms for one in loads])),
            ("p99, ms", Series.of([one.p99_ms for one in loads])),
            ("CPU, ms per config", cost),
            ("errors", Series.of([one.errors for one in loads])),
        ],
    )
    times = Series.of([PREDECESSOR_MS / one for one in each_ms])
    return [at_least("a config served: times less CPU than 14 ms", 20, times)]
