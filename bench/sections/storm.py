"""500 machines boot all the way: script, kernel, initrd, config, and the word that it is done."""

import re
from collections.abc import Sequence

from bench.fleet import BOOTING, CROWD, INITRD_BYTES, KERNEL_BYTES, Appliance
from bench.pair import Pair
from bench.stats import number, percentile
from bench.table import heading, rows
from bench.wire import HOST, Crowd, Fetch, WrongAnswer, insist

STEPS = ("script", "kernel", "initrd", "config", "done")
_LINK = {
    "kernel": re.compile(rf"^kernel --name kernel http://{HOST}(\S+) ", re.MULTILINE),
    "initrd": re.compile(rf"^initrd --name initrd0 http://{HOST}(\S+) ", re.MULTILINE),
    "config": re.compile(rf" bench\.config=http://{HOST}(\S+) "),
    "done": re.compile(rf"^done: http://{HOST}(\S+)$", re.MULTILINE),
}


def links(text: str, names: Sequence[str]) -> dict[str, str]:
    """Return the paths a machine reads from a script or a config; raises WrongAnswer."""
    found = {}
    for name in names:
        link = _LINK[name].search(text)
        if link is None:
            raise WrongAnswer(f"no {name} in {text[:600]!r}")
        found[name] = link[1]
    return found


class Storm:
    """Every machine's way, one step after the other; all machines at once."""

    def __init__(self, pair: Pair) -> None:
        self._pair = pair
        self._links: dict[int, dict[str, str]] = {}
        self.fetches: list[Fetch] = []

    def begin(self) -> list[Fetch]:
        return [self._fetch(index, "script") for index in BOOTING]

    def _fetch(self, index: int, step: str) -> Fetch:
        machine = self._pair.machines[index]
        path = machine.question if step == "script" else self._links[index][step]
        keep = step not in {"kernel", "initrd"}
        fetch = Fetch(path, self._pair.ktizo.port, machine.address, keep, step, index)
        self.fetches.append(fetch)
        return fetch

    def after(self, fetch: Fetch) -> Fetch | None:
        """Return the machine's next step; None when it is through, or stuck."""
        if fetch.failed or fetch.label == STEPS[-1]:
            return None
        if fetch.label == "script":
            self._links[fetch.owner] = links(fetch.body.decode(), ("kernel", "initrd", "config"))
        if fetch.label == "config":
            self._links[fetch.owner] |= links(fetch.body.decode(), ("done",))
        return self._fetch(fetch.owner, STEPS[STEPS.index(fetch.label) + 1])


def run(pair: Pair, appliance: Appliance) -> None:
    """Let them boot; then the database must say that all of them are installed."""
    size = (KERNEL_BYTES + INITRD_BYTES) / 1024**2
    heading(f"Boot storm: {CROWD} machines at once, each {size:.0f} MiB, on {CROWD} addresses")
    pair.ktizo.wait_quiet()
    storm = Storm(pair)
    before_s = pair.ktizo.cpu_s()
    took_s = Crowd(storm.after).run(storm.begin(), timeout_s=240)
    insist(storm.fetches)
    body = []
    for step in STEPS:
        times = [fetch.took_s * 1000 for fetch in storm.fetches if fetch.label == step]
        shown = [number(percentile(times, share)) for share in (0.5, 0.99, 1.0)]
        body.append((step, len(times), *shown))
    rows(("answers", "p50, ms", "p99, ms", "last, ms"), body)
    pair.ktizo.wait_quiet()
    cpu_s = pair.ktizo.cpu_s() - before_s
    sent = sum(fetch.received for fetch in storm.fetches) / 1e9
    print(f"  {took_s:.1f} s for all, {sent:.1f} GB ({sent / took_s:.2f} GB/s), CPU {cpu_s:.1f} s")
    _check(storm, appliance)


def _check(storm: Storm, appliance: Appliance) -> None:
    sizes = {"kernel": KERNEL_BYTES, "initrd": INITRD_BYTES}
    for fetch in storm.fetches:
        if fetch.length != sizes.get(fetch.label, fetch.length):
            raise WrongAnswer(f"{fetch.path} has {fetch.length} bytes")
    installed = appliance.installed(BOOTING)
    print(f"  failures: 0; the database says installed: {installed} of {CROWD}")
    if installed != CROWD:
        raise WrongAnswer(f"{installed} of {CROWD} machines are recorded as installed")
