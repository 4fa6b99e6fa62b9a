"""etcd's arithmetic: what may be taken away without losing the cluster. Pure.

Of n members more than half, n // 2 + 1, must be up for etcd to take a write
(https://etcd.io/docs/v3.5/faq/, read 2026-11-21).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ktizo.core.errors import Conflict


class QuorumLost(Conflict):
    """etcd would have too few members left."""


@dataclass(frozen=True, slots=True)
class Voter:
    """A voting member of etcd; learners have no vote and are left out."""

    name: str
    up: bool


def needed(members: int) -> int:
    """Return how many of so many members must be up."""
    return members // 2 + 1


def insist_restart(voters: Sequence[Voter], name: str) -> None:
    """Raise QuorumLost when `name` cannot be away for a while."""
    _insist(voters, name, len(voters), f"while {name} is away")


def insist_removal(voters: Sequence[Voter], name: str) -> None:
    """Raise QuorumLost when `name` cannot be taken out for good."""
    if len(voters) == 1:
        raise QuorumLost(f"{name} is the only member of etcd: without it the cluster is gone")
    _insist(voters, name, len(voters) - 1, f"without {name}")
    # It has to be voted out first, by those who are there before.
    up = sum(one.up for one in voters)
    if up < needed(len(voters)):
        raise QuorumLost(_sum(len(voters), up, "now, and removing a member is a vote"))


def _insist(voters: Sequence[Voter], name: str, members: int, when: str) -> None:
    if name not in {one.name for one in voters}:
        return
    up = sum(one.up for one in voters if one.name != name)
    if up < needed(members):
        down = ", ".join(one.name for one in voters if not one.up and one.name != name)
        why = f"; bring {down} up first" if down else ""
        raise QuorumLost(_sum(members, up, when) + why)


def _sum(members: int, up: int, when: str) -> str:
    return f"etcd of {members} members needs {needed(members)} up and would have {up} {when}"
