"""`make bench`: measure, print, and leave nothing behind.

It never judges: the exit code is 1 only when something did not run or answered wrongly.
"""

import argparse
import asyncio
import os
import platform
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from bench import fleet, servers, table
from bench.fleet import BOOTING, Appliance, Machine
from bench.pair import Pair
from bench.process import NotRunning
from bench.sections import (
    arrivals,
    assets,
    configs,
    dashboard,
    history,
    idle,
    intake,
    nodes,
    rented,
    scripts,
    storm,
)
from bench.stats import number
from bench.wire import WrongAnswer
from bench.wrk import NoResult

ALONE = (
    "idle",
    "history",
    "intake",
    "configs",
    "dashboard",
    "nodes",
    "rented",
)  # have a Ktizo of their own
SECTIONS = (*ALONE, "scripts", "arrivals", "assets", "storm")
ROUNDS = 5


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Ktizo beside nginx.")
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=SECTIONS, metavar="SECTION")
    parser.add_argument("--rounds", type=int, default=ROUNDS, choices=range(1, 6))
    parser.add_argument("--server", choices=("granian", "uvicorn"), default="granian")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that servers are ended too
    began = time.perf_counter()
    _machine()
    try:
        with tempfile.TemporaryDirectory(prefix="ktizo-bench-") as folder:
            found = _measure(Path(folder), asked)
    except (NotRunning, NoResult, WrongAnswer) as error:
        print(f"\nbench: {error}", file=sys.stderr)
        return 1
    if found:
        table.aims(found)
    print(f"\n{time.perf_counter() - began:.0f} s; load average now {_load()}")
    return 0


def _machine() -> None:
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    print(
        f"{os.cpu_count()} x {model}, Linux {platform.release()}, Python"
        f" {platform.python_version()}; load average {_load()}"
    )
    print(
        "All traffic is on loopback, and the clients share these processors with the servers:"
        " trust ratios and CPU, not rates. median (lowest-highest) of interleaved rounds."
    )


def _load() -> str:
    return " ".join(f"{value:.1f}" for value in os.getloadavg())


def _measure(folder: Path, asked: argparse.Namespace) -> list[table.Aim]:
    few = min(asked.rounds, 3)
    alone: dict[str, Callable[[Path], list[table.Aim] | None]] = {
        "idle": lambda own: idle.run(own, asked.server),
        "history": lambda own: history.run(own, few),
        "configs": lambda own: configs.run(own, asked.server, asked.rounds),
        "dashboard": lambda own: dashboard.run(own, few, asked.server),
        "intake": lambda own: intake.run(own, few),
        "nodes": lambda own: nodes.run(own, asked.server),
        "rented": lambda own: rented.run(own, few, asked.server),
    }
    aims: list[table.Aim] = []
    for name, section in alone.items():
        if name in asked.only:
            aims += section(folder / name) or []
    if set(asked.only) - set(ALONE):
        aims += _beside_nginx(folder, asked)
    return aims


def _beside_nginx(folder: Path, asked: argparse.Namespace) -> list[table.Aim]:
    data = folder / "data"
    asyncio.run(fleet.seed(data))
    appliance = Appliance(data)
    appliance.keep()
    machines = [Machine(index) for index in range(BOOTING.stop)]
    bodies = _rehearse(folder, data, machines)
    appliance.rewind()
    with ExitStack() as ending:
        ktizo = servers.ktizo(folder, data, KTIZO_SERVER=asked.server)
        ending.callback(ktizo.stop)
        servers.publish(folder, data, machines, bodies)
        nginx = servers.nginx(folder)
        ending.callback(nginx.stop)
        ktizo.wait_quiet(60)
        pair = Pair(ktizo, nginx, folder, machines, bodies, asked.rounds)
        sections: dict[str, Callable[[], None]] = {
            "scripts": lambda: scripts.run(pair),
            "arrivals": lambda: arrivals.run(pair, appliance),
            "assets": lambda: assets.run(pair),
            "storm": lambda: storm.run(pair, appliance),
        }
        for name, section in sections.items():
            if name in asked.only:
                section()
        print(
            f"\n  memory (PSS) after all this: ktizo {number(ktizo.pss_mb())} MB,"
            f" nginx {number(nginx.pss_mb())} MB"
        )
        return pair.aims


def _rehearse(folder: Path, data: Path, machines: list[Machine]) -> list[bytes]:
    """Return the script of every machine, from an appliance that is not the one to be measured.

    That one then meets every machine for the first time.
    """
    ktizo = servers.ktizo(folder, data)
    try:
        return servers.scripts(ktizo.port, machines)
    finally:
        ktizo.stop()


if __name__ == "__main__":
    sys.exit(main())
