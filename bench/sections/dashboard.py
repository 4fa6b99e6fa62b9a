"""The dashboard beside the boots: how fast its list is, and what it costs machines that boot.

Machines arrive at a steady rate, each on a connection and address of its own; their latency counts
from when they were due, so that a server that stops to think cannot hide it. The dashboards run in
a process of their own (`python -m bench.sections.dashboard PORT SECONDS PAUSE_MS`), so that the
clients' Python is not on the machines' bill.
"""

import asyncio
import contextlib
import itertools
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench import servers
from bench.fleet import KERNEL_BYTES, Appliance, Machine, seed
from bench.process import NotRunning, Server
from bench.stats import Series, number, percentile, ratio
from bench.table import Aim, at_most, heading, rows
from bench.wire import HOST, WrongAnswer
from ktizo.core import sqlite

MACHINES = 10_000
CLIENTS, LISTENERS, PAGE = 32, 100, 50
ARRIVALS_A_SECOND, SECONDS = 200, 5
WARM_S = 1.0  # until the dashboards are connected
# Who looks: nobody; people, who ask for a page and read it; programs, which never pause.
PAUSES_MS = {"alone": None, "people": 1000, "restless": 0}
# What people ask for, one after the other: pages, orders, filters, searches.
QUERIES = (
    "sort=-last_seen&offset={offset}",
    "sort=hostname&offset={offset}",
    "state=pending&sort=-first_seen&offset={small}",
    "q=node-{offset}&sort=-last_seen",
    "state=approved&q=rack&sort=hostname&offset={small}",
)


@dataclass
class Phase:
    """What one phase found, in ms."""

    boots: list[float] = field(default_factory=list)
    lists: list[float] = field(default_factory=list)
    events: int = 0  # that all listeners got


def run(folder: Path, rounds: int, http_server: str) -> list[Aim]:
    """Measure each kind of company in turn, every round; print, and return the aims."""
    heading(
        f"Dashboard: {MACHINES:,} machines, {ARRIVALS_A_SECOND} boots/s, beside {CLIENTS} clients"
        f" and {LISTENERS} listeners, {rounds} rounds of {SECONDS} s"
    )
    folder.mkdir()
    data = folder / "data"
    asyncio.run(seed(data))
    _trim(data)
    appliance = Appliance(data)
    server = servers.ktizo(folder, data, KTIZO_SERVER=http_server)
    try:
        found = _measure(server, appliance, data, rounds)
    finally:
        server.stop()
    return _show(found)


def _trim(data: Path) -> None:
    """Leave MACHINES of the benchmark's fleet, and let them say who they are, as real ones do."""
    connection = sqlite.module.connect(data / "ktizo.db", timeout=10, isolation_level=None)
    try:
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("DELETE FROM devices WHERE id > ?", (MACHINES,))
        connection.execute(
            "UPDATE devices SET vendor='Bench Inc.', product='Rack Server ' || id % 7,"
            " firmware='uefi', arch='x86_64', first_seen=created_at - id * 60000000,"
            " last_seen=updated_at - id * 37 % 10007 * 8000000,"  # microseconds: a day, shuffled
            " address='10.' || id / 62500 || '.' || id / 250 % 250 || '.' || id % 250"
        )
    finally:
        connection.close()


def _measure(
    server: Server, appliance: Appliance, data: Path, rounds: int
) -> dict[str, list[Phase]]:
    token = (data / "cli.token").read_text().strip()
    approved = [one for one in map(Machine, range(MACHINES)) if one.approved]
    crowd = ARRIVALS_A_SECOND * SECONDS
    windows = itertools.cycle(
        approved[at : at + crowd] for at in range(0, len(approved) - crowd + 1, crowd)
    )
    found: dict[str, list[Phase]] = {company: [] for company in PAUSES_MS}
    # Once for nobody: what is slow only the first time is on no one's bill.
    asyncio.run(_storm(server.port, approved[:ARRIVALS_A_SECOND]))
    for turn in range(rounds):
        order = list(PAUSES_MS)
        for company in order if turn % 2 == 0 else reversed(order):
            server.insist()
            server.wait_quiet()
            appliance.forget()
            found[company].append(_phase(server.port, token, next(windows), PAUSES_MS[company]))
    return found


def _phase(port: int, token: str, arriving: Sequence[Machine], pause_ms: int | None) -> Phase:
    if pause_ms is None:
        return Phase(boots=asyncio.run(_storm(port, arriving)))
    command = [sys.executable, "-m", __name__, str(port), str(WARM_S + SECONDS), str(pause_ms)]
    company = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    try:
        assert company.stdin is not None
        assert company.stdout is not None
        company.stdin.write(f"{token}\n")
        company.stdin.flush()
        if company.stdout.readline() != "connected\n":
            raise NotRunning("the dashboards could not connect")
        time.sleep(WARM_S)
        boots = asyncio.run(_storm(port, arriving))
        said = json.loads(company.communicate(timeout=60)[0])
    finally:
        company.kill()
        company.wait()
    if said["errors"]:
        raise WrongAnswer(f"the dashboards got: {said['errors'][:3]}")
    return Phase(boots, said["ms"], said["events"])


async def _storm(port: int, arriving: Sequence[Machine]) -> list[float]:
    """Let machines ask for their script at a steady rate; returns ms since each was due."""
    began = time.perf_counter()

    async def boot(number: int, machine: Machine) -> float:
        due = began + number / ARRIVALS_A_SECOND
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", port, local_addr=(machine.address, 0)
        )
        with contextlib.closing(writer):
            status, body = await _get(reader, writer, machine.question)
        if status != 200 or b"\nkernel " not in body:
            raise WrongAnswer(f"{machine.question}: {status} {body[:200]!r}")
        return (time.perf_counter() - due) * 1000

    return await asyncio.gather(*(boot(n, one) for n, one in enumerate(arriving)))


async def _get(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str, headers: str = ""
) -> tuple[int, bytes]:
    """Ask on an open connection; returns status and body."""
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n{headers}\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        int(line.partition(b":")[2])
        for line in head.lower().split(b"\r\n")
        if line.startswith(b"content-length:")
    )
    return int(head.split(None, 2)[1]), await reader.readexactly(length)


def _show(found: dict[str, list[Phase]]) -> list[Aim]:
    alone = _p(found["alone"], "boots", 0.99)
    body, aims = [], []
    for company, phases in found.items():
        boots = _p(phases, "boots", 0.99)
        moved = ratio(boots, alone) if company != "alone" else "-"
        lists = [one for phase in phases for one in phase.lists]
        listed: tuple[object, ...] = ("-", "-", "-", "-")
        if lists:
            p50, p95 = _p(phases, "lists", 0.5), _p(phases, "lists", 0.95)
            asked = Series.of([len(phase.lists) / (WARM_S + SECONDS) for phase in phases])
            heard = Series.of([phase.events / LISTENERS for phase in phases])
            listed = (p50, p95, asked, heard)
            aims.append(at_most(f"list of {MACHINES:,}, {company}: p95, ms", 200, p95))
            aims.append(
                at_most(f"boot path's p99 beside {company}: multiple", 1.1, ratio(boots, alone))
            )
        body.append((company, _p(phases, "boots", 0.5), boots, moved, *listed))
    columns = ("boot p50, ms", "boot p99, ms", "beside / alone")
    rows((*columns, "list p50, ms", "list p95, ms", "lists/s", "events each"), body)
    print(
        f"  people: each client asks for a page of {PAGE} and reads it for a second; restless:"
        f" it never pauses. A kernel would be {number(KERNEL_BYTES / 1e6)} MB; only scripts here."
    )
    return aims


def _p(phases: Sequence[Phase], what: str, share: float) -> Series:
    return Series.of([percentile(getattr(phase, what), share) for phase in phases])


# The process of the dashboards.


@dataclass
class Found:
    """What all of them saw."""

    ms: list[float] = field(default_factory=list)
    events: int = 0
    errors: list[str] = field(default_factory=list)


async def _dashboards(port: int, seconds: float, pause_ms: int, token: str) -> None:
    """Listen and ask; print what was found as JSON."""
    headers = f"Authorization: Bearer {token}\r\n"
    found = Found()
    ready = asyncio.Semaphore(0)
    work = [_listen(port, headers, ready, found) for _ in range(LISTENERS)]
    work += [_look(port, headers, pause_ms, number, ready, found) for number in range(CLIENTS)]
    tasks = [asyncio.create_task(one) for one in work]
    for _ in tasks:
        await ready.acquire()
    print("connected", flush=True)
    await asyncio.sleep(seconds)
    for task in tasks:
        task.cancel()
    for ended in await asyncio.gather(*tasks, return_exceptions=True):
        if not isinstance(ended, asyncio.CancelledError):
            found.errors.append(repr(ended))
    print(json.dumps(vars(found)))


async def _listen(port: int, headers: str, ready: asyncio.Semaphore, found: Found) -> None:
    """Keep one live stream open, as every open dashboard does."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    with contextlib.closing(writer):
        writer.write(f"GET /api/v1/events HTTP/1.1\r\nHost: {HOST}\r\n{headers}\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 200 " not in head.split(b"\r\n")[0]:
            raise WrongAnswer(head[:200].decode())
        ready.release()
        while piece := await reader.read(65_536):
            found.events += piece.count(b'"kind":')
    raise WrongAnswer("the stream ended")


async def _look(
    port: int, headers: str, pause_ms: int, number: int, ready: asyncio.Semaphore, found: Found
) -> None:
    """Ask for one page of the list after the other, each another one."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    with contextlib.closing(writer):
        ready.release()
        await asyncio.sleep(pause_ms / 1000 * number / CLIENTS)  # not all in the same instant
        for turn in itertools.count(number):
            query = QUERIES[turn % len(QUERIES)].format(
                offset=turn * 373 % (MACHINES - PAGE), small=turn * 53 % 2000
            )
            began = time.perf_counter()
            path = f"/api/v1/devices?limit={PAGE}&{query}"
            status, body = await _get(reader, writer, path, headers)
            found.ms.append((time.perf_counter() - began) * 1000)
            if status != 200 or b'"items"' not in body:
                raise WrongAnswer(f"{path}: {status} {body[:200]!r}")
            await asyncio.sleep(pause_ms / 1000)


if __name__ == "__main__":
    asyncio.run(
        _dashboards(int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]), input().strip())
    )
