"""Keeps works going: from their beginning, after a restart, and again when a person says so."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from ktizo.clusters import store as clusters
from ktizo.core.clock import utc_now
from ktizo.core.errors import KtizoError, NotFound, Unavailable
from ktizo.events.kinds import EventKind
from ktizo.events.record import record
from ktizo.nodes import store
from ktizo.nodes.errors import NodeError
from ktizo.nodes.work.work import Site, Stopped, Work

log = logging.getLogger(__name__)

RETRY_S = 5.0
Doing = Callable[[Work], Awaitable[None]]


class Engine:
    """Runs every open work, each in a task of its own."""

    def __init__(self, site: Site, kinds: Mapping[str, Doing]) -> None:
        self._site = site
        self._kinds = kinds
        self._tasks: dict[int, asyncio.Task[None]] = {}

    async def start(self) -> None:
        """Go on with what was under way; raises Unavailable when the database is away."""
        async with self._site.database.read() as session:
            found = await store.running_works(session)
        for work_id in found:
            self.go_on(work_id)

    async def stop(self) -> None:
        """Let go of every work; they go on at the next start."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._tasks.clear()

    def go_on(self, work_id: int) -> None:
        """Begin, or go on with, a work whose row is committed. Twice is the same as once."""
        if work_id not in self._tasks:
            task = asyncio.create_task(self._run(work_id), name=f"work {work_id}")
            self._tasks[work_id] = task
            task.add_done_callback(lambda _: self._tasks.pop(work_id, None))

    async def let_go(self, work_id: int) -> None:
        """Stop doing a work; its row is somebody else's affair."""
        task = self._tasks.pop(work_id, None)
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _run(self, work_id: int) -> None:
        while True:
            try:
                await self._once(work_id)
                return
            except Unavailable as error:  # the database; NodeError is caught below
                log.warning("work %d waits: %s", work_id, error.message)
                await asyncio.sleep(RETRY_S)

    async def _load(self, work_id: int) -> Work | None:
        async with self._site.database.read() as session:
            try:
                row = await store.work(session, work_id)
                cluster = (await clusters.cluster(session, row.cluster_id)).name
            except NotFound:
                return None
            return Work(self._site, row, cluster) if row.state == "running" else None

    async def _once(self, work_id: int) -> None:
        work = await self._load(work_id)
        if work is None:
            return
        try:
            await self._kinds[work.kind](work)
        except Stopped as error:
            await self._end(work, "stopped", str(error))
        except NodeError as error:
            await self._end(work, "stopped", f"{error.message}; look at the node, then retry")
        except Unavailable:
            raise
        except KtizoError as error:
            await self._end(work, "stopped", error.message)
        except Exception:
            log.exception("work %d met a fault of ours", work_id)
            await self._end(work, "stopped", "a fault of Ktizo itself; its log has the details")
        else:
            await self._end(work, "done", "")
        finally:
            await work.close()

    async def _end(self, work: Work, state: str, said: str) -> None:
        async with self._site.database.write() as session:
            row = await store.work(session, work.id)
            if row.state != "running":
                return  # abandoned meanwhile
            row.state, row.said, row.updated_at = state, said, utc_now()
            if state == "done":
                row.ended_at = row.updated_at
        kind = EventKind.WORK_STOPPED if state == "stopped" else EventKind.WORK_ENDED
        data = {"work": work.id, "kind": work.kind, "cluster": work.cluster, "state": state}
        record(self._site.writer, kind, data=data | {"said": said[:500]})
