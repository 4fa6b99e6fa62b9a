"""Counting what was handed out, so that a machine that only loops is held on its disk."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from ktizo.core.db import AsyncSession
from ktizo.devices import lease, store
from ktizo.devices.lifecycle import MAY_INSTALL, Event, State, after

Notify = Callable[[str, int, dict[str, object]], None]


@dataclass(slots=True)
class Offer:
    """An installer left for a machine; `count` is how many this lease has given so far."""

    device_id: int
    lease_id: int
    count: int
    at: datetime


class OfferCounter:
    """How often each lease, or inspection, was used, known at once: the database hears of it later.

    Without the memory a machine could be served for ever while the disk is full.
    """

    def __init__(self) -> None:
        self._offers: dict[int, int] = {}

    def of(self, lease_id: int, recorded: int) -> int:
        """Return how often the lease was used: recorded or since."""
        return max(recorded, self._offers.get(lease_id, 0))

    def add(self, lease_id: int, recorded: int) -> int:
        """Count one more use and return the new number."""
        count = self.of(lease_id, recorded) + 1
        self._offers[lease_id] = count
        return count


class OfferSink:
    """Writes the counts down and declares the boot loop."""

    name = "offers"
    rank = 0

    def __init__(
        self, notify: Notify, bump: Callable[[AsyncSession], Awaitable[None]], limit: int
    ) -> None:
        """`limit`: installers one lease gives."""
        self._notify = notify
        self._bump = bump
        self._limit = limit
        self._loops: list[Offer] = []

    def merge(self, old: Offer, new: Offer) -> Offer:
        """Keep the higher count."""
        return new if new.count >= old.count else old

    async def write(self, session: AsyncSession, items: Sequence[Offer]) -> None:
        """Note a batch of offers; a lease that ended meanwhile is left alone.

        A count alone changes no decision before it reaches the limit: until then whatever is kept
        of these machines, and of all others, stays what they would be told anew.
        """
        self._loops = []
        ids = {offer.device_id for offer in items}
        leases = await store.open_leases(session, ids)
        devices = await store.by_ids(session, ids)
        moved = False
        for offer in items:
            held, device = leases.get(offer.device_id), devices.get(offer.device_id)
            if held is None or device is None or held.id != offer.lease_id:
                continue
            held.offers = max(held.offers, offer.count)
            state = State(device.state)
            if state not in MAY_INSTALL:
                continue
            looping = offer.count > self._limit
            event = Event.LOOP_FOUND if looping else Event.INSTALLER_SENT
            device.state, device.updated_at = after(state, event), offer.at
            if looping:
                await lease.end(session, device, "revoked", now=offer.at)
                self._loops.append(offer)
            moved |= offer.count >= self._limit
        if moved:
            await self._bump(session)

    def after_commit(self, items: Sequence[Offer]) -> None:  # noqa: ARG002
        """Tell the timeline about loops."""
        for offer in self._loops:
            self._notify("boot_loop", offer.device_id, {"offers": offer.count})


@dataclass(frozen=True)
class ConfigFetched:
    """A machine used its lease's ticket from `address` for the first time."""

    device_id: int
    lease_id: int
    address: str


class ConfigSink:
    """Writes down which address a lease's ticket belongs to, so that a restart does not forget."""

    name = "config_fetches"
    rank = 0

    def merge(self, old: ConfigFetched, new: ConfigFetched) -> ConfigFetched:  # noqa: ARG002
        """Keep the first."""
        return old

    async def write(self, session: AsyncSession, items: Sequence[ConfigFetched]) -> None:
        """Note a batch of first fetches."""
        leases = await store.open_leases(session, {item.device_id for item in items})
        for item in items:
            held = leases.get(item.device_id)
            if held is not None and held.id == item.lease_id and held.config_address is None:
                held.config_address = item.address

    def after_commit(self, items: Sequence[ConfigFetched]) -> None:
        """Nobody waits for this."""


@dataclass(frozen=True, slots=True)
class Looked:
    """A machine used its inspection: how often it booted so far, and who fetched its config."""

    device_id: int
    inspection_id: int
    boots: int = 0
    address: str | None = None


class InspectionSink:
    """Writes down how often an inspection was booted, and which address its ticket belongs to."""

    name = "inspections"
    rank = 0

    def __init__(self, bump: Callable[[AsyncSession], Awaitable[None]], limit: int) -> None:
        """`limit`: boots one inspection gives."""
        self._bump = bump
        self._limit = limit

    def merge(self, old: Looked, new: Looked) -> Looked:
        """Keep the higher count and the first address."""
        boots = max(old.boots, new.boots)
        return Looked(old.device_id, old.inspection_id, boots, old.address or new.address)

    async def write(self, session: AsyncSession, items: Sequence[Looked]) -> None:
        """Note a batch; an inspection that ended meanwhile is left alone."""
        held = await store.inspections_of(session, {item.device_id for item in items})
        used_up = False
        for item in items:
            found = held.get(item.device_id)
            if found is None or found.id != item.inspection_id:
                continue
            found.boots = max(found.boots, item.boots)
            found.address = found.address or item.address
            used_up |= item.boots >= self._limit
        if used_up:  # before that a count changes no answer
            await self._bump(session)

    def after_commit(self, items: Sequence[Looked]) -> None:
        """Nobody waits for this."""
