"""What every provider must do, whoever it is: inherited by each, proven on its stateful double.

A provider's tests make a `Case` and call `suite(case_fixture)`; see tests/providers/test_<name>.py.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import httpx

from ktizo.providers.base import Client, Wanted
from ktizo.providers.guard import Guard, Limits


class Double:
    """A vendor's API with a memory. Subclasses answer; this counts and fails on demand.

    `orders`: what was really ordered, whatever the client was told. `lose_answers`: so many answers
    to orders are lost after they were carried out. `away`: so many requests get 503 first.
    `limited`: so many get the vendor's rate limit first. `sold_out`: regions without stock.
    """

    def __init__(self) -> None:
        self.orders: list[dict[str, Any]] = []
        self.requests: list[httpx.Request] = []
        self.lose_answers = 0
        self.away = 0
        self.limited = 0
        self.sold_out: set[str] = set()
        self.refuse_credentials = False

    def ordered(self, order: dict[str, Any]) -> None:
        """Note an order that is carried out, and lose the answer when that is wanted."""
        self.orders.append(order)
        if self.lose_answers:
            self.lose_answers -= 1
            raise httpx.ReadError("the line broke after the order was taken")

    async def handle(self, request: httpx.Request) -> httpx.Response:
        """Answer; subclasses override `answer`."""
        self.requests.append(request)
        if self.away and request.method == "GET":
            self.away -= 1
            return httpx.Response(503, text="maintenance")
        if self.limited:
            self.limited -= 1
            return self.rate_limit()
        if self.refuse_credentials:
            return self.refusal()
        return self.answer(request)

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer one request in the vendor's own shapes."""
        raise NotImplementedError

    def rate_limit(self) -> httpx.Response:
        """Return how this vendor says "too many"."""
        return httpx.Response(429, headers={"retry-after": "1"}, json={"error": "slow down"})

    def refusal(self) -> httpx.Response:
        """Return how this vendor says "wrong key"."""
        return httpx.Response(401, json={"error": "unauthorized"})

    def deliver(self) -> None:
        """Let time pass: whatever was ordered is delivered."""
        raise NotImplementedError

    @property
    def transport(self) -> httpx.MockTransport:
        """Return it as httpx takes it."""
        return httpx.MockTransport(self.handle)


@dataclass
class Case:
    """One provider under test. `secret`: a text that must never be seen anywhere."""

    client: Client
    double: Double
    wanted: Wanted
    secret: str
    region: str
    other_region: str
    slept: list[float] = field(default_factory=list)

    def guard(self, hourly: str | None = "10") -> Guard:
        limit = Decimal(hourly) if hourly is not None else None

        async def sleep(seconds: float) -> None:
            self.slept.append(seconds)
            self.double.deliver()

        return Guard(self.client, Limits(limit, setup=Decimal(100)), sleep=sleep)


MakeCase = Callable[[], Awaitable[Case]]
