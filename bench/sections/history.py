"""The batching writer: how many sightings and events it takes, and what each costs.

Runs in a process of its own (`python -m bench.sections.history FOLDER`), so that nothing else is
on the bill.
"""

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path

from bench import servers
from bench.fleet import APPROVED_OF_TEN, LOADED, PROFILE, Machine, seed
from bench.process import NotRunning
from bench.stats import Series
from bench.table import heading, rows
from ktizo.audit.record import AuditSink
from ktizo.boot.knock import Knock, KnockSink
from ktizo.core import urls
from ktizo.core.clock import utc_now
from ktizo.core.db import Database, bump_boot_version
from ktizo.core.settings import Settings
from ktizo.core.writer import Writer
from ktizo.devices.identity import Claim
from ktizo.devices.progress import Offer, OfferSink
from ktizo.devices.sighting import SightingSink
from ktizo.events.kinds import EventKind
from ktizo.events.record import EventSink, record

ITEMS = 1000
KINDS = {
    "event": "a timeline event alone",
    "known": "an answer to a known machine: sighting, event, audit line",
    "new": "the same for a machine never seen before",
    "offer": "the count of an installer handed out",
}


def run(folder: Path, rounds: int) -> None:
    """Print items per second and CPU per item."""
    heading(f"Writer: {ITEMS:,} items of each kind, in batches, {rounds} rounds")
    folder.mkdir()
    command = [sys.executable, "-m", __name__, str(folder / "data"), str(rounds)]
    ran = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        cwd=Path(__file__).parents[2],
        env={"PATH": servers.PATH},
    )
    if ran.returncode:
        raise NotRunning(f"the writer's process: {ran.stderr[-1000:]}")
    found = json.loads(ran.stdout.splitlines()[-1])
    body = [
        (label, Series.of(found[kind]["rate"]), Series.of(found[kind]["cpu_us"]))
        for kind, label in KINDS.items()
    ]
    rows(("items/s", "CPU, us per item"), body)


class Bench:
    """A writer with the sinks of app.py."""

    def __init__(self, database: Database) -> None:
        self.writer = Writer(database.write)
        self.events = EventSink()
        sightings = SightingSink(lambda *_: None, bump_boot_version, 1_000_000)
        self.knocks = KnockSink(sightings, self.events, AuditSink())
        self.offers = OfferSink(lambda *_: None, bump_boot_version, 100)

    def put(self, kind: str, machine: Machine, number: int) -> None:
        if kind == "event":
            record(self.writer, EventKind.KERNEL_SENT, mac=machine.mac, data={"n": number})
        elif kind == "offer":
            offer = Offer(machine.index + 1, self._lease(machine), number + 1, utc_now())
            self.writer.put(self.offers, machine.index, offer)
        else:
            self.writer.put(self.knocks, machine.mac, _knock(machine))

    def _lease(self, machine: Machine) -> int:
        """Return the number of the lease that fleet.seed gave it: approved machines, in order."""
        return machine.index // 10 * APPROVED_OF_TEN + machine.index % 10 + 1


def _knock(machine: Machine) -> Knock:
    return Knock(
        action="boot",
        kind=EventKind.DECIDED,
        path=urls.MENU,
        address=machine.address,
        outcome="boot: approved",
        at=utc_now(),
        mac=machine.mac,
        claim=Claim(machine.mac, (), machine.uuid, machine.serial, "Bench Inc.", "Rack Server 1"),
        data=(("action", "boot"), ("rule", "approved"), ("profile", PROFILE)),
    )


def _machines(kind: str, number: int) -> list[Machine]:
    if kind == "new":
        first = LOADED * (10 + number)
        return [Machine(index) for index in range(first, first + ITEMS)]
    wanted = (Machine(index) for index in range(LOADED))
    return [machine for machine in wanted if machine.approved][:ITEMS]


async def measure(data_dir: Path, rounds: int) -> dict[str, dict[str, list[float]]]:
    """Return rate and CPU of each kind, round by round."""
    await seed(data_dir)
    database = Database(Settings(data_dir=data_dir))
    bench = Bench(database)
    found: dict[str, dict[str, list[float]]] = {kind: {"rate": [], "cpu_us": []} for kind in KINDS}
    try:
        for number in range(rounds):
            for kind, numbers in found.items():
                for machine in _machines(kind, number):
                    bench.put(kind, machine, number)
                began, before = time.perf_counter(), time.process_time()
                if not await bench.writer.flush() or bench.writer.dropped:
                    raise NotRunning(f"the writer: {bench.writer.last_error or 'items dropped'}")
                numbers["rate"].append(ITEMS / (time.perf_counter() - began))
                numbers["cpu_us"].append((time.process_time() - before) * 1e6 / ITEMS)
    finally:
        await database.close()
    return found


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure(Path(sys.argv[1]), int(sys.argv[2])))))
