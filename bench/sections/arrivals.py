"""A rack is switched on: 500 machines, each on a connection of its own, in the same moment."""

from bench.fleet import ARRIVING, CROWD, Appliance
from bench.pair import Measured, Pair
from bench.process import Server
from bench.table import at_most, heading
from bench.wire import Crowd, Fetch, WrongAnswer, insist


def run(pair: Pair, appliance: Appliance) -> None:
    """Measure the time until the last one has its script; twice, with and without memory."""
    for label, forget in (
        ("nothing kept in memory: every script is made anew", True),
        ("asked before: scripts are kept in memory", False),
    ):
        heading(f"{CROWD} new connections at once, {pair.rounds} rounds; {label}")
        found = Measured()
        _arrive(pair, pair.ktizo, Measured())
        for _, server in pair.interleaved():
            if forget and server is pair.ktizo:
                appliance.forget()
            _arrive(pair, server, found)
        found.show("until the last has its script, ms", "p50, ms")
        what = "500 at once, multiple of nginx's time" + (", made anew" if forget else "")
        last = found.ratio("until the last has its script, ms")
        pair.aims.append(at_most(what, 3, last))


def _arrive(pair: Pair, server: Server, found: Measured) -> None:
    machines = [pair.machines[index] for index in ARRIVING]
    fetches = [
        Fetch(machine.question, server.port, machine.address, owner=machine.index)
        for machine in machines
    ]
    took_s = Crowd().run(fetches)
    insist(fetches)
    for fetch in fetches:
        if fetch.body != pair.scripts[fetch.owner]:
            raise WrongAnswer(f"{server.name} gives machine {fetch.owner} {fetch.body[:300]!r}")
    found.add(server, "until the last has its script, ms", took_s * 1000)
    times = sorted(fetch.took_s for fetch in fetches)
    found.add(server, "p50, ms", times[len(times) // 2] * 1000)
