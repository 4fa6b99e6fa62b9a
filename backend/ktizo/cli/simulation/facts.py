"""What an operator can see of the fleet at a moment, read through the API and nothing else."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from ktizo.cli.simulation.office import Office

Row = Mapping[str, Any]
LOOKED_AT = "done"
PAGE = 1000


@dataclass(frozen=True, slots=True)
class Facts:
    """Machines by number, their inspections and nodes, and the work on the cluster."""

    devices: Mapping[int, Row] = field(default_factory=dict)
    inspections: Mapping[int, Row] = field(default_factory=dict)
    nodes: Mapping[int, Row] = field(default_factory=dict)
    work: Row | None = None

    def in_state(self, *states: str) -> list[int]:
        """Return the machines in one of these states."""
        return [key for key, row in self.devices.items() if row["state"] in states]

    def inspected(self, *states: str) -> list[int]:
        """Return the machines whose inspection is in one of these states."""
        return [key for key, row in self.inspections.items() if row["state"] in states]

    @property
    def ready(self) -> list[int]:
        """Machines that are ready nodes."""
        return [key for key, row in self.nodes.items() if row["ready"] and not row["trouble"]]

    def step(self, name: str) -> str:
        """Return where a step of the work stands; `todo` also when there is none."""
        steps = self.work["steps"] if self.work else []
        return next((one["state"] for one in steps if one["name"] == name), "todo")

    @property
    def doing(self) -> str:
        """What the work does at the moment, in its own words."""
        if self.work is None:
            return ""
        said = [one["title"] for one in self.work["steps"] if one["state"] == "doing"]
        return said[0] if said else str(self.work["state"])


class Watch:
    """Reads facts again and again, and asks for no more than can have changed."""

    def __init__(self, office: Office, cluster: str, macs: Collection[str]) -> None:
        """`macs`: the machines looked at; others on the same Ktizo are left alone."""
        self._office = office
        self._cluster = cluster
        self._macs = set(macs)
        self._looked_at: dict[int, Row] = {}

    async def look(self, work_id: int | None, *, inspections: bool) -> Facts:
        """Return what is so now; raises Away."""
        page = await self._office.get("devices", limit=PAGE, sort="id")
        devices = {row["id"]: row for row in page["items"] if self._macs & set(row["macs"])}
        nodes = await self._office.get("nodes", cluster=self._cluster)
        work = await self._office.get(f"works/{work_id}") if work_id is not None else None
        seen = await self._inspections(devices) if inspections else {}
        return Facts(devices, seen, {row["device_id"]: row for row in nodes}, work)

    async def _inspections(self, devices: Mapping[int, Row]) -> dict[int, Row]:
        for key, row in devices.items():
            known = self._looked_at.get(key)
            if (known is None or known["state"] != LOOKED_AT) and row["state"] == "pending":
                self._looked_at[key] = await self._office.get(f"devices/{key}/inspection")
        return dict(self._looked_at)
