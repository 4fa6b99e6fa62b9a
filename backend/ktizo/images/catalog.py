"""What the factory offers: versions, extensions, overlays; remembered for when it is away.

The memory is in the database, so it also outlives a restart without internet. Nothing here holds
a transaction while the factory is asked.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ktizo.core.clock import utc_now
from ktizo.core.db import Database
from ktizo.core.errors import BadGateway, Unavailable
from ktizo.core.upstream import UpstreamAway
from ktizo.images import store
from ktizo.images.factory import Factory
from ktizo.images.image import version_tag

VERSIONS_FRESH = timedelta(hours=1)
OF_VERSION_FRESH = timedelta(days=1)  # a release's extensions hardly ever change
PATIENCE_S = 15.0  # a person is waiting for the list
LEAVE_ALONE_S = 60.0  # after it was away; nobody should wait again and again


@dataclass(frozen=True)
class Offer:
    """The factory's answer, as JSON. `stale`: it is away, and this is what it said before."""

    items: list[Any]
    fetched_at: datetime
    stale: bool = False
    problem: str = ""


class Catalog:
    """Answers from memory while that is fresh, from the factory, or from older memory."""

    def __init__(
        self, database: Database, factory: Factory, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._factory = factory
        self._clock = clock
        self._asking = asyncio.Lock()  # one asks, the others wait for its answer
        self._away: tuple[float, str] | None = None  # since when (monotonic), and what it said

    async def versions(self) -> Offer:
        """Return the versions of Talos there are, the oldest first."""
        return await self._offer("versions", VERSIONS_FRESH, self._factory.versions)

    async def extensions(self, version: str) -> Offer:
        """Return the system extensions for a version."""
        tag = version_tag(version)

        async def ask() -> list[Any]:
            return [one.model_dump() for one in await self._factory.extensions(tag)]

        return await self._offer(f"extensions {tag}", OF_VERSION_FRESH, ask)

    async def overlays(self, version: str) -> Offer:
        """Return the overlays for a version."""
        tag = version_tag(version)

        async def ask() -> list[Any]:
            return [one.model_dump() for one in await self._factory.overlays(tag)]

        return await self._offer(f"overlays {tag}", OF_VERSION_FRESH, ask)

    async def _offer(
        self, question: str, fresh: timedelta, ask: Callable[[], Awaitable[list[Any]]]
    ) -> Offer:
        known = await self._remembered(question)
        if known is not None and utc_now() - known.fetched_at < fresh:
            return known
        async with self._asking:
            known = await self._remembered(question)
            if known is not None and utc_now() - known.fetched_at < fresh:
                return known
            try:
                return await self._ask(question, ask)
            except (Unavailable, BadGateway) as error:
                if known is None:
                    raise
                return Offer(known.items, known.fetched_at, stale=True, problem=error.message)

    async def _remembered(self, question: str) -> Offer | None:
        async with self._database.read() as session:
            row = await store.answer(session, self._factory.url, question)
            return None if row is None else Offer(row.answer, row.fetched_at)

    async def _ask(self, question: str, ask: Callable[[], Awaitable[list[Any]]]) -> Offer:
        if self._away is not None and self._clock() - self._away[0] < LEAVE_ALONE_S:
            raise UpstreamAway(self._away[1])
        try:
            async with asyncio.timeout(PATIENCE_S):
                items = await ask()
        except (UpstreamAway, TimeoutError) as error:
            said = str(error) or f"{self._factory.host} took longer than {PATIENCE_S:.0f} s"
            self._away = (self._clock(), said)
            raise UpstreamAway(said) from error
        self._away = None
        now = utc_now()
        async with self._database.write() as session:
            await store.save_answer(session, self._factory.url, question, items, now)
        return Offer(items, now)
