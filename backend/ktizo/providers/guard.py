"""The guard before money and data: nothing is ordered twice, unseen or unasked.

Every order goes through here. First our own tag is looked for: an order whose answer was lost is
adopted, not repeated. Then the price is asked, compared with the account's limit, and has to be
echoed by whoever asks. Only then it is sent, once, region by region while there is no stock.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal

from ktizo.core.errors import Conflict, Invalid
from ktizo.providers.base import Client, Quote, Server, Status, Wanted
from ktizo.providers.errors import Failed, Gone, OutOfStock

POLL_S = 10.0
ENDED = frozenset({Status.READY, Status.FAILED, Status.GONE})


class TooExpensive(Conflict):
    """It costs more an hour than the account may spend."""


class ConfirmationMissing(Invalid):
    """What it costs or destroys was not echoed."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What an account may spend; `hourly` in the plan's own currency. None: nothing at all."""

    hourly: Decimal | None = None


def echo_of_order(wanted: Wanted, quote: Quote) -> str:
    """Return what has to be echoed to order this: what, where and what it costs."""
    price = quote.price
    cost = []
    if price.hourly is not None:
        cost.append(f"{price.hourly.normalize():f} {price.currency} an hour")
    elif price.monthly is not None:
        cost.append(f"{price.monthly.normalize():f} {price.currency} a month")
    if price.setup:
        cost.append(f"{price.setup.normalize():f} {price.currency} once")
    where = " or ".join(wanted.regions)
    return f"order {wanted.name}: {wanted.plan} in {where} for {' and '.join(cost)}"


def echo_of_loss(verb: str, server: Server) -> str:
    """Return what has to be echoed to reinstall or delete a server."""
    return f"{verb} {server.name} ({server.id})"


class Guard:
    """One account's orders. `sleep` and `clock` are for tests."""

    def __init__(
        self,
        client: Client,
        limits: Limits,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.client = client
        self._limits = limits
        self._sleep, self._clock = sleep, clock
        self._ordering = asyncio.Lock()  # of one account: looking and ordering are one

    async def create(self, wanted: Wanted, confirm: str) -> Server:
        """Order a server, or adopt the one ordered before under the same tag."""
        async with self._ordering:
            before = await self.find(wanted.tag)
            if before is not None:
                return before
            quote = await self.client.price_of(wanted)
            self._insist_price(quote)
            _insist(confirm, echo_of_order(wanted, quote))
            return await self._order(wanted)

    async def _order(self, wanted: Wanted) -> Server:
        sold_out: OutOfStock | None = None
        for region in wanted.regions:
            try:
                return await self.client.create_server(wanted, region)
            except OutOfStock as error:
                sold_out = error
        raise sold_out or Invalid("no region was named")

    def _insist_price(self, quote: Quote) -> None:
        hour = quote.price.an_hour
        limit = self._limits.hourly
        if limit is None:
            raise TooExpensive("nothing may be ordered: the account has no maximum hourly price")
        if hour is None or hour > limit:
            shown = "unknown" if hour is None else f"{hour:.4f} {quote.price.currency}"
            raise TooExpensive(f"an hour costs {shown}, and the account may spend {limit}")

    async def find(self, tag: str) -> Server | None:
        """Return the server ordered under our tag, if there is one."""
        found = [
            one
            for one in await self.client.list_servers()
            if tag in one.tags and one.status not in {Status.GONE, Status.DELETING}
        ]
        if len(found) > 1:
            names = ", ".join(one.id for one in found)
            raise Conflict(f"{len(found)} servers have the tag {tag} ({names}); look at them")
        return found[0] if found else None

    async def reinstall(self, server_id: str, boot_url: str, confirm: str) -> Server:
        """Erase and install a server anew."""
        server = await self.client.get_server(server_id)
        _insist(confirm, echo_of_loss("reinstall", server))
        return await self.client.reinstall_ipxe(server_id, boot_url)

    async def delete(self, server_id: str, confirm: str, token: str = "") -> Server:
        """Give a server back; raises Gone when it is not there any more."""
        server = await self.client.get_server(server_id)
        _insist(confirm, echo_of_loss("delete", server))
        return await self.client.delete_server(server_id, token)

    async def wait_ready(
        self, server_id: str, *, timeout_s: float, left: Status | None = None
    ) -> Server:
        """Wait until the provider calls a server ready; raises Failed, Gone or TimeoutError.

        After a reinstall the old status is still told for some seconds: with `left`, that status
        counts only once another has been seen in between.
        """
        end = self._clock() + timeout_s
        moved = left is None
        while True:
            server = await self.client.get_server(server_id)
            moved = moved or server.status is not left
            if moved and server.status is Status.READY:
                return server
            if server.status is Status.FAILED:
                raise Failed(f"{server.name} failed at its provider: {server.raw_status}")
            if server.status is Status.GONE:
                raise Gone(f"{server.name} is gone")
            if self._clock() >= end:
                raise TimeoutError(f"{server.name} is still {server.raw_status!r}")
            await self._sleep(POLL_S)


def _insist(given: str, wanted: str) -> None:
    if given.strip() != wanted:
        raise ConfirmationMissing(f"confirm with exactly: {wanted}", confirm=wanted)
