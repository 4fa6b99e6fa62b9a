"""Watching every node: one visitor each, woken when something about its machine changes."""

import asyncio
import logging
import random
from collections.abc import Sequence

from ktizo.core.clock import utc_now
from ktizo.core.db import Database
from ktizo.core.errors import KtizoError
from ktizo.events.kinds import Event, EventKind
from ktizo.nodes.errors import NodeError, Unreachable
from ktizo.nodes.watch.news import News
from ktizo.nodes.watch.state import AWAY, NodeState, Seen
from ktizo.nodes.watch.target import Target, targets
from ktizo.nodes.watch.upcoming import Ended
from ktizo.nodes.watch.visit import Visitor

log = logging.getLogger(__name__)

LOOK_S = 1.0  # between two looks at what was decided, when something was
ANYWAY_S = 30.0  # and when nothing was
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0
SILENCE_S = 10.0  # a node that ran is called unreachable after so much of it
AWAY_S = 900.0  # one that reboots or installs, after this
RETRY_S = 5.0
# What makes a machine worth a new look, beside what people decide.
_TELLING = {EventKind.CONFIG_SENT, EventKind.APPROVED, EventKind.CLUSTER_CHANGED}


class Watch:
    """Knows how every node is. `hint` makes it look at one sooner."""

    def __init__(self, database: Database, news: News, visitor: Visitor) -> None:
        self._database = database
        self.news = news
        self._visitor = visitor
        self._targets: dict[int, Target] = {}
        self._woken: dict[int, asyncio.Event] = {}
        self._visits: dict[int, asyncio.Task[None]] = {}
        self._silent_since: dict[int, float] = {}
        self._look = asyncio.Event()
        self._following: asyncio.Task[None] | None = None

    @property
    def watched(self) -> int:
        """How many machines are watched."""
        return len(self._visits)

    async def start(self) -> None:
        """Begin; what was known before is taken over with the first look."""
        self._look.set()
        self._following = asyncio.create_task(self._follow(), name="watch")

    async def stop(self) -> None:
        """End every visit."""
        tasks = [*self._visits.values(), *([self._following] if self._following else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._visits.clear()

    def hint(self, device_id: int) -> None:
        """Somebody says that something happens to a machine: look now. Says nothing by itself."""
        self._look.set()
        self._silent_since.pop(device_id, None)
        woken = self._woken.get(device_id)
        seen = self.news.of(device_id)
        # A line that is open tells by itself; a flood of hints must not tear it down.
        if woken is not None and (seen is None or seen.state in AWAY or seen.trouble):
            woken.set()

    def hear(self, events: Sequence[Event]) -> None:
        """Take the stream's events: some make a machine worth a look."""
        for event in events:
            if event.kind not in _TELLING:
                continue
            self._look.set()
            if event.device_id is not None:
                if event.kind == EventKind.CONFIG_SENT:
                    self._new_boot(event.device_id)
                self.hint(event.device_id)

    def look(self) -> None:
        """Something was decided: see who is to be watched now."""
        self._look.set()

    def _new_boot(self, device_id: int) -> None:
        """Forget the key of the boot before: in memory a machine makes another with every boot."""
        seen = self.news.of(device_id)
        if seen is not None and seen.pin is not None:
            self.news.tell(device_id, NodeState.BOOTING, pin=None, trouble=None)

    async def _follow(self) -> None:
        while True:
            try:
                async with asyncio.timeout(ANYWAY_S):
                    await self._look.wait()
            except TimeoutError:
                log.debug("nothing was decided for a while; looking anyway")
            self._look.clear()
            try:
                await self._reload()
            except KtizoError as error:
                log.warning("the watch waits for the database: %s", error.message)
                self._look.set()
                await asyncio.sleep(RETRY_S)
            await asyncio.sleep(LOOK_S)

    async def _reload(self) -> None:
        async with self._database.read() as session:
            found, stored = await targets(session, self.news)
        self.news.load(stored)
        before, self._targets = self._targets, found
        for device_id, target in found.items():
            if device_id not in self._visits:
                self._woken[device_id] = asyncio.Event()
                self.news.expect(device_id)
                visiting = self._visit_on(device_id)
                name = f"node {device_id}"
                self._visits[device_id] = asyncio.create_task(visiting, name=name)
            elif before.get(device_id) is None or before[device_id].plan != target.plan:
                self.news.expect(device_id)
                self._woken[device_id].set()
        for device_id in set(self._visits) - found.keys():
            self._woken[device_id].set()  # it sees that it is no target any more, and ends

    async def _visit_on(self, device_id: int) -> None:
        woken, tries = self._woken[device_id], 0
        try:
            while (target := self._targets.get(device_id)) is not None:
                woken.clear()
                try:
                    pause = await self._visitor.visit(
                        target, lambda: self._targets.get(device_id), woken
                    )
                    tries = 0
                    self._silent_since.pop(device_id, None)
                except (NodeError, Ended) as error:
                    tries += 1
                    pause = self._troubled(target, error, tries)
                except (KtizoError, LookupError) as error:
                    log.warning("machine %d cannot be visited: %s", device_id, error)
                    pause = RETRY_S
                except Exception:
                    log.exception("a fault of ours while visiting machine %d", device_id)
                    pause = LONGEST_PAUSE_S
                await _unless(woken, pause)
        finally:
            self._visits.pop(device_id, None)
            self._woken.pop(device_id, None)

    def _troubled(self, target: Target, error: NodeError | Ended, tries: int) -> float:
        """Note what went wrong; return after how many seconds to try again."""
        seen = self.news.of(target.device_id)
        if isinstance(error, Unreachable | Ended):
            self._silence(target, seen, str(error))
        else:
            trouble = (error.code, error.message)
            state = NodeState.UNREACHABLE if seen is None or seen.state not in AWAY else None
            self.news.tell(target.device_id, state, ready=False, trouble=trouble)
        longest = LONGEST_PAUSE_S / 6 if seen is None or seen.state in AWAY else LONGEST_PAUSE_S
        pause = min(FIRST_PAUSE_S * 1.6 ** (tries - 1), longest)
        return pause * random.uniform(0.8, 1.2)  # noqa: S311 - so that a thousand do not march

    def _silence(self, target: Target, seen: Seen | None, why: str) -> None:
        """Nobody answers: say so when it lasts longer than what the node was at takes."""
        loop_time = asyncio.get_running_loop().time()
        since = self._silent_since.setdefault(target.device_id, loop_time)
        if seen is None or seen.state is NodeState.WAITING:
            self.news.tell(target.device_id, NodeState.WAITING)
            return
        if seen.state is NodeState.UNREACHABLE:
            return
        away = seen.state in AWAY
        silent = (utc_now() - seen.since).total_seconds() if away else loop_time - since
        if silent >= (AWAY_S if away else SILENCE_S):
            trouble = ("unreachable", why)
            self.news.tell(target.device_id, NodeState.UNREACHABLE, ready=False, trouble=trouble)


async def _unless(woken: asyncio.Event, seconds: float) -> None:
    """Wait so long, unless woken."""
    try:
        async with asyncio.timeout(seconds):
            await woken.wait()
    except TimeoutError:
        return
