"""Ordering a server, once. The row is written before the order goes out, and says that it may have.

What ends an order without one having been sent leaves no row; what may have been ordered always
leaves one. A request that is cut off does not cut the order off.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from ktizo.core.clock import utc_now
from ktizo.core.errors import Conflict, Invalid
from ktizo.events.kinds import EventKind
from ktizo.events.record import record
from ktizo.providers import store
from ktizo.providers.base import Quote, Server, Status, Wanted
from ktizo.providers.desk import Desk, Office
from ktizo.providers.errors import CredentialsRefused, Gone, NotYet, ProviderAway
from ktizo.providers.guard import Guard
from ktizo.providers.sealing import declaration_of
from ktizo.providers.stages import Stage
from ktizo.providers.store import Account, Rented, ServerExists
from ktizo.provisioning import reachability, schemas, told
from ktizo.provisioning.site import Site
from ktizo.provisioning.wish import FIRST_DOOR, Wished, again, limits_of, understood, way_of

UNSURE = (
    "nobody knows whether it was ordered: Ktizo looks for it at the provider by its tag, and orders"
    " nothing by itself; look at the account there before you order again"
)


# After these nothing was ordered; after anything else nobody knows.
NOT_ORDERED = (CredentialsRefused, ProviderAway, Conflict, Gone, Invalid)


class OrderUnderWay(Conflict):
    """An order for this server is going out just now."""


@dataclass(frozen=True, slots=True)
class _Order:
    """An order on its way. `write` notes that it goes out; `before`: its row, if it has one."""

    office: Office
    account: Account
    wanted: Wanted
    confirm: str
    write: Callable[[Quote], Awaitable[Rented]]
    before: Rented | None = None


class Orders:
    """Sends orders. `busy`: servers whose order is going out."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self.busy: set[str] = set()  # tags
        self._tasks: set[asyncio.Task[Any]] = set()

    async def order(self, office: Office, wish: schemas.OrderServer) -> Rented:
        """Order what is wished; raises why not, or OrderUnknown."""
        wished = await understood(self._site, office, wish)
        if reachability.needed(wished.declaration):
            found = await reachability.look(self._site.doors, self._site.http, self._site.resolve)
            reachability.insist(found, unreached=wish.unreached)
        return await self._uncut(self._new(office, wished, wish))

    async def again(self, office: Office, server_id: int, confirm: str) -> Rented:
        """Order under the same tag once more; what is there under it is adopted instead."""
        async with office.database.read() as session:
            row = await store.server(session, server_id)
            account = await store.account(session, row.account_id)
        if Stage(row.stage) not in {Stage.REFUSED, Stage.UNSURE}:
            raise NotYet(f"it is {row.stage}: there is nothing to be ordered again")
        if row.tag in self.busy:
            raise OrderUnderWay("its order is going out just now; wait for that")
        return await self._uncut(self._again(office, account, row, confirm))

    async def _uncut(self, work: Coroutine[Any, Any, Rented]) -> Rented:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return await asyncio.shield(task)

    async def stop(self) -> None:
        """Wait for the orders that are going out: what is cut off here nobody knows of."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _new(self, office: Office, wished: Wished, wish: schemas.OrderServer) -> Rented:
        account, wanted = wished.account, wished.wanted

        async def write(quote: Quote) -> Rented:
            async with office.writing() as desk:
                if await store.named(desk.session, account.id, wanted.name) is not None:
                    raise ServerExists(
                        f"{account.name} has a server {wanted.name} already; choose another name"
                    )
                row = _row(account, wanted, wish, office.actor.name)
                row.price = told.price_json(quote.price)
                await store.add_server(desk.session, row)
                await noted(desk, row, account, "ordered", plan=wanted.plan)
            return row

        return await self._send(_Order(office, account, wanted, wish.confirm, write))

    async def _again(self, office: Office, account: Account, row: Rented, confirm: str) -> Rented:
        async def write(quote: Quote) -> Rented:
            async with office.writing() as desk:
                fresh = await store.server(desk.session, row.id)
                fresh.stage, fresh.problem, fresh.updated_at = Stage.WANTED, "", utc_now()
                fresh.price = told.price_json(quote.price)
                await store.save_server(desk.session, fresh)
                await noted(desk, fresh, account, "ordered_again", plan=fresh.plan)
            return fresh

        wanted = again(self._site, row)
        return await self._send(_Order(office, account, wanted, confirm, write, before=row))

    async def _send(self, order: _Order) -> Rented:
        """Look for the tag, then order; what fails before anything is sent changes no row."""
        office, wanted, sent = order.office, order.wanted, None
        guard = Guard(self._site.clients.of(order.account, office.by), limits_of(order.account))

        async def intend(quote: Quote) -> None:
            nonlocal sent
            sent = await order.write(quote)

        self.busy.add(wanted.tag)
        try:
            async with self._site.clients.ordering(order.account):
                server = await guard.create(wanted, order.confirm, intend=intend)
        except NOT_ORDERED as error:
            # This one was not ordered; of an earlier one whose answer was lost nobody knows still.
            unsure = order.before is not None and order.before.stage == Stage.UNSURE
            stage = Stage.UNSURE if unsure else Stage.REFUSED
            problem = f"{error.message}; of the order before, {UNSURE}" if unsure else error.message
            await self._ended(office, sent, stage, problem)
            raise
        except BaseException:
            await self._ended(office, sent, Stage.UNSURE, UNSURE)
            raise
        finally:
            self.busy.discard(wanted.tag)
        return await self._taken(office, sent or order.before, server)

    async def _ended(self, office: Office, row: Rented | None, stage: Stage, problem: str) -> None:
        """Write down how an order ended that went out; any other left everything as it was."""
        if row is None:
            return
        async with office.writing() as desk:
            row = await store.server(desk.session, row.id)
            row.stage, row.problem, row.updated_at = stage, problem, utc_now()
            await store.save_server(desk.session, row)
            account = await store.account(desk.session, row.account_id)
            problems(desk, row, account)

    async def _taken(self, office: Office, row: Rented | None, server: Server) -> Rented:
        if row is None:
            raise RuntimeError("an order is written down before it goes out")
        async with office.writing() as desk:
            row = await store.server(desk.session, row.id)
            row.problem = ""
            told.tell(row, server, utc_now())
            await store.save_server(desk.session, row)
        return row


def _row(account: Account, wanted: Wanted, wish: schemas.Wish, by: str) -> Rented:
    now = utc_now()
    return Rented(
        account_id=account.id,
        name=wanted.name,
        tag=wanted.tag,
        stage=Stage.WANTED,
        plan=wanted.plan,
        regions=list(wanted.regions),
        ssh_keys=list(wanted.ssh_keys),
        options=dict(wanted.options),
        door=FIRST_DOOR,
        status=Status.ORDERED,
        way=way_of(declaration_of(account.provider)),
        admit=wish.approve.model_dump(exclude_none=True) if wish.approve else None,
        ordered_by=by,
        created_at=now,
        updated_at=now,
    )


async def noted(desk: Desk, row: Rented, account: Account, verb: str, **more: Any) -> None:
    """Leave both traces of what a person had done to a server. Call it last."""
    said = {"server": row.id, "name": row.name, "account": account.name, "verb": verb} | more
    kind = EventKind.SERVER_ORDERED if verb.startswith("ordered") else EventKind.SERVER_TOLD
    await desk.note(f"server_{verb}", f"server {row.id} {row.name}", kind, **said)


def problems(desk: Desk, row: Rented, account: Account) -> None:
    """Tell people that somebody has to look."""
    said = {"server": row.id, "name": row.name, "account": account.name, "problem": row.problem}
    record(desk.writer, EventKind.SERVER_PROBLEM, data=said)
