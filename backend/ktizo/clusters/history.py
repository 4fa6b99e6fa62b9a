"""What each machine was given, newest first; written after the answer, and bounded."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from ktizo.clusters import sealing, store
from ktizo.clusters.tables import ServedRow
from ktizo.core.db import AsyncSession
from ktizo.core.errors import NotFound
from ktizo.core.seal import Sealer
from ktizo.devices import store as devices

KEPT = 20  # different configs remembered of each machine


class NothingServed(NotFound):
    """The machine never fetched a config, or not the one asked for."""


@dataclass(frozen=True, slots=True)
class ServedConfig:
    """A machine's whole config. `role` and `cluster_version` say what it was made for."""

    device_id: int
    cluster_id: int
    cluster_version: int
    role: str
    sha256: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Served:
    """A config on its way into the history."""

    config: ServedConfig
    sealer: Sealer = field(repr=False)
    lease_id: int
    address: str | None
    at: datetime
    last_at: datetime
    times: int = 1


class ServedSink:
    """Where the writer puts what machines were given."""

    name = "served_configs"
    rank = 0

    def merge(self, old: Served, new: Served) -> Served:
        """Count the same config again."""
        return replace(old, times=old.times + new.times, last_at=max(old.last_at, new.last_at))

    async def write(self, session: AsyncSession, items: Sequence[Served]) -> None:
        """Note a batch; a machine that is gone by now has no history."""
        there = await devices.macs_of(session, {item.config.device_id for item in items})
        for item in items:
            if item.config.device_id in there:
                await _note(session, item)

    def after_commit(self, items: Sequence[Served]) -> None:
        """Nobody waits for this."""


SINK = ServedSink()


async def _note(session: AsyncSession, item: Served) -> None:
    config = item.config
    newest = await store.newest_served(session, config.device_id)
    same = newest is not None and newest.sha256 == config.sha256
    if same and newest is not None and newest.lease_id == item.lease_id:
        newest.times, newest.last_at = newest.times + item.times, item.last_at
        newest.address = item.address
        return
    sealed = sealing.seal_config(item.sealer, config.body, config.device_id, config.sha256)
    row = ServedRow(
        device_id=config.device_id,
        cluster_id=config.cluster_id,
        cluster_version=config.cluster_version,
        role=config.role,
        lease_id=item.lease_id,
        address=item.address,
        sha256=config.sha256,
        size=len(config.body),
        config=sealed,
        at=item.at,
        last_at=item.last_at,
        times=item.times,
    )
    await store.add_served(session, row, keep=KEPT)


async def last_config(
    session: AsyncSession, sealer: Sealer, device_id: int, served_id: int | None = None
) -> tuple[ServedRow, bytes]:
    """Return what the machine was last given, or `served_id` of its history; opened."""
    row = await store.served(session, device_id, served_id)
    if row is None:
        raise NothingServed(f"machine {device_id} was not given such a config yet")
    return row, sealing.open_config(sealer, row.config, device_id, row.sha256)
