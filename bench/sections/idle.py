"""What `ktizo serve` costs while nothing happens."""

import time
from pathlib import Path

from bench import servers
from bench.stats import Series
from bench.table import Aim, at_most, heading, rows

WATCHED_S = 10.0


def run(folder: Path, http_server: str) -> list[Aim]:
    """Start a fresh appliance, leave it alone, and look at it."""
    heading(f"Idle: a fresh `ktizo serve`, {WATCHED_S:.0f} s after its start")
    folder.mkdir()
    began = time.perf_counter()
    server = servers.ktizo(folder, folder / "data", KTIZO_SERVER=http_server)
    try:
        start_s = time.perf_counter() - began
        start_cpu_s = server.cpu_s()
        time.sleep(WATCHED_S)
        before = server.cpu_s()
        time.sleep(WATCHED_S)
        idle_cpu_ms = (server.cpu_s() - before) * 1000 / WATCHED_S
        memory = Series.of([server.pss_mb()])
    finally:
        server.stop()
    rows(
        ("ktizo",),
        [
            ("until it listens, s", Series.of([start_s])),
            ("CPU until it listens, s", Series.of([start_cpu_s])),
            ("memory (PSS), MB", memory),
            ("CPU while idle, ms per second", Series.of([idle_cpu_ms])),
        ],
    )
    return [at_most("idle memory, MB", 150, memory)]
