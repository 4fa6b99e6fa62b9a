"""One visit to one machine: who answers there, what it shows, and what follows from that."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Protocol

from ktizo.core.bootdb import BootReader
from ktizo.core.clock import utc_now
from ktizo.core.seal import Sealer
from ktizo.devices.lifecycle import MAY_INSTALL, State
from ktizo.nodes.client import Configured, Maintenance, NodeClient
from ktizo.nodes.errors import NodeError, Unreachable
from ktizo.nodes.handover import Handed, Outcome
from ktizo.nodes.reach import Reach, insist
from ktizo.nodes.watch import look
from ktizo.nodes.watch.drift import Drift, drift
from ktizo.nodes.watch.inspecting import Inspecting
from ktizo.nodes.watch.intent import intended
from ktizo.nodes.watch.news import News
from ktizo.nodes.watch.prove import Proofs
from ktizo.nodes.watch.state import NodeState, Status, status_of
from ktizo.nodes.watch.target import Target
from ktizo.nodes.watch.upcoming import Upcoming

DIALS = 32  # at a time; a thousand nodes that come up together are taken in turn
PING_S = 30.0  # a line that says nothing is tried as often
STAY_S = 1800.0  # then everything is looked at anew
IN_MEMORY_S = 15.0  # between two looks at a machine that waits for its config
NOW_S = 0.5
SOON_S = 3.0

Current = Callable[[], Target | None]


class HandsOver(Protocol):
    """Gives a machine that waits in memory its config, when it may have it."""

    async def run(self, device_id: int, client: NodeClient) -> Handed:
        """See nodes/handover.py."""


@dataclass(frozen=True, slots=True)
class Rooms:
    """What a visit needs of the house."""

    reader: BootReader
    sealer: Sealer
    reach: Reach
    news: News
    proofs: Proofs
    inspecting: Inspecting
    handover: HandsOver


class Visitor:
    """Visits machines; many at a time, few of them dialling."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self._dials = asyncio.Semaphore(DIALS)

    async def visit(self, target: Target, current: Current, woken: asyncio.Event) -> float:
        """Visit a machine; returns after how many seconds to come again.

        Stays with a configured node until its line breaks or `woken` is set; `current` gives the
        target as it is by then. Raises NodeError, the most telling one when several addresses were
        tried.
        """
        told: NodeError | None = None
        for address in target.maintenance_at:
            try:
                return await self._in_memory(target, address)
            except NodeError as error:
                told = _more_telling(told, error)
        for address in target.configured_at:
            try:
                return await self._configured(target, address, current, woken)
            except NodeError as error:
                told = _more_telling(told, error)
        raise told or Unreachable("no address of this machine is known")

    # Maintenance mode ------------------------------------------------------------------------

    async def _in_memory(self, target: Target, address: str) -> float:
        rooms, device_id = self._rooms, target.device_id
        async with self._open(address, Maintenance(target.pin)) as client:
            await insist(client, target.uuid)
            version = await client.talos_version()
            rooms.news.tell(
                device_id,
                NodeState.MAINTENANCE,
                address=address,
                pin=client.pin,
                ready=False,
                unmet=(),
                talos_version=version or None,
                drift=(),
                answered_at=utc_now(),
            )
            trouble, pause = None, IN_MEMORY_S
            if target.inspecting:
                await rooms.inspecting.look(device_id, client)
                pause = NOW_S
            elif target.state in MAY_INSTALL and target.is_member:
                done = await rooms.handover.run(device_id, client)
                if done.outcome is Outcome.GIVEN:
                    rooms.news.tell(device_id, NodeState.INSTALLING)
                    pause = SOON_S
                elif done.outcome is Outcome.REFUSED:
                    trouble = ("not_handed_over", done.reason)
            rooms.news.tell(device_id, trouble=trouble)
            return pause

    # Configured ------------------------------------------------------------------------------

    async def _configured(
        self, target: Target, address: str, current: Current, woken: asyncio.Event
    ) -> float:
        if target.cluster_id is None:
            raise Unreachable("the machine belongs to no cluster")
        access = await self._rooms.reach.access(target.cluster_id)
        async with self._open(address, access) as client:
            await insist(client, target.uuid)
            shown = await look.look(client)
            await self._note(target, address, shown)
            await self._stay(client, shown, current, woken)
        return NOW_S

    async def _note(self, target: Target, address: str, shown: look.Shown) -> None:
        status = shown.status
        self._rooms.news.tell(
            target.device_id,
            status.state,
            address=address,
            pin=None,
            ready=status.ready,
            unmet=status.unmet,
            talos_version=shown.talos_version or None,
            schematic=shown.schematic or None,
            config_sha256=shown.config_sha256,
            drift=await self._drift(target, shown),
            trouble=None,
            answered_at=utc_now(),
        )
        await self._prove(target, shown.system_disk, status)

    async def _prove(self, target: Target, system_disk: str, status: Status) -> None:
        """Spend the lease once the node has shown that it is installed, or runs."""
        if system_disk and target.state is not State.RUNNING:
            await self._rooms.proofs.prove(target.device_id, status.state)

    async def _stay(
        self, client: NodeClient, shown: look.Shown, current: Current, woken: asyncio.Event
    ) -> None:
        """Listen to a node's status until something else changes, or its line breaks."""
        loop = asyncio.get_running_loop()
        end = loop.time() + STAY_S
        statuses = client.resources.watch(*look.STATUS, timeout_s=STAY_S + PING_S)
        async with Upcoming(statuses) as upcoming:
            while not woken.is_set() and loop.time() < end:
                event = await upcoming.within(PING_S, woken)
                target = current()
                if target is None or woken.is_set():
                    return
                if event is None:  # silent for long: is the line still there?
                    await client.resources.get(*look.STATUS)
                    self._rooms.news.tell(target.device_id, answered_at=utc_now())
                elif event.resource is not None:
                    status = status_of(event.resource.spec)
                    self._tell(target.device_id, status)
                    disk = shown.system_disk or await look.system_disk(client)
                    await self._prove(target, disk, status)

    def _tell(self, device_id: int, status: Status) -> None:
        self._rooms.news.tell(
            device_id,
            status.state,
            ready=status.ready,
            unmet=status.unmet,
            answered_at=utc_now(),
        )

    async def _drift(self, target: Target, shown: look.Shown) -> tuple[Drift, ...]:
        rooms = self._rooms
        wanted = await intended(rooms.reader, rooms.sealer, target.device_id)
        return () if wanted is None else drift(wanted, shown)

    @contextlib.asynccontextmanager
    async def _open(
        self, address: str, access: Configured | Maintenance
    ) -> AsyncIterator[NodeClient]:
        """Give a client with an open line; only so many dial at a time."""
        client = self._rooms.reach.client(address, access)
        try:
            async with self._dials:
                await client.connect()
            yield client
        finally:
            await client.hang_up()


def _more_telling(before: NodeError | None, error: NodeError) -> NodeError:
    """Return which of two errors says more: that nobody answers says least."""
    return error if before is None or isinstance(before, Unreachable) else before
