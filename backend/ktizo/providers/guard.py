"""The guard before money and data: nothing is ordered twice, unseen or unasked.

Every order goes through here. First our own tag is looked for: an order whose answer was lost is
adopted, not repeated. Then the price is asked, compared with the account's limit, and has to be
echoed by whoever asks. Only then it is sent, once, region by region while there is no stock.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import cast

from ktizo.core.errors import Conflict, Invalid
from ktizo.providers.base import Capability, Client, Imager, Price, Quote, Server, Status, Wanted
from ktizo.providers.errors import Failed, Gone, OutOfStock, Unsupported
from ktizo.providers.fields import shown

POLL_S = 10.0
PLACES = Decimal("0.000001")


class TooExpensive(Conflict):
    """It costs more than the account may spend, or what cannot be compared with that."""


class ConfirmationMissing(Invalid):
    """What it costs or destroys was not echoed."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What an account may spend on one server.

    `hourly`: the most it may cost an hour; None: nothing may be ordered. `setup`: the most that may
    be paid once. `currency`: what both are in; None: whatever the provider's prices are in.
    """

    hourly: Decimal | None = None
    setup: Decimal = Decimal(0)
    currency: str | None = None

    def insist(self, price: Price) -> None:
        """Refuse what is above a limit, or cannot be compared with it; raises TooExpensive."""
        if self.hourly is None:
            raise TooExpensive("nothing may be ordered: the account has no maximum hourly price")
        if self.currency is not None and price.currency.upper() != self.currency.upper():
            raise TooExpensive(
                f"it is sold in {price.currency}, and the account's limits are in {self.currency}: "
                f"set them in {price.currency}"
            )
        hour = price.an_hour
        if hour is None or hour > self.hourly:
            told = "an unknown price" if hour is None else f"{_shown(hour)} {price.currency}"
            raise TooExpensive(
                f"an hour costs {told}, and the account may spend {shown(self.hourly)}: "
                "take another plan, or raise the account's maximum hourly price"
            )
        if price.setup > self.setup:
            raise TooExpensive(
                f"it costs {shown(price.setup)} {price.currency} once, to set it up, and the "
                f"account may spend {shown(self.setup)} on that: take a plan without it, or raise "
                "the account's maximum setup fee"
            )


def echo_of_order(wanted: Wanted, quote: Quote) -> str:
    """Return what has to be echoed to order this: what, where and exactly what it costs."""
    price = quote.price
    cost = []
    if price.hourly is not None:
        cost.append(f"{shown(price.hourly)} {price.currency} an hour")
    elif price.monthly is not None:
        cost.append(f"{shown(price.monthly)} {price.currency} a month")
    if price.setup:
        cost.append(f"{shown(price.setup)} {price.currency} once")
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

    async def create(
        self,
        wanted: Wanted,
        confirm: str,
        *,
        intend: Callable[[Quote], Awaitable[None]] | None = None,
    ) -> Server:
        """Order a server, or adopt the one ordered before under the same tag.

        `intend` is waited for just before the order goes out, to write down that it may have.

        One that FAILED is adopted as well, as it is, and never ordered again: it may be paid for,
        and only a person knows whether to reinstall it or to give it back.
        """
        async with self._ordering:
            before = await self.find(wanted.tag)
            if before is not None:
                return before
            quote = await self.client.price_of(wanted)
            self._limits.insist(quote.price)
            _insist(confirm, echo_of_order(wanted, quote))
            if intend is not None:
                await intend(quote)
            return await self._order(wanted)

    async def _order(self, wanted: Wanted) -> Server:
        sold_out: OutOfStock | None = None
        for region in wanted.regions:
            try:
                return await self.client.create_server(wanted, region)
            except OutOfStock as error:
                sold_out = error
        raise sold_out or Invalid("no region was named")

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

    async def boot_first(self, server_id: str, tag: str, boot_url: str) -> Server:
        """Boot a server from `boot_url` that was delivered bare; its order's echo was for this.

        Only one that we ordered: it has our tag, or nothing is done.
        """
        found = await self.find(tag)
        if found is None or found.id != server_id:
            raise Conflict(f"{server_id} has not our tag {tag}: it is left alone; look at it")
        return await self.client.reinstall_ipxe(server_id, boot_url)

    async def reinstall(self, server_id: str, boot_url: str, confirm: str) -> Server:
        """Erase and install a server anew.

        To wait for it, give `wait_ready` as `left` the status from before, which whoever confirms
        has seen: `await guard.wait_ready(server.id, timeout_s=..., left=server.status)`.
        """
        server = await self.client.get_server(server_id)
        _insist(confirm, echo_of_loss("reinstall", server))
        return await self.client.reinstall_ipxe(server_id, boot_url)

    async def reinstall_image(self, server_id: str, image: str, confirm: str) -> Server:
        """Erase a server and have its provider write `image` to it; waited for like `reinstall`."""
        declared = self.client.declaration
        if Capability.IMAGE_REINSTALL not in declared.capabilities:
            raise Unsupported(
                f"{declared.title} does not write images: reinstall the server by iPXE, or take a "
                "provider with image_reinstall"
            )
        server = await self.client.get_server(server_id)
        _insist(confirm, echo_of_loss("reinstall", server))
        return await cast(Imager, self.client).reinstall_image(server_id, image)

    async def delete(self, server_id: str, confirm: str, token: str = "") -> Server:
        """Give a server back; one that is gone already is the same, if the echo names its id.

        Its name cannot be compared any more, so any will do. Raises Gone when the echo is another
        server's.
        """
        try:
            server = await self.client.get_server(server_id)
        except Gone:
            if not _names(confirm, "delete", server_id):
                raise
            return Server(id=server_id, name="", status=Status.GONE, raw_status="gone")
        _insist(confirm, echo_of_loss("delete", server))
        return await self.client.delete_server(server_id, token)

    async def wait_ready(
        self, server_id: str, *, timeout_s: float, left: Status | None = None
    ) -> Server:
        """Wait until the provider calls a server ready; raises Failed, Gone or TimeoutError.

        After a reinstall the old status is still told for some seconds: with `left`, that status,
        be it "ready" or "failed", counts only once another has been seen in between.
        """
        end = self._clock() + timeout_s
        moved = left is None
        while True:
            server = await self.client.get_server(server_id)
            moved = moved or server.status is not left
            if moved and server.status is Status.READY:
                return server
            if moved and server.status is Status.FAILED:
                raise Failed(f"{server.name} failed at its provider: {server.raw_status}")
            if server.status is Status.GONE:
                raise Gone(f"{server.name} is gone")
            if self._clock() >= end:
                raise TimeoutError(f"{server.name} is still {server.raw_status!r}")
            await self._sleep(POLL_S)


def _shown(hour: Decimal) -> str:
    """Return an hour's price, which may be a month's through 730, with few digits and not less."""
    return shown(hour.quantize(PLACES, ROUND_CEILING))


def _insist(given: str, wanted: str) -> None:
    if given.strip() != wanted:
        raise ConfirmationMissing(f"confirm with exactly: {wanted}", confirm=wanted)


def _names(given: str, verb: str, server_id: str) -> bool:
    said = given.strip()
    return said.startswith(f"{verb} ") and said.endswith(f" ({server_id})")
