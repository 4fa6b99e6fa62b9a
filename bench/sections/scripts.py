"""Boot scripts per second, their latency, and the CPU each costs: first asks, and repeats.

A machine asks a few times while it boots. Its first question is looked up, decided, rendered and
leaves a new line of history; the next ones are answered from memory and counted into that line.
"""

from collections.abc import Sequence

from bench import servers, wrk
from bench.fleet import LOADED, Machine
from bench.pair import Measured, Pair, cpu_s
from bench.process import Server
from bench.table import at_least, at_most, heading
from bench.wire import WrongAnswer

CONNECTIONS = {64: 5, 512: 3}  # and how many rounds at most
SECONDS = 3
CYCLED = 2000  # machines that ask during one round; each round has its own, so that all are new in
# it, and none is asked so often that the boot loop guard (100 at most) holds it on its disk
SHOWN = ("requests/s", "p50, ms", "p99, ms", "CPU, ms per request", "errors")


def run(pair: Pair) -> None:
    """Measure with wrk; after each round every body is compared with what nginx serves."""
    if wrk.program() is None:
        heading("Boot scripts: skipped")
        print(f"  {wrk.MISSING}")
        return
    windows = [slice(first, first + CYCLED) for first in range(0, LOADED, CYCLED)]
    for connections, rounds in CONNECTIONS.items():
        found = {True: Measured(), False: Measured()}
        used = windows[:rounds]
        del windows[:rounds]
        for number, server in pair.interleaved(rounds):
            _round(pair, server, used[number], connections, found)
        for first, measured in found.items():
            what = "first asks" if first else f"{SECONDS} s of repeats"
            heading(
                f"Boot scripts, {connections} connections, {min(rounds, pair.rounds)} rounds:"
                f" {what} of {CYCLED:,} machines"
            )
            measured.show(*SHOWN)
        if connections == min(CONNECTIONS):
            for first, measured in found.items():
                _aim(pair, measured, "first asks" if first else "repeats")


def _aim(pair: Pair, found: Measured, what: str) -> None:
    rate, cost = found.ratio("requests/s"), found.ratio("CPU, ms per request")
    pair.aims.append(at_least(f"boot scripts, {what}: share of nginx's rate", 0.5, rate))
    pair.aims.append(at_most(f"boot scripts, {what}: multiple of nginx's CPU", 4, cost))


def _round(
    pair: Pair, server: Server, window: slice, connections: int, found: dict[bool, Measured]
) -> None:
    machines = pair.machines[window]
    paths = pair.folder / "paths"
    paths.write_text("\n".join(machine.question for machine in machines))
    for first, measured in found.items():
        loads: list[wrk.Load] = []

        def load(once: bool = first, into: list[wrk.Load] = loads) -> None:
            into.append(wrk.run(pair.folder, server.port, paths, connections, SECONDS, once=once))

        used_s = cpu_s(server, load)
        measured.add(server, "requests/s", loads[0].rate)
        measured.add(server, "p50, ms", loads[0].p50_ms)
        measured.add(server, "p99, ms", loads[0].p99_ms)
        measured.add(server, "CPU, ms per request", used_s * 1000 / loads[0].requests)
        measured.add(server, "errors", loads[0].errors)
    _compare(server, machines, pair.scripts[window])


def _compare(server: Server, machines: Sequence[Machine], expected: Sequence[bytes]) -> None:
    for machine, body, wanted in zip(
        machines, servers.scripts(server.port, machines), expected, strict=True
    ):
        if body != wanted:
            raise WrongAnswer(f"{server.name} tells {machine.mac} {body[:300]!r}")
