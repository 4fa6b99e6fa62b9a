"""What needs a person now: machines, put in groups of the same need."""

from collections.abc import Mapping

from ktizo.clusters import store as clusters
from ktizo.core.db import AsyncSession
from ktizo.devices import naming
from ktizo.devices import store as devices
from ktizo.devices.lifecycle import PROVED, State
from ktizo.home.schemas import Group

SHOWN = 6  # machines of a group


async def in_state(session: AsyncSession, state: State) -> Group:
    """Return the machines in `state`, the first few by name."""
    machines, total = await naming.in_state(session, state, SHOWN)
    return Group(total=total, machines=machines)


async def drifted(session: AsyncSession, would_get: Mapping[int, str]) -> Group:
    """Return installed machines whose config is another by now; `would_get`: its SHA-256 today.

    Only machines that were given one of their cluster's configs; what they were given last counts.
    """
    given = await clusters.last_served(session)
    moved = {one for one, sha256 in given.items() if would_get.get(one, sha256) != sha256}
    if moved:  # after a change of a cluster: all of it at once
        moved &= await devices.ids_in(session, PROVED)
    shown = await naming.by_ids(session, sorted(moved)[:SHOWN])
    return Group(total=len(moved), machines=sorted(shown.values(), key=lambda one: one.id))
