"""Stays with every rented server until it is gone: asks its provider, and does what is next.

One task a server; what each does stands in the database, so a restart goes on where it was.
"""

import asyncio
import logging
from collections.abc import Sequence

from ktizo.core.clock import utc_now
from ktizo.core.errors import KtizoError
from ktizo.devices import store as devices
from ktizo.devices.lifecycle import PROVED, UNDECIDED, State
from ktizo.events.kinds import Event, EventKind
from ktizo.events.record import record, sink_for
from ktizo.providers import store
from ktizo.providers.audited import OURSELVES
from ktizo.providers.base import Capability
from ktizo.providers.clients import AccountOff
from ktizo.providers.errors import CredentialsRefused, ProviderAway, RateLimited
from ktizo.providers.guard import Guard
from ktizo.providers.rescue.look import NotRescue
from ktizo.providers.stages import ENDED, Stage
from ktizo.providers.store import Account, Rented
from ktizo.provisioning import arrive, by_address, told
from ktizo.provisioning.asking import asked
from ktizo.provisioning.order import UNSURE, Orders
from ktizo.provisioning.rescue import FINISHED, RescueWay
from ktizo.provisioning.site import Site
from ktizo.provisioning.view import can
from ktizo.provisioning.wish import limits_of

log = logging.getLogger(__name__)

LEAST_S = 0.5  # between two looks at a server
LOOK_S = 15.0  # between two looks for servers that nobody stays with
SOON_S, MOVING_S, STEADY_S, TROUBLE_S = 2.0, 10.0, 300.0, 60.0
LONGEST_S = 600.0
# After these a machine may have become one of ours, or may do the next step.
_TELLING = {EventKind.DEVICE_SEEN, EventKind.APPROVED, EventKind.DONE, EventKind.NODE_STATE}


class Keeper:
    """`said`: what goes on with a server just now, in words, for people."""

    def __init__(self, site: Site, orders: Orders) -> None:
        self._site = site
        self._orders = orders
        self._way = RescueWay(site)
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._woken: dict[int, asyncio.Event] = {}
        self._look = asyncio.Event()
        self._following: asyncio.Task[None] | None = None
        self.said: dict[int, str] = {}
        sink_for(site.writer).listeners.append(self.hear)

    async def start(self) -> None:
        """Begin; call it once the tables are there."""
        self._look.set()
        self._following = asyncio.create_task(self._follow(), name="rented servers")

    async def stop(self) -> None:
        """Let go; orders that are going out are waited for."""
        await self._orders.stop()
        tasks = [*self._tasks.values(), *([self._following] if self._following else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._tasks.clear()

    def look(self, server_id: int | None = None) -> None:
        """Something was decided: see to it now."""
        self._look.set()
        woken = [self._woken[server_id]] if server_id in self._woken else self._woken.values()
        for event in woken:
            event.set()

    def hear(self, events: Sequence[Event]) -> None:
        """Take the stream's events: some make a server worth a look."""
        if self._woken and any(event.kind in _TELLING for event in events):
            self.look()

    async def _follow(self) -> None:
        while True:
            self._look.clear()
            try:
                async with self._site.database.read() as session:
                    ids = await store.at_work(session)
                for server_id in ids:
                    if server_id not in self._tasks:
                        self._woken[server_id] = asyncio.Event()
                        staying = asyncio.create_task(
                            self._stay(server_id), name=f"server {server_id}"
                        )
                        self._tasks[server_id] = staying
            except KtizoError as error:
                log.warning("rented servers wait for the database: %s", error.message)
            await _within(self._look, LOOK_S * self._site.pace)

    async def _stay(self, server_id: int) -> None:
        woken, troubles = self._woken[server_id], 0
        try:
            while True:
                await self._site.sleep(LEAST_S * self._site.pace)  # a busy LAN wakes often
                woken.clear()
                try:
                    pause = await self._tend(server_id)
                    troubles = 0
                except KtizoError as error:
                    troubles += 1
                    pause = await self._troubled(server_id, error, troubles)
                except Exception:
                    log.exception("a fault of ours while keeping server %d", server_id)
                    pause = TROUBLE_S
                if pause is None:
                    return
                await _within(woken, pause * self._site.pace)
        finally:
            self._tasks.pop(server_id, None)
            self._woken.pop(server_id, None)
            self.said.pop(server_id, None)

    async def _tend(self, server_id: int) -> float | None:
        """Do what is next for a server; None when its story has ended."""
        async with self._site.database.read() as session:
            row = await store.server(session, server_id)
            account = await store.account(session, row.account_id)
            machine = (await devices.by_doors(session, [server_id])).get(server_id)
        state = State(machine.state) if machine is not None else None
        stage = Stage(row.stage)
        if stage in ENDED:
            return None
        if row.tag in self._orders.busy:
            return SOON_S
        if stage in {Stage.WANTED, Stage.UNSURE}:
            return await self._search(row, account)
        if state in UNDECIDED and row.admit is not None:
            problem = await arrive.approve_arrived(self._site, server_id)
            if problem:
                self._problem(row, account, problem)
        row = await self._ask(row, account)
        pause = await self._next(row, account, state)
        if row.trouble:
            await self._well_again(row.id)
        return pause

    async def _well_again(self, server_id: int) -> None:
        async with self._site.database.write() as session:
            row = await store.server(session, server_id)
            row.trouble = ""
            await session.flush()

    async def _next(self, row: Rented, account: Account, state: State | None) -> float | None:
        stage = Stage(row.stage)
        if stage in ENDED:
            return None
        if stage is not Stage.DELIVERED:
            self.said.pop(row.id, None)
            return STEADY_S if stage in {Stage.ENDING, Stage.FAILED} else MOVING_S
        if row.way is not None and row.way.get("state") != FINISHED:
            by_rescue = can(account, Capability.NEEDS_SSH_RESCUE)
            step = self._way.step if by_rescue else self._script
            pause, self.said[row.id] = await step(row, account)
            return pause
        if state is None and row.door and can(account, Capability.IMAGE_REINSTALL):
            self.said[row.id] = await by_address.meet(self._site, row)
            return MOVING_S
        self.said.pop(row.id, None)
        if state in PROVED and not row.settled:
            await self._settle(row, account)
        return STEADY_S if state in PROVED or not row.door else MOVING_S

    async def _ask(self, row: Rented, account: Account) -> Rented:
        """Ask the provider how the server is, and write down what is news."""
        now = utc_now()
        steady = row.settled or Stage(row.stage) in {Stage.ENDING, Stage.FAILED}
        least = (STEADY_S if steady else MOVING_S) * self._site.pace
        if row.asked_at is not None and (now - row.asked_at).total_seconds() < 0.9 * least:
            return row
        client = self._site.clients.of(account, OURSELVES)
        server = await asked(client, row, now)
        before = Stage(row.stage)
        async with self._site.database.write() as session:
            row = await store.server(session, row.id)
            news = told.tell(row, server, now)
            if before is not Stage.ENDING and Stage(row.stage) is Stage.GONE:
                row.problem = "the provider has it no more, and nobody gave it back from here"
            if news:
                await arrive.let_go(session, row)
                await store.save_server(session, row)
        if news:
            said = {"stage": row.stage, "status": row.status, "raw": row.raw_status}
            self._record(EventKind.SERVER_STATUS, row, account, **said)
        return row

    async def _search(self, row: Rented, account: Account) -> float:
        """Look for an order whose answer was lost; never order."""
        guard = Guard(self._site.clients.of(account, OURSELVES), limits_of(account))
        async with self._site.clients.ordering(account):
            found = await guard.find(row.tag)
        async with self._site.database.write() as session:
            row = await store.server(session, row.id)
            if Stage(row.stage) not in {Stage.WANTED, Stage.UNSURE} or row.tag in self._orders.busy:
                return SOON_S
            if found is None:
                first = row.problem != UNSURE
                row.stage, row.problem = Stage.UNSURE, UNSURE
            else:
                first, row.problem = True, ""
                told.tell(row, found, utc_now())
            if first:
                await store.save_server(session, row)
        if found is None:
            if first:
                self._problem(row, account, UNSURE)
            return MOVING_S if first else TROUBLE_S
        self._record(
            EventKind.SERVER_ORDERED, row, account, plan=row.plan, how="adopted by its tag"
        )
        return SOON_S

    async def _script(self, row: Rented, account: Account) -> tuple[float, str]:
        """Boot a server that was just delivered from us: its provider takes a script only now.

        Done again after a kill in between, unless its machine has asked meanwhile.
        """
        async with self._site.database.write() as session:
            fresh = await store.server(session, row.id)
            met = row.id in await devices.by_doors(session, [row.id])
            fresh.way = {"state": FINISHED if met else "entering"}
            await session.flush()
        if not met:
            boot_url = self._site.doors.boot_url(row.tag, row.door)
            guard = Guard(self._site.clients.of(account, OURSELVES), limits_of(account))
            await guard.boot_first(row.vendor_id or "", row.tag, boot_url)
            async with self._site.database.write() as session:
                fresh = await store.server(session, row.id)
                fresh.way = {"state": FINISHED}
                await session.flush()
            self._record(EventKind.SERVER_STEP, row, account, step="told to boot from Ktizo")
        return MOVING_S, "it restarts, to boot from Ktizo"

    async def _settle(self, row: Rented, account: Account) -> None:
        """Talos is on its disk: later boots come from there."""
        await self._site.clients.of(account, OURSELVES).boot_from_disk(row.vendor_id or "")
        async with self._site.database.write() as session:
            fresh = await store.server(session, row.id)
            if fresh.door == row.door:
                fresh.settled = True
                await session.flush()

    async def _troubled(self, server_id: int, error: KtizoError, times: int) -> float | None:
        """Say what is wrong, in the row when a person has to look; return when to come again."""
        if isinstance(error, store.ServerNotFound):
            return None
        self.said[server_id] = error.message
        passing = isinstance(error, ProviderAway | RateLimited) or error.status == 503
        if not passing or times >= 5:
            async with self._site.database.write() as session:
                row = await store.server(session, server_id)
                account = await store.account(session, row.account_id)
                news = row.trouble != error.message
                row.trouble = error.message
                await session.flush()
            if news:
                self._problem(row, account, error.message)
        steady = isinstance(error, CredentialsRefused | AccountOff | NotRescue)
        return STEADY_S if steady else min(MOVING_S * 2 ** min(times, 6), LONGEST_S)

    def _problem(self, row: Rented, account: Account, problem: str) -> None:
        self._record(EventKind.SERVER_PROBLEM, row, account, problem=problem)

    def _record(self, kind: EventKind, row: Rented, account: Account, **more: object) -> None:
        said = {"server": row.id, "name": row.name, "account": account.name} | more
        record(self._site.writer, kind, data=said)


async def _within(event: asyncio.Event, seconds: float) -> None:
    """Wait for `event`, no longer than that."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
