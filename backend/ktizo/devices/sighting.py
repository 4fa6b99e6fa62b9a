"""Noting who knocked. Runs in the batch writer, after the machine has its answer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from ktizo.core.db import AsyncSession
from ktizo.devices import inspection, store
from ktizo.devices.identity import Claim, Match, compare, probably_same_board
from ktizo.devices.lifecycle import UNDECIDED, Event, State, after
from ktizo.devices.tables import Device

Notify = Callable[[str, Claim, int | None, datetime, dict[str, object]], None]
REFUSED_EVENT_EVERY_S = 300


@dataclass(frozen=True)
class Sighting:
    """One claim and when it was made; `door`: the boot path it came by, None: the LAN's."""

    claim: Claim
    at: datetime
    door: int | None = None


class SightingSink:
    """Turns claims into records: new machines, last-seen times and conflicts."""

    name = "sightings"

    def __init__(self, notify: Notify, bump: Callable[..., object], max_pending: int) -> None:
        self._notify = notify
        self._bump = bump
        self._max_pending = max_pending
        self._news: list[tuple[str, Claim, int | None, datetime, dict[str, object]]] = []
        # Of the batch being written: machines without a number yet, and who has which UUID.
        self._born: list[tuple[Device, Sighting, list[str]]] = []
        self._boards: dict[str, list[Device]] = {}
        self._doors: dict[int, Device] = {}
        self._contested: dict[int, Sighting] = {}
        self._refused_at: datetime | None = None

    def merge(self, old: Sighting, new: Sighting) -> Sighting:
        """Keep the newer of two sightings of one MAC, with what only the older knew.

        By another boot path it may be another machine: then who came first is the one.
        """
        if old.door != new.door:
            return old
        kept = {
            name: value
            for name in ("uuid", "serial", "vendor", "product", "asset", "firmware", "arch")
            if getattr(new.claim, name) is None and (value := getattr(old.claim, name)) is not None
        }
        return replace(new, claim=replace(new.claim, **kept)) if kept else new

    async def write(self, session: AsyncSession, items: Sequence[Sighting]) -> None:
        """Note a batch of sightings."""
        self._news, self._born, self._contested = [], [], {}
        changed = False
        owners = await store.by_macs(session, {m for s in items for m in s.claim.all_macs})
        self._doors = await store.by_doors(session, {s.door for s in items if s.door is not None})
        self._boards = await _boards(session, items, owners)
        room = self._max_pending - await store.count(session, State.PENDING, State.CONFLICT)
        for seen in items:
            device = owners.get(seen.claim.mac)
            if device is not None:
                changed |= await self._known(session, device, seen, owners)
            elif seen.door is not None and seen.door in self._doors:
                continue  # a boot path is one machine's: it was told to boot from its own disk
            elif room > 0:
                device = await self._new(session, seen, owners)
                owners[seen.claim.mac] = device
                changed, room = True, room - 1
            else:
                self._refuse(seen)
        await self._deliver(session)
        await self._end_inspections(session)
        if changed:
            await self._bump(session)  # type: ignore[misc]

    def after_commit(self, items: Sequence[Sighting]) -> None:  # noqa: ARG002
        """Tell the timeline what was new."""
        for news in self._news:
            self._notify(*news)

    def _refuse(self, seen: Sighting) -> None:
        last = self._refused_at
        if last is None or (seen.at - last).total_seconds() >= REFUSED_EVENT_EVERY_S:
            self._refused_at = seen.at
            self._news.append(
                (
                    "device_not_recorded",
                    seen.claim,
                    None,
                    seen.at,
                    {"max_pending": self._max_pending},
                )
            )

    async def _known(
        self, session: AsyncSession, device: Device, seen: Sighting, owners: dict[str, Device]
    ) -> bool:
        claim = seen.claim
        others = [o for m in claim.all_macs if (o := owners.get(m)) and o is not device]
        if others or device.id is None:
            await self._deliver(session)
        strangers = {other.id for other in others}
        if compare(device.uuid, device.serial, claim) is Match.DIFFERS:
            return self._contest(device, seen, "its UUID or serial changed")
        if strangers:
            return self._contest(device, seen, f"its cards are machine {min(strangers)}'s as well")
        changed = False
        self._describe(device, claim)
        # Until somebody decides, or before its first knock, a machine may say who it is. What was
        # approved is what was seen then: nobody adds a card or a mark to it by asking.
        if device.first_seen is None or State(device.state) in UNDECIDED:
            changed = self._take_marks(device, claim)
            for mac in claim.all_macs:
                if mac not in owners:
                    await store.add_mac(session, device.id, mac)
                    owners[mac] = device
                    changed = True
        changed |= self._bind(device, seen)
        state = after(State(device.state), Event.SEEN)
        changed |= state != device.state
        device.state = state
        device.first_seen = device.first_seen or seen.at
        device.last_seen = seen.at
        device.address = claim.address or device.address
        device.boot_mac = claim.mac
        return changed

    def _bind(self, device: Device, seen: Sighting) -> bool:
        """Let hardware that is rented again be the server it is now (boot/door.py comes_back)."""
        if seen.door is None or device.door is not None or seen.door in self._doors:
            return False
        if State(device.state) not in UNDECIDED:
            return False
        device.door, self._doors[seen.door] = seen.door, device
        return True

    def _take_marks(self, device: Device, claim: Claim) -> bool:
        """Fill in marks that were not known; recorded ones are never overwritten here."""
        changed = False
        for mark in ("uuid", "serial"):
            if getattr(device, mark) is None and getattr(claim, mark) is not None:
                setattr(device, mark, getattr(claim, mark))
                changed = True
                if mark == "uuid":
                    self._boards.setdefault(claim.uuid or "", []).append(device)
        return changed

    def _describe(self, device: Device, claim: Claim) -> None:
        """Keep what it says of its make; nothing is decided by that."""
        for fact in ("vendor", "product", "asset", "firmware", "arch"):
            if (value := getattr(claim, fact)) is not None:
                setattr(device, fact, value)

    async def _end_inspections(self, session: AsyncSession) -> None:
        """Stop looking at machines that were contested: nobody knows which of two it would be."""
        for device_id, seen in self._contested.items():
            if await inspection.end(session, device_id, "decided", seen.at) is not None:
                how: dict[str, object] = {"how": "decided"}
                self._news.append(("inspection_ended", seen.claim, device_id, seen.at, how))

    def _contest(self, device: Device, seen: Sighting, why: str) -> bool:
        if device.state in {State.CONFLICT, State.REJECTED}:
            return False
        device.state_before = device.state
        device.state = after(State(device.state), Event.CONFLICT_FOUND)
        device.conflict = {
            "why": why,
            "uuid": seen.claim.uuid,
            "serial": seen.claim.serial,
            "macs": list(seen.claim.all_macs),
            "address": seen.claim.address,
            "at": seen.at.isoformat(),
        }
        device.updated_at = seen.at
        self._contested[device.id] = seen
        self._news.append(("conflict", seen.claim, device.id, seen.at, {"why": why}))
        return True

    async def _new(
        self, session: AsyncSession, seen: Sighting, owners: dict[str, Device]
    ) -> Device:
        claim = seen.claim
        like = self._resembles(claim)
        like = like or next((o for m in claim.all_macs if (o := owners.get(m))), None)
        if like is not None:
            await self._deliver(session)
        device = Device(
            state=State.CONFLICT if like else State.PENDING,
            boot_mac=claim.mac,
            uuid=claim.uuid,
            serial=claim.serial,
            vendor=claim.vendor,
            product=claim.product,
            asset=claim.asset,
            firmware=claim.firmware,
            arch=claim.arch,
            address=claim.address,
            first_seen=seen.at,
            last_seen=seen.at,
            created_at=seen.at,
            updated_at=seen.at,
        )
        if seen.door is not None and seen.door not in self._doors:
            # The first machine that asks under a server's boot path is that server, for good.
            device.door, self._doors[seen.door] = seen.door, device
        if like is not None:
            why = f"it has the UUID or a network card of machine {like.id}"
            device.conflict = {"why": why, "like": like.id, "at": seen.at.isoformat()}
        free = [mac for mac in claim.all_macs if mac not in owners]
        owners.update(dict.fromkeys(free, device))
        self._born.append((device, seen, free))
        if claim.uuid is not None:
            self._boards.setdefault(claim.uuid, []).append(device)
        return device

    def _resembles(self, claim: Claim) -> Device | None:
        for device in self._boards.get(claim.uuid or "", []):
            if probably_same_board(device.uuid, device.serial, claim):
                return device
        return None

    async def _deliver(self, session: AsyncSession) -> None:
        """Insert the new machines so far: together, for each alone costs ten times as much.

        Only after that they have a number, which the timeline and a conflict speak of.
        """
        born, self._born = self._born, []
        await store.add_all(session, [(device, macs) for device, _, macs in born])
        for device, seen, _ in born:
            said = _first_words(seen.claim)
            self._news.append(("device_seen", seen.claim, device.id, seen.at, said))
            if device.conflict is not None:
                contested = dict(device.conflict)
                self._news.append(("conflict", seen.claim, device.id, seen.at, contested))


def _first_words(claim: Claim) -> dict[str, object]:
    said = {name: getattr(claim, name) for name in ("vendor", "product", "firmware", "arch")}
    return {name: value for name, value in said.items() if value is not None}


async def _boards(
    session: AsyncSession, items: Sequence[Sighting], owners: dict[str, Device]
) -> dict[str, list[Device]]:
    """Return the machines recorded with a UUID that a machine with an unknown MAC names."""
    named = {s.claim.uuid for s in items if s.claim.uuid and s.claim.mac not in owners}
    found: dict[str, list[Device]] = {}
    for device in await store.by_uuids(session, named) if named else ():
        found.setdefault(device.uuid or "", []).append(device)
    return found
