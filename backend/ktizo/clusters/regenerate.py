"""Making every member's config again, and writing down those that changed."""

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from ktizo.clusters import serve
from ktizo.clusters.compiled import CompiledConfigs
from ktizo.clusters.reading import store as reading
from ktizo.clusters.reading.store import Membership
from ktizo.core.bootdb import BootReader
from ktizo.core.db import AsyncSession, Database
from ktizo.core.errors import KtizoError
from ktizo.core.seal import Sealer
from ktizo.devices import store as devices

log = logging.getLogger(__name__)

PAGE = 100  # machines between two breaths of the event loop


@dataclass
class Outcome:
    """What came of it. `failed`: machine -> why it has no config."""

    machines: int = 0
    written: int = 0
    seconds: float = 0.0
    failed: dict[int, str] = field(default_factory=dict)


class Regenerator:
    """Keeps `compiled/talos/configs` in step with the database; one run at a time."""

    def __init__(self, database: Database, sealer: Sealer, compiled: CompiledConfigs) -> None:
        self._database = database
        self._sealer = sealer
        self._compiled = compiled
        self._running = asyncio.Lock()
        self._version: int | None = None
        # A memory of its own: it walks over every machine, and would push out those that boot.
        self._kept = serve.Kept(limit=1)
        self._done: dict[int, object] = {}  # machine -> what its file was made from
        self.checksums: dict[int, str] = {}  # machine -> SHA-256 of what it would be given now

    async def follow(self, reader: BootReader) -> Outcome | None:
        """Regenerate if anything a machine would be told has changed since the last time.

        Never raises: it runs after an answer, or beside housekeeping; the next call tries again.
        """
        try:
            version = await reader.version()
            if version == self._version:
                return None
            outcome = await self.run()
        except KtizoError as error:
            log.warning("compiled/talos/configs is not up to date: %s", error.message)
            return None
        self._version = version
        return outcome

    async def run(self) -> Outcome:
        """Make all configs; those that did not change cost a look-up, not a making."""
        async with self._running:
            began, outcome, after = time.monotonic(), Outcome(), 0
            macs: set[str] = set()
            members: set[int] = set()
            while True:
                async with self._database.read() as session:
                    page = await reading.members(session, after=after, limit=PAGE)
                    members.update(member.device_id for member in page)
                    made = await self._make(session, page, outcome, macs)
                outcome.written += await asyncio.to_thread(self._compiled.write, made)
                if len(page) < PAGE:
                    break
                after = page[-1].device_id
            self.checksums = {one: sum_ for one, sum_ in self.checksums.items() if one in members}
            await asyncio.to_thread(self._compiled.keep_only, macs)
            outcome.seconds = round(time.monotonic() - began, 3)
            return outcome

    async def _make(
        self,
        session: AsyncSession,
        page: Sequence[Membership],
        outcome: Outcome,
        macs: set[str],
    ) -> dict[str, bytes]:
        """Return the configs of a page that changed, by MAC, with a handful of queries."""
        ids = [member.device_id for member in page]
        facts = await devices.facts_of(session, ids)
        cards = await devices.macs_of(session, ids)
        volumes = await reading.volumes_of_machines(session, ids)
        reader = reading.of_session(session)
        made: dict[str, bytes] = {}
        for member in page:
            device = facts.get(member.device_id)
            if device is None:  # forgotten since the page was read
                continue
            outcome.machines += 1
            mac = device.boot_mac or cards[member.device_id][0]
            card = member.mac or mac
            made_from = (mac, serve.key_of(member, device, card))
            if self._done.get(member.device_id) == made_from and self._compiled.has(mac):
                macs.add(mac)
                continue
            own = volumes.get(member.device_id, ())
            try:
                config = await serve.of_member(
                    reader, self._sealer, member, device, card, self._kept, own
                )
            except KtizoError as error:
                outcome.failed[member.device_id] = error.message
                self._done.pop(member.device_id, None)
                self.checksums.pop(member.device_id, None)
                continue
            if config is not None:
                self.checksums[member.device_id] = config.sha256
                made[mac] = config.body
                macs.add(mac)
                self._done[member.device_id] = made_from
        return made
