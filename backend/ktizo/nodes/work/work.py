"""One work under way: its steps, its durable notes, and the nodes it is about.

A work is a coroutine that is begun again from its first line after every restart. So each step
looks before it acts, and what must not be done twice is noted, durably, before it is done.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from ktizo.clusters.reading import store as clusters
from ktizo.clusters.reading.store import Membership
from ktizo.core.clock import utc_now
from ktizo.core.db import AsyncSession, Database
from ktizo.core.writer import Writer
from ktizo.devices import store as devices
from ktizo.devices.facts import DeviceFacts
from ktizo.events.kinds import EventKind
from ktizo.events.record import record
from ktizo.nodes import store
from ktizo.nodes.client import NodeClient
from ktizo.nodes.errors import NodeError, Unreachable
from ktizo.nodes.reach import Reach, insist
from ktizo.nodes.watch.keep import seen_of
from ktizo.nodes.watch.news import News
from ktizo.nodes.watch.state import Seen
from ktizo.nodes.work.progress import Step, Steps

CONTROL_PLANE = "controlplane"
POLL_S = 2.0
Found = TypeVar("Found")
Check = Callable[[], Awaitable[tuple[Found | None, str]]]


class Stopped(Exception):
    """The work cannot go on by itself: the text says why, and what a person can do."""


@dataclass(frozen=True, slots=True)
class Site:
    """What works need of the house."""

    database: Database
    writer: Writer
    reach: Reach
    news: News


@dataclass(frozen=True, slots=True)
class Node:
    """A member of the cluster as it is now."""

    member: Membership
    device: DeviceFacts
    seen: Seen | None

    @property
    def id(self) -> int:
        """The machine's number."""
        return self.device.id

    @property
    def name(self) -> str:
        """What people call it."""
        return self.device.hostname or f"machine {self.device.id}"

    @property
    def is_control_plane(self) -> bool:
        """Whether it is one."""
        return self.member.role == CONTROL_PLANE

    @property
    def answers(self) -> bool:
        """Whether its API was reached and nothing is wrong with it."""
        seen = self.seen
        return seen is not None and seen.answered_at is not None and seen.trouble is None


class Work:
    """A work on one cluster."""

    def __init__(self, site: Site, row: Any, cluster: str) -> None:
        self.site = site
        self.id: int = row.id
        self.cluster_id: int = row.cluster_id
        self.cluster = cluster
        self.kind: str = row.kind
        self.params: dict[str, Any] = dict(row.params)
        self.notes: dict[str, Any] = dict(row.notes)
        self.asked_by: str = row.asked_by
        self.steps = Steps(row.steps)
        self._clients: dict[int, NodeClient] = {}
        self._said: dict[str, str] = {}  # by step: its last word, which stays when it is done

    # The cluster -----------------------------------------------------------------------------

    async def nodes(self, *, control_planes: bool = False) -> list[Node]:
        """Return the cluster's machines as they are decided and seen now, by number."""
        async with self.site.database.read() as session:
            members = await clusters.members(session, cluster_id=self.cluster_id)
            ids = [one.device_id for one in members]
            facts = await devices.facts_of(session, ids)
            seen = await known(session, self.site.news, ids)
        return [
            Node(one, facts[one.device_id], seen.get(one.device_id))
            for one in members
            if one.device_id in facts and (one.role == CONTROL_PLANE or not control_planes)
        ]

    async def node(self, device_id: int) -> Node:
        """Return one of the cluster's machines; raises Stopped when it is none any more."""
        for one in await self.nodes():
            if one.id == device_id:
                return one
        raise Stopped(f"machine {device_id} does not belong to {self.cluster} any more")

    async def client(self, node: Node) -> NodeClient:
        """Return a client that has made sure it talks to this very machine; raises NodeError."""
        kept = self._clients.get(node.id)
        if node.seen is None or node.seen.address is None:
            raise Unreachable(f"{node.name} was never reached")
        if kept is None or kept.address.host != node.seen.address:
            await self._drop(node.id)
            access = await self.site.reach.access(self.cluster_id)
            kept = self.site.reach.client(node.seen.address, access)
            self._clients[node.id] = kept
        await insist(kept, node.device.uuid)
        return kept

    async def clients(self, nodes: Sequence[Node]) -> dict[int, NodeClient]:
        """Return clients of those that can be reached now, by machine."""
        found = {}
        for one in nodes:
            with contextlib.suppress(NodeError):  # its state says so already, to the same people
                found[one.id] = await self.client(one)
        return found

    async def _drop(self, device_id: int) -> None:
        client = self._clients.pop(device_id, None)
        if client is not None:
            await client.hang_up()

    async def close(self) -> None:
        """Hang up everywhere."""
        for device_id in list(self._clients):
            await self._drop(device_id)

    # Progress --------------------------------------------------------------------------------

    async def plan(self, *steps: Step) -> None:
        """Show the steps to come."""
        self.steps.plan(steps)
        await self._save()

    @contextlib.asynccontextmanager
    async def step(
        self, name: str, title: str, device_id: int | None = None
    ) -> AsyncIterator[None]:
        """Do a step; it is done when the block ends, and failed when that raises Stopped."""
        self.steps.put(name, title, device_id)
        again = self.steps.state(name) == "done"  # after a restart: it only looks once more
        if not again:
            await self._mark(name, "doing", "")
        try:
            yield
        except Stopped as error:
            await self._mark(name, "failed", str(error))
            raise
        if self.steps.state(name) not in {"done", "skipped"}:
            await self._mark(name, "done", self._said.pop(name, ""))

    async def say(self, name: str, said: str) -> None:
        """Show what a step is at."""
        self._said[name] = said
        state = self.steps.state(name)
        await self._mark(name, state if state in {"done", "skipped"} else "doing", said)

    async def skip(self, name: str, said: str) -> None:
        """Show that a step is not needed."""
        await self._mark(name, "skipped", said)

    async def _mark(self, name: str, state: str, said: str) -> None:
        if not self.steps.mark(name, state, said, utc_now()):
            return
        await self._save()
        data = {"work": self.id, "kind": self.kind, "cluster": self.cluster, "step": name}
        record(
            self.site.writer, EventKind.WORK_STEP, data=data | {"state": state, "said": said[:500]}
        )

    async def remember(self, **notes: Any) -> None:
        """Write down, before an act, that it is about to be done; it is safe on disk then."""
        self.notes |= notes
        await self._save()

    async def _save(self) -> None:
        async with self.site.database.write() as session:
            row = await store.work(session, self.id)
            row.steps, row.notes = self.steps.stored(), dict(self.notes)
            row.updated_at = utc_now()

    # Waiting ---------------------------------------------------------------------------------

    @staticmethod
    def clock() -> float:
        """Return seconds that only go forward, within this process."""
        return asyncio.get_running_loop().time()

    async def until(self, name: str, check: Check[Found], *, timeout_s: float) -> Found:
        """Ask `check` until it has found something; shows what it says meanwhile.

        Raises Stopped with its last word when `timeout_s` are over.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout_s
        while True:
            found, said = await check()
            if said:
                await self.say(name, said)
            if found is not None:
                return found
            if loop.time() >= end:
                raise Stopped(f"nothing moved for {timeout_s / 60:.0f} minutes: {said}")
            await self.site.news.changed(min(POLL_S, max(end - loop.time(), 0.05)))


async def known(session: AsyncSession, news: News, ids: Sequence[int]) -> dict[int, Seen]:
    """Return what is known of nodes; after a restart where each was, though none answers yet."""
    stored = await store.nodes(session, [one for one in ids if news.of(one) is None])
    before = {one: replace(seen_of(row), answered_at=None) for one, row in stored.items()}
    return before | {one: seen for one in ids if (seen := news.of(one)) is not None}


def names(nodes: Sequence[Node]) -> str:
    """Return what people call some nodes, the first five of them."""
    first = ", ".join(one.name for one in nodes[:5])
    return first + (f" and {len(nodes) - 5} more" if len(nodes) > 5 else "")
