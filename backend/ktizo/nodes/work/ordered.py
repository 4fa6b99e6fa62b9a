"""What was ordered of which node: noted before it goes out, so that it goes out once.

A note says in which boot of the node, and under which "again" of a person, an order was given. A
restart of Ktizo finds it and only looks; when a person retries, the order may go out once more.
"""

from dataclasses import dataclass
from enum import StrEnum

from ktizo.nodes.work.begin import RETRIES
from ktizo.nodes.work.work import Work


class Phase(StrEnum):
    """How far a node is. `-ing`: an order went out, and what became of it only the node can say."""

    PULLED = "pulled"  # the image is there; nothing has changed yet
    INSTALLING = "installing"
    INSTALLED = "installed"  # beside what runs
    REBOOTING = "rebooting"
    UPGRADING = "upgrading"  # the classic way: installs and reboots on its own
    APPLYING = "applying"  # a config, with a reboot
    STAGED = "staged"  # a config, for the next reboot
    RESETTING = "resetting"
    RESET = "reset"  # the node said that it will


@dataclass(frozen=True, slots=True)
class Ordered:
    """An order to one node; `boot` is the one it was given in."""

    phase: Phase
    boot: str
    retries: int


def last(work: Work, step: str) -> Ordered | None:
    """Return the last order of a step; None when there was none."""
    found = work.notes.get(step)
    if not found:
        return None
    return Ordered(Phase(found["phase"]), found["boot"], found["retries"])


async def note(work: Work, step: str, phase: Phase, boot: str) -> None:
    """Write an order down, durably; give it only then."""
    await work.remember(**{step: {"phase": phase, "boot": boot, "retries": retries(work)}})


def retries(work: Work) -> int:
    """Return how often a person has said "again"."""
    return int(work.notes.get(RETRIES, 0))


def old(work: Work, found: Ordered) -> bool:
    """Say whether a person has said "again" since this order."""
    return found.retries < retries(work)
