"""The two servers side by side, and what every section needs to compare them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bench.fleet import Machine
from bench.process import Server
from bench.stats import Series, ratio
from bench.table import Aim, rows


@dataclass
class Pair:
    """Ktizo and nginx, both running, with the scripts both give."""

    ktizo: Server
    nginx: Server
    folder: Path
    machines: list[Machine]
    scripts: list[bytes]
    rounds: int
    aims: list[Aim] = field(default_factory=list)

    def interleaved(self, at_most: int | None = None) -> Iterator[tuple[int, Server]]:
        """Yield (round, server), the order turned round every time: A B, B A, A B ...

        What Ktizo puts off until after its answers is never on the other's bill.
        """
        both = (self.ktizo, self.nginx)
        for number in range(min(self.rounds, at_most or self.rounds)):
            for server in both if number % 2 == 0 else reversed(both):
                self.ktizo.wait_quiet()
                server.insist()
                yield number, server


class Measured:
    """Numbers of both servers, by what was measured."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, str], list[float]] = {}

    def add(self, server: Server, what: str, value: float) -> None:
        self._values.setdefault((server.name, what), []).append(value)

    def series(self, server: str, what: str) -> Series:
        return Series.of(self._values[server, what])

    def ratio(self, what: str) -> Series:
        return ratio(self.series("ktizo", what), self.series("nginx", what))

    def show(self, *names: str) -> None:
        """Print what was measured, both servers beside each other."""
        body: list[tuple[object, ...]] = []
        for what in names:
            ours, theirs = self.series("ktizo", what), self.series("nginx", what)
            share = self.ratio(what) if any(theirs.values) else "-"
            body.append((what, ours, theirs, share))
        rows(("ktizo", "nginx", "ktizo / nginx"), body)


def cpu_s(server: Server, work: Callable[[], None]) -> float:
    """Return the CPU seconds `server` spends on `work`, and on what it puts off until after."""
    before = server.cpu_s()
    work()
    server.wait_quiet()
    return server.cpu_s() - before
