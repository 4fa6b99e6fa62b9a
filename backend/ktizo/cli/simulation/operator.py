"""What a person does, step by step, seeing only what the API shows.

Every step looks first and acts only where something is still to be done, so an answer that was
lost, or a Ktizo that was killed in between, does no harm: the next look says what became of it.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ktizo.cli.simulation.facts import LOOKED_AT, Facts, Row
from ktizo.cli.simulation.office import Office, Refused
from ktizo.cli.simulation.plan import Place

CONFLICT = 409
PATIENCE = 50  # refusals of one and the same thing
RETRIES = 5  # of a work that stopped
UP = ("booting", "running")

Say = Callable[[str], None]


class GaveUp(Exception):
    """The operator does not know how to go on; the message says why."""


@dataclass
class Operator:
    """One person with one cluster in mind."""

    office: Office
    say: Say
    cluster: str
    version: str
    schematic: str
    places: Sequence[Place]
    inspect: bool
    work_id: int | None = None
    _retries: int = 0
    _refused: Counter[str] = field(default_factory=Counter)

    async def make_cluster(self) -> None:
        """Make the cluster; its first control plane answers for all."""
        body = {
            "name": self.cluster,
            "endpoint": f"https://{self.places[0].machine.host}:6443",
            "talos_version": self.version,
            "schematic": self.schematic,
        }
        await self.office.post("clusters", body)

    async def act(self, facts: Facts) -> None:
        """Do everything that can be done as things stand; raises Away and GaveUp."""
        for place in self.places:
            device = next((d for d in facts.devices.values() if place.mac in d["macs"]), None)
            if device is not None and device["state"] == "pending":
                await self._decide(place, device, facts.inspections.get(device["id"]))
        await self._bring_up(facts)

    # Each machine -------------------------------------------------------------------------------

    async def _decide(self, place: Place, device: Row, inspection: Row | None) -> None:
        if not self.inspect:
            await self._approve(place, device, place.disk.path)
        elif inspection is not None and inspection["state"] == "none":
            body = {"schematic": self.schematic, "version": self.version}
            await self._try(f"devices/{device['id']}/inspect", body)
        elif inspection is not None and inspection["state"] == LOOKED_AT:
            await self._approve(place, device, self._pin(place, inspection["findings"]))

    def _pin(self, place: Place, findings: Row) -> str:
        """Choose the disk a careful person would: no hard disk, nothing on it, the smallest."""
        free = [
            one
            for one in findings["disks"]
            if not one["holds"] and not one["rotational"] and one["install_disk"]
        ]
        if not free:
            raise GaveUp(f"{place.hostname}: every disk holds something; see its inspection")
        chosen = min(free, key=lambda one: (one["size_bytes"], one["name"]))
        if chosen["name"] != place.disk.path:
            raise GaveUp(f"{place.hostname}: {chosen['name']} looks free and is not the one meant")
        return str(chosen["install_disk"])

    async def _approve(self, place: Place, device: Row, install_disk: str) -> None:
        body = {
            "role": place.role,
            "hostname": place.hostname,
            "cluster": self.cluster,
            "install_disk": install_disk,
        }
        await self._try(f"devices/{device['id']}/approve", body)

    async def _try(self, path: str, body: Any) -> Any:
        """Ask for something that may be refused because it was done meanwhile: told, not raised."""
        try:
            found = await self.office.post(path, body)
        except Refused as error:
            if error.status != CONFLICT:
                raise
            self._refused[str(error)] += 1
            if self._refused[str(error)] == 1:
                self.say(f"refused: {error}")
            if self._refused[str(error)] == PATIENCE:
                raise GaveUp(str(error)) from error
            return None
        return found

    # The cluster --------------------------------------------------------------------------------

    async def _bring_up(self, facts: Facts) -> None:
        if self.work_id is None:
            self.work_id = await self._open_work()
        if self.work_id is None and self._planes_up(facts):
            made = await self._try(f"clusters/{self.cluster}/bring-up", {})
            self.work_id = made["id"] if made else None
        if facts.work is not None and facts.work["state"] == "stopped":
            await self._go_on(facts.work)

    async def _open_work(self) -> int | None:
        """Return the work on the cluster: an answer that got lost may have begun it."""
        works = await self.office.get(f"clusters/{self.cluster}/works", limit=1)
        return int(works[0]["id"]) if works else None

    def _planes_up(self, facts: Facts) -> bool:
        """Say whether every control plane answers with its config."""
        planes = [one for one in self.places if one.role == "controlplane"]
        up = [
            row
            for row in facts.nodes.values()
            if row["role"] == "controlplane" and row["state"] in UP
        ]
        return len(up) >= len(planes)

    async def _go_on(self, work: Row) -> None:
        self._retries += 1
        if self._retries > RETRIES:
            raise GaveUp(f"the work stopped {RETRIES} times: {work['said']}")
        self.say(f"the work stopped: {work['said']}; going on")
        await self._try(f"works/{work['id']}/retry", None)
