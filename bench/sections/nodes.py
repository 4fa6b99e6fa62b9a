"""A thousand nodes: how soon Ktizo knows that all run, what that costs, and what boots feel of it.

The nodes are simulated in a process of their own and run already. Boots are asked for at a steady
rate all the while; their latency counts from when they were due.
"""

import asyncio
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from bench import doubles, servers
from bench.process import NotRunning, Server
from bench.stats import Series, number, percentile, ratio
from bench.table import Aim, at_most, heading, rows
from bench.wire import HOST, WrongAnswer
from ktizo.core import sqlite

READY_S = 180.0
QUIET_S = 20.0
BOOTS_A_SECOND = 50
STRANGERS = 200  # addresses and MACs the asking machines have


@dataclass
class Found:
    """What one stretch of time showed."""

    took_s: float
    cpu_s: float
    pss_mb: float
    boots_ms: list[float] = field(default_factory=list)


def run(folder: Path, http_server: str, count: int = doubles.NODES) -> list[Aim]:
    """Let Ktizo meet its nodes; print, and return the aims."""
    heading(f"Nodes: {count:,} simulated, asked at {BOOTS_A_SECOND} boots/s meanwhile")
    folder.mkdir()
    data = folder / "data"
    asyncio.run(doubles.seed(data, count))
    alone = _alone(folder, data, http_server)
    fleet = _start(data)
    server = servers.ktizo(folder, data, KTIZO_SERVER=http_server, KTIZO_NODE_PORT="50000")
    try:
        meeting, quiet = asyncio.run(_meet(server, data, count))
    finally:
        server.stop()
        _stop(fleet)
    return _show(count, alone, meeting, quiet)


def _alone(folder: Path, data: Path, http_server: str) -> Found:
    """Measure the same boots with nobody to watch."""
    server = servers.ktizo(folder, data, KTIZO_SERVER=http_server)
    try:
        server.wait_quiet()
        return asyncio.run(_stretch(server, QUIET_S))
    finally:
        server.stop()


def _start(data: Path) -> "subprocess.Popen[str]":
    fleet = subprocess.Popen(
        [sys.executable, "-m", "bench.doubles", str(data)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert fleet.stdout is not None
    if fleet.stdout.readline() != "ready\n":
        _stop(fleet)
        raise NotRunning("the simulated nodes did not come up")
    return fleet


def _stop(fleet: "subprocess.Popen[str]") -> None:
    try:
        fleet.communicate(timeout=30)
    except subprocess.TimeoutExpired:
        fleet.kill()
        fleet.wait()


async def _meet(server: Server, data: Path, count: int) -> tuple[Found, Found]:
    token = (data / "cli.token").read_text().strip()
    began, cpu = time.perf_counter(), server.cpu_s()
    done = asyncio.Event()
    boots = asyncio.create_task(_boots(server.port, done))
    try:
        await _until_all_run(server, data, count)
    finally:
        done.set()
    took = time.perf_counter() - began
    meeting = Found(took, server.cpu_s() - cpu, server.pss_mb(), await boots)
    await _check(server, token, count)
    return meeting, await _stretch(server, QUIET_S)


async def _until_all_run(server: Server, data: Path, count: int) -> None:
    """Look into the database from outside, so that asking costs Ktizo nothing."""
    end = time.perf_counter() + READY_S
    while (known := _running(data)) < count:
        server.insist()
        if time.perf_counter() > end:
            raise WrongAnswer(f"after {READY_S:.0f} s {known} of {count} nodes are known to run")
        await asyncio.sleep(0.1)


def _running(data: Path) -> int:
    connection = sqlite.module.connect(data / "ktizo.db", timeout=10, isolation_level=None)
    try:
        query = (
            "SELECT count(*) FROM nodes JOIN devices ON devices.id = nodes.device_id"
            " WHERE nodes.state = 'running' AND nodes.ready AND devices.state = 'running'"
        )
        return int(connection.execute(query).fetchone()[0])
    finally:
        connection.close()


async def _check(server: Server, token: str, count: int) -> None:
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{server.port}", headers={"Authorization": f"Bearer {token}"}
    ) as client:
        answer = await client.get(f"/api/v1/clusters/{doubles.CLUSTER}/health", timeout=60)
    found = answer.json()
    if (found.get("healthy"), found.get("nodes_ready")) != (True, count):
        raise WrongAnswer(f"the cluster is not healthy: {answer.text[:500]}")


async def _stretch(server: Server, seconds: float) -> Found:
    cpu = server.cpu_s()
    done = asyncio.Event()
    boots = asyncio.create_task(_boots(server.port, done))
    await asyncio.sleep(seconds)
    done.set()
    return Found(seconds, server.cpu_s() - cpu, server.pss_mb(), await boots)


async def _boots(port: int, done: asyncio.Event) -> list[float]:
    """Ask for scripts at a steady rate; returns ms since each was due."""
    began, asked, found = time.perf_counter(), 0, []
    running: set[asyncio.Task[float]] = set()
    while not done.is_set():
        due = began + asked / BOOTS_A_SECOND
        await asyncio.sleep(max(due - time.perf_counter(), 0))
        task = asyncio.create_task(_boot(port, asked % STRANGERS, due))
        running.add(task)
        asked += 1
        if len(running) >= STRANGERS:
            ended, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            found += [one.result() for one in ended]
    found += await asyncio.gather(*running)
    return found


async def _boot(port: int, machine: int, due: float) -> float:
    mac = f"52-54-00-fe-00-{machine:02x}"
    source = (f"127.201.0.{1 + machine}", 0)
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=source)
    try:
        path = f"/boot/menu.ipxe?mac={mac}&arch=x86_64&platform=efi"
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
        answer = await reader.read()
    finally:
        writer.close()
        await writer.wait_closed()
    if not answer.startswith(b"HTTP/1.1 200"):
        raise WrongAnswer(f"a boot was answered {answer[:100]!r}")
    return (time.perf_counter() - due) * 1000


def _show(count: int, alone: Found, meeting: Found, quiet: Found) -> list[Aim]:
    body = []
    for what, one in (("nobody to watch", alone), ("meeting them", meeting), ("watching", quiet)):
        p50, p99 = (number(percentile(one.boots_ms, share)) for share in (0.5, 0.99))
        cpu = f"{one.cpu_s / one.took_s * 100:.0f}%"
        body.append(
            (what, f"{one.took_s:.1f}", number(one.cpu_s), cpu, f"{one.pss_mb:.0f}", p50, p99)
        )
    rows(("s", "CPU, s", "of one", "MB", "boot p50, ms", "p99, ms"), body)
    each = meeting.cpu_s / count * 1000
    print(
        f"  all {count:,} known to run after {meeting.took_s:.1f} s; CPU {number(each)} ms each to"
        f" meet, {number((quiet.pss_mb - alone.pss_mb) * 1000 / count)} kB each to watch"
    )
    slower = ratio(
        Series.of([percentile(quiet.boots_ms, 0.99)]), Series.of([percentile(alone.boots_ms, 0.99)])
    )
    return [at_most("boot p99 while watching 1,000 nodes, against nobody to watch", 1.5, slower)]
