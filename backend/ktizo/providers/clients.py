"""The clients of accounts: one each, alive as long as its settings stay.

A client remembers that its credentials were refused and how fast it may ask, so there is never a
second one for the same account: Hetzner blocks an address that tries a wrong password three times.
"""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ktizo.core.errors import Conflict
from ktizo.core.seal import Sealer
from ktizo.core.writer import Writer
from ktizo.providers import sealing
from ktizo.providers.audited import By, audited
from ktizo.providers.base import Client
from ktizo.providers.registry import MAKERS
from ktizo.providers.store import Account


class AccountOff(Conflict):
    """The account was switched off."""


@dataclass(slots=True)
class _Alive:
    edition: str  # changes with the settings
    client: Client
    ordering: asyncio.Lock = field(default_factory=asyncio.Lock)


class Clients:
    """`transports` and `sleep` are for tests: what stands for a provider's API, by its name."""

    def __init__(self, sealer: Sealer, writer: Writer) -> None:
        self._sealer = sealer
        self._writer = writer
        self._alive: dict[int, _Alive] = {}
        self.transports: Mapping[str, Any] = {}
        self.sleep: Any = asyncio.sleep

    def of(self, row: Account, by: By) -> Client:
        """Return an account's client, asking for `by`; raises AccountOff or SettingsWrong."""
        return audited(self._client(row).client, self._writer, row.name, by)

    def ordering(self, row: Account) -> asyncio.Lock:
        """Return the lock that makes looking for an order and sending one a single step."""
        return self._client(row).ordering

    def _client(self, row: Account) -> _Alive:
        if not row.enabled:
            raise AccountOff(f"the account {row.name} is switched off; switch it on first")
        edition = hashlib.sha256(row.settings.encode()).hexdigest()
        alive = self._alive.get(row.id)
        if alive is None or alive.edition != edition:
            settings = sealing.open_settings(self._sealer, row)
            more = {"sleep": self.sleep}
            if row.provider in self.transports:
                more["transport"] = self.transports[row.provider]
            made = _Alive(edition, MAKERS[row.provider](settings, **more))
            if alive is not None:  # who asks with the old one may finish; orders stay one at a time
                made.ordering = alive.ordering
            alive = self._alive[row.id] = made
        return alive

    def forget(self, row: Account) -> None:
        """Make the account's client anew at the next call, without what the old one remembers."""
        alive = self._alive.get(row.id)
        if alive is not None:
            alive.edition = ""

    async def close(self) -> None:
        """Let go of every connection."""
        for alive in self._alive.values():
            await alive.client.close()
        self._alive.clear()
