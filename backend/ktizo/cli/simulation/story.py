"""A fleet from power-on to Ready, told line by line."""

import asyncio
import contextlib
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ktizo.cli.simulation import build, plan, promises
from ktizo.cli.simulation.appliance import Appliance
from ktizo.cli.simulation.facts import Facts, Row, Watch
from ktizo.cli.simulation.killing import Kills
from ktizo.cli.simulation.office import Away, Office
from ktizo.cli.simulation.operator import GaveUp, Operator
from ktizo.cli.simulation.plan import Place
from ktizo.cli.simulation.promises import Promise
from ktizo.cli.simulation.stranger import Stranger
from ktizo.cli.simulation.wish import Wish
from ktizo.nodes.simulated import Fleet, Pace, SimulatedMachine

Say = Callable[[str], None]

TICK_S = 0.25
STALLED_S = 300.0  # nothing that can be seen has changed for so long
BYSTANDERS = 1  # machines that are on the network too, and that nobody approves
NAME = "demo"
_STRANGER = 9  # the last byte of his address; `250` up are nobody's in a fleet


@dataclass
class Story:
    """One run. `run` returns the promises; all kept is what success means."""

    wish: Wish
    say: Say
    began: float = field(default_factory=time.monotonic)
    last: Facts = field(default_factory=Facts)
    fleet: Fleet | None = None
    _shown: str = ""

    async def run(self, office: Office, url: str, appliance: Appliance | None) -> list[Promise]:
        """Play it against the Ktizo at `url`; `appliance` is ours to kill, if it is.

        Raises GaveUp, ApplianceFailed and Refused. The machines stay on; `close` ends them.
        """
        wish = self.wish
        kills = Kills(wish.kill, inspect=wish.inspect)
        if appliance is not None:
            build.write(appliance.data, wish.version)
            schematic = await build.take_in(office, wish.version)
        else:
            schematic = await build.find(office, wish.version)
        size = wish.control_planes + wish.workers + BYSTANDERS
        self.fleet = fleet = Fleet(url, size, Pace(speed=wish.speed), first=wish.first)
        members, bystanders = fleet.machines[:-BYSTANDERS], fleet.machines[-BYSTANDERS:]
        places = plan.places(members, wish.control_planes, wish.prefix)
        operator = Operator(
            office, self.say, wish.cluster, wish.version, schematic, places, wish.inspect
        )
        await operator.make_cluster()
        self.say(f"{size} machines on {fleet.network}.0.0/16 are switched on, one after the other")
        stranger = Stranger(f"{fleet.network}.255.{_STRANGER}")
        fleet.power_on()
        await self._until_done(operator, kills, appliance, members, stranger)
        return promises.check(fleet, places, bystanders, stranger, self.last)

    async def _until_done(
        self,
        operator: Operator,
        kills: Kills,
        appliance: Appliance | None,
        members: Sequence[SimulatedMachine],
        stranger: Stranger,
    ) -> None:
        macs = [one.hardware.macs[0] for one in members]
        watch = Watch(operator.office, operator.cluster, macs)
        changed = time.monotonic()
        while not (self._done(operator.places) and not kills.left):
            if appliance is not None:
                appliance.look_alive()
            with contextlib.suppress(Away):  # the next look says what became of what was asked
                facts = await watch.look(operator.work_id, inspections=self.wish.inspect)
                changed = time.monotonic() if facts != self.last else changed
                self.last = facts
                self._tell()
                phase = kills.due(facts)
                if phase is not None and appliance is not None:
                    await self._kill(appliance, phase)
                    continue
                await operator.act(facts)
            await stranger.try_all(members)
            if time.monotonic() - changed > STALLED_S:
                missing = "\n".join(self._missing(operator.places))
                raise GaveUp(f"nothing has changed for {STALLED_S:.0f} s:\n{missing}")
            await asyncio.sleep(TICK_S / max(1.0, self.wish.speed))

    def _done(self, places: Sequence[Place]) -> bool:
        facts = self.last
        over = facts.work is not None and facts.work["state"] == "done"
        running = len(facts.in_state("running"))
        return over and len(facts.ready) == running == len(places)

    async def _kill(self, appliance: Appliance, phase: str) -> None:
        began = time.monotonic()
        await appliance.kill()
        await appliance.start()
        self.say(f"killed with -9 at `{phase}`, back after {time.monotonic() - began:.1f} s")

    async def close(self) -> None:
        """Switch everything off."""
        if self.fleet is not None:
            await self.fleet.close()

    # What is printed ----------------------------------------------------------------------------

    def _tell(self) -> None:
        line = self._summary()
        if line != self._shown:
            self._shown = line
            self.say(f"{time.monotonic() - self.began:7.1f} s  {line}")

    def _missing(self, places: Sequence[Place]) -> Iterator[str]:
        """Say of every machine that is not ready where it stands, for Ktizo and in truth."""
        for place in places:
            row = next((d for d in self.last.devices.values() if place.mac in d["macs"]), None)
            node = self.last.nodes.get(row["id"]) if row else None
            if row is None or node is None or not node["ready"]:
                ktizo = f"{row['state'] if row else 'not seen'}, {_of(node)}"
                machine = place.machine
                truth = f"{machine.where}, {machine.node.stage}"
                yield f"{place.hostname} ({machine.host}): {ktizo}; in truth {truth}"

    def _summary(self) -> str:
        facts, size = self.last, self.wish.control_planes + self.wish.workers
        counts = [("seen", len(facts.devices))]
        if self.wish.inspect:
            counts.append(("looked at", len(facts.inspected("done"))))
        counts += [
            ("approved", len(facts.in_state("approved"))),
            ("installing", len(facts.in_state("installing"))),
            ("installed", len(facts.in_state("installed"))),
            ("running", len(facts.in_state("running"))),
        ]
        shown = "  ".join(f"{name} {number:>2}" for name, number in counts)
        return f"{shown}  ready {len(facts.ready):>2}/{size}  {facts.doing}".rstrip()


def _of(node: Row | None) -> str:
    if node is None:
        return "no node"
    trouble = f": {node['trouble']['message']}" if node["trouble"] else ""
    return f"node {node['state']}{trouble}"


@contextlib.asynccontextmanager
async def own_ktizo(folder: Path, port: int = 0) -> AsyncIterator[tuple[Appliance, Office]]:
    """Give a Ktizo of our own in `folder`, and an administrator's connection to it."""
    appliance = Appliance(folder, port)
    try:
        await appliance.start()
        async with Office(appliance.url, appliance.token) as office:
            yield appliance, office
    finally:
        await appliance.close()


async def sign_in(office: Office) -> tuple[str, str]:
    """Make a person who can sign in with a browser; return name and password."""
    made = await office.post("setup-link", {})
    password = secrets.token_urlsafe(12)
    token = made["url"].partition("#token=")[2]
    await office.post("setup", {"token": token, "name": NAME, "password": password})
    return NAME, password
