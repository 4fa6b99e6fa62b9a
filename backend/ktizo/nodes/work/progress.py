"""A work's steps as people see them, and as they are stored."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Step:
    """One step: `state` is todo, doing, done, skipped or failed; `said` is its newest word."""

    name: str
    title: str
    state: str = "todo"
    said: str = ""
    device_id: int | None = None
    at: str | None = None  # ISO 8601: when it came into this state


class Steps:
    """The steps of a work, in order. What was there before a restart keeps its place."""

    def __init__(self, stored: Sequence[dict[str, Any]]) -> None:
        self._steps: dict[str, Step] = {one["name"]: Step(**one) for one in stored}

    def plan(self, steps: Sequence[Step]) -> None:
        """Show what is to come; what is known already stays as it is."""
        known = self._steps
        self._steps = {one.name: known.get(one.name, one) for one in steps}
        self._steps |= {name: one for name, one in known.items() if name not in self._steps}

    def put(self, name: str, title: str, device_id: int | None = None) -> None:
        """Add a step unless it is there."""
        self._steps.setdefault(name, Step(name, title, device_id=device_id))

    def mark(self, name: str, state: str, said: str, now: datetime) -> bool:
        """Move a step; says whether anything changed."""
        step = self._steps[name]
        moved = replace(step, state=state, said=said)
        if moved == step:
            return False
        if state != step.state:
            moved = replace(moved, at=now.isoformat())
        self._steps[name] = moved
        return True

    def state(self, name: str) -> str:
        """Return a step's state."""
        step = self._steps.get(name)
        return step.state if step is not None else "todo"

    def stored(self) -> list[dict[str, Any]]:
        """Return all of them as they are stored."""
        return [asdict(one) for one in self._steps.values()]
