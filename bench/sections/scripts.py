"""Boot scripts per second, their latency, and the CPU each costs."""

from collections.abc import Sequence
from pathlib import Path

from bench import servers, wrk
from bench.fleet import LOADED, Machine
from bench.pair import Measured, Pair, cpu_s
from bench.process import Server
from bench.table import at_least, at_most, heading
from bench.wire import WrongAnswer

CONNECTIONS = {64: 5, 512: 3}  # and how many rounds at most
SECONDS = 3
CYCLED = 1000  # machines that ask during one run; each run has its own, so that none is asked so
# often that the boot loop guard (100 at most) holds it on its disk


def run(pair: Pair) -> None:
    """Measure with wrk; after each run every body is compared with what nginx serves."""
    if wrk.program() is None:
        heading("Boot scripts: skipped")
        print(f"  {wrk.MISSING}")
        return
    windows = [slice(first, first + CYCLED) for first in range(0, LOADED, CYCLED)]
    for connections, rounds in CONNECTIONS.items():
        heading(
            f"Boot scripts, {connections} connections, {CYCLED:,} of {LOADED:,} machines in turn,"
            f" {min(rounds, pair.rounds)} rounds of {SECONDS} s"
        )
        found = Measured()
        used = windows[:rounds]
        del windows[:rounds]
        for number, server in pair.interleaved(rounds):
            _round(pair, server, used[number], connections, found)
        found.show("requests/s", "p50, ms", "p99, ms", "CPU, ms per request", "errors")
        if connections == min(CONNECTIONS):
            rate, cost = found.ratio("requests/s"), found.ratio("CPU, ms per request")
            pair.aims.append(at_least("boot scripts, share of nginx's rate", 0.5, rate))
            pair.aims.append(at_most("boot scripts, multiple of nginx's CPU", 4, cost))


def _round(pair: Pair, server: Server, window: slice, connections: int, found: Measured) -> None:
    machines = pair.machines[window]
    paths = pair.folder / "paths"
    paths.write_text("\n".join(machine.question for machine in machines))
    loads: list[wrk.Load] = []
    used_s = cpu_s(server, lambda: loads.append(_load(pair.folder, server, paths, connections)))
    load = loads[0]
    found.add(server, "requests/s", load.rate)
    found.add(server, "p50, ms", load.p50_ms)
    found.add(server, "p99, ms", load.p99_ms)
    found.add(server, "CPU, ms per request", used_s * 1000 / load.requests)
    found.add(server, "errors", load.errors)
    _compare(server, machines, pair.scripts[window])


def _load(folder: Path, server: Server, paths: Path, connections: int) -> wrk.Load:
    return wrk.run(folder, server.port, paths, connections, SECONDS)


def _compare(server: Server, machines: Sequence[Machine], expected: Sequence[bytes]) -> None:
    for machine, body, wanted in zip(
        machines, servers.scripts(server.port, machines), expected, strict=True
    ):
        if body != wanted:
            raise WrongAnswer(f"{server.name} tells {machine.mac} {body[:300]!r}")
