"""What Ktizo promises, checked on the machines themselves and not only on what it says."""

from collections.abc import Sequence
from dataclasses import dataclass

from ktizo.cli.simulation.facts import Facts
from ktizo.cli.simulation.plan import Place
from ktizo.cli.simulation.stranger import Stranger
from ktizo.nodes.simulated import Fleet, SimulatedMachine


@dataclass(frozen=True, slots=True)
class Promise:
    """One promise, whether it was kept, and what was found."""

    what: str
    kept: bool
    found: str


def check(
    fleet: Fleet,
    places: Sequence[Place],
    bystanders: Sequence[SimulatedMachine],
    stranger: Stranger,
    facts: Facts,
) -> list[Promise]:
    """Return every promise with what became of it."""
    return [
        _bootstrap(fleet),
        _disks(places),
        _untouched(bystanders),
        _leases(places, facts),
        _strangers(stranger),
        _scripts(fleet),
    ]


def _bootstrap(fleet: Fleet) -> Promise:
    times = sum(len(cluster.bootstraps) for cluster in fleet.clusters)
    return Promise("etcd was bootstrapped exactly once", times == 1, f"{times} times")


def _disks(places: Sequence[Place]) -> Promise:
    wrong = [
        f"{place.hostname}: {place.machine.node.wiped}"
        for place in places
        if place.machine.node.wiped != [place.disk.name]
    ]
    found = "; ".join(wrong) or f"{len(places)} disks, each one once"
    return Promise("only the chosen disks were erased", not wrong, found)


def _untouched(bystanders: Sequence[SimulatedMachine]) -> Promise:
    touched = [one.host for one in bystanders if one.node.wiped or one.kernel is not None]
    found = ", ".join(touched) or f"{len(bystanders)} held, nothing was sent to them"
    return Promise("machines nobody approved were left alone", not touched, found)


def _leases(places: Sequence[Place], facts: Facts) -> Promise:
    spent = [row for row in facts.devices.values() if row["state"] == "running"]
    open_ = [row["hostname"] for row in spent if row["lease"] is not None]
    kept = len(spent) == len(places) and not open_
    found = f"open: {', '.join(open_)}" if open_ else f"{len(spent)} of {len(places)}"
    return Promise("every permission to install was spent", kept, found)


def _strangers(stranger: Stranger) -> Promise:
    let_in = [url for url, leaked in stranger.tried.items() if leaked]
    found = ", ".join(let_in) or f"{len(stranger.tried)} tickets copied, none of use"
    kept = bool(stranger.tried) and not let_in
    return Promise("no machine's config was given to a stranger", kept, found)


def _scripts(fleet: Fleet) -> Promise:
    faults = fleet.faults
    return Promise("every machine understood every script", not faults, "; ".join(faults) or "yes")
