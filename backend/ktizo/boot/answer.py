"""One question, one answer: look up the facts, decide, render. Used by the front and by explain.

Nothing is written here, so asking never changes anything.
"""

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime

from ktizo.boot import render, store
from ktizo.boot.asking import Asking
from ktizo.boot.chosen import NO_LOOK, NOTHING_CHOSEN, Chosen, Look
from ktizo.boot.cmdline import command_line
from ktizo.boot.configs import ConfigFacts, config_names
from ktizo.boot.decide import Action, Decision, Facts, ProfileState, decide
from ktizo.boot.door import right_door
from ktizo.boot.files import files_for
from ktizo.boot.look import look
from ktizo.boot.profile import TALOS, Profile, ProfileType
from ktizo.boot.profiles import KINDS
from ktizo.boot.sinks import Sinks
from ktizo.boot.telling import WAIT, Told
from ktizo.boot.tickets import Tickets
from ktizo.core import urls
from ktizo.core.bootdb import BootReader
from ktizo.core.errors import Invalid, Unavailable
from ktizo.core.settings import Settings, UnknownPolicy
from ktizo.devices import store as devices
from ktizo.devices.facts import DeviceFacts
from ktizo.devices.identity import Claim, Match, compare, shows_its_marks
from ktizo.devices.lifecycle import UNDECIDED
from ktizo.devices.pairing import pairing_code
from ktizo.devices.progress import OfferCounter
from ktizo.providers.doors import DoorFacts


@dataclass(frozen=True)
class Answer:
    """What a machine is told, and everything that led there."""

    decision: Decision
    body: bytes
    status: int = 200
    claim: Claim | None = None
    device: DeviceFacts | None = None
    chosen: Chosen = NOTHING_CHOSEN
    code: str = ""
    look: Look = NO_LOOK

    @property
    def offers_installer(self) -> bool:
        """Say whether this answer uses the machine's lease."""
        return self.decision.action is Action.BOOT

    @property
    def inspects(self) -> bool:
        """Say whether this answer uses the machine's inspection."""
        return self.decision.action is Action.INSPECT


class Answerer:
    """Knows how to answer; holds what every answer needs."""

    def __init__(
        self,
        reader: BootReader,
        settings: Settings,
        tickets: Tickets,
        counter: OfferCounter,
        pairing_key: bytes,
        looks: OfferCounter,
    ) -> None:
        """`counter` and `looks` know how often leases and inspections were used."""
        self._reader = reader
        self._policy = settings.unknown_machines
        self.limit = settings.boot_loop_limit
        self._tickets = tickets
        self._counter = counter
        self._pairing_key = pairing_key
        self._looks = looks
        self.sinks = Sinks(settings.event_sink_port, settings.kernel_log_port)

    def over(self, reader: BootReader) -> "Answerer":
        """Return one that reads through `reader`, such as a transaction that will be taken back."""
        other = copy(self)
        other._reader = reader
        return other

    async def answer(
        self,
        asking: Asking | None,
        base: str,
        now: datetime,
        *,
        can_record: bool,
        own_card: bool = True,
        door: DoorFacts | None = None,
    ) -> Answer:
        """Return the answer to `asking` (None: it could not be read). Never raises for bad input.

        `base` is how this machine reaches Ktizo, as `http://host:port`; with a `door`, the boot
        path of a rented server, it ends with that.
        """
        if asking is None:
            return self._render(Facts(state=None, readable=False), None, base)
        try:
            device = await devices.boot_facts(self._reader, asking.claim.mac)
            right = await right_door(self._reader, device, asking.claim, door)
            chosen = await self._choose(device, asking, base)
            seen = await self._look(device, asking, now, base)
        except Unavailable:
            return self._render(Facts(state=None, database=False), asking.claim, base)
        common = Facts(state=None, can_record=can_record, own_card=own_card, right_door=right)
        if door is not None:  # somebody ordered it to be booted from here: it waits for a decision
            common = replace(common, unknown_policy=UnknownPolicy.HOLD)
        else:
            common = replace(common, unknown_policy=self._policy)
        facts = replace(self._facts(asking, device, chosen, now, common), look=seen.state)
        items = await self._items(chosen) if facts.profile is ProfileState.MENU else ()
        return self._render(facts, asking.claim, base, device, chosen, items, seen)

    def _facts(
        self,
        asking: Asking,
        device: DeviceFacts | None,
        chosen: Chosen,
        now: datetime,
        common: Facts,
    ) -> Facts:
        common = replace(
            common,
            chose_to_wait=asking.choice == WAIT,
            offers_limit=self.limit,
        )
        if device is None:
            return common
        lease, open_ = device.lease, device.inspection
        return replace(
            common,
            state=device.state,
            same_identity=compare(device.uuid, device.serial, asking.claim) is Match.SAME,
            shows_its_marks=shows_its_marks(device.uuid, device.serial, asking.claim),
            lease_live=lease is not None and lease.live(now),
            offers=self._counter.of(lease.id, lease.offers) if lease else 0,
            look_boots=self._looks.of(open_.id, open_.boots) if open_ else 0,
            profile=chosen.state,
        )

    async def _choose(self, device: DeviceFacts | None, asking: Asking, base: str) -> Chosen:
        if device is None or device.lease is None:
            return NOTHING_CHOSEN
        assigned = await store.assigned(self._reader, device.id, device.role)
        if assigned is None:
            return NOTHING_CHOSEN
        profile, parameters = assigned
        wanted = None if asking.choice == WAIT else asking.choice
        if wanted is not None and wanted != profile.name:
            if profile.type is not ProfileType.MENU:
                return Chosen(ProfileState.NOT_ASSIGNED, profile)
            picked = await store.by_name(self._reader, wanted)
            if picked is None:
                return Chosen(ProfileState.NOT_ASSIGNED, profile)
            profile = picked
        return await self._ready(profile, parameters, device, asking.claim, base)

    async def _look(
        self, device: DeviceFacts | None, asking: Asking, now: datetime, base: str
    ) -> Look:
        """Return what the machine would boot to be looked at; nothing unless that was asked for."""
        if device is None or device.state not in UNDECIDED:
            return NO_LOOK
        if device.inspection is None or not device.inspection.live(now):
            return NO_LOOK
        arch = asking.claim.arch
        return await look(
            self._reader, self._tickets, self.sinks, device, device.inspection, arch, base
        )

    async def _ready(
        self,
        profile: Profile,
        parameters: Mapping[str, str],
        device: DeviceFacts,
        claim: Claim,
        base: str,
    ) -> Chosen:
        if profile.type is ProfileType.LOCAL_DISK:
            return Chosen(ProfileState.LOCAL_DISK, profile, parameters)
        if profile.type is ProfileType.MENU:
            return Chosen(ProfileState.MENU, profile, parameters)
        try:
            files = await files_for(self._reader, profile, device.id, claim.arch)
            facts = await self.config_facts(profile, parameters, device, claim.mac, base)
            told = self.sinks.arguments(base) if profile.type in TALOS else ()
            cmdline = command_line(profile, parameters, facts, files.line, told)
        except Invalid as error:
            return Chosen(ProfileState.BROKEN, profile, parameters, error.message)
        return Chosen(ProfileState.READY, profile, parameters, "", cmdline, files)

    async def config_facts(
        self,
        profile: Profile,
        parameters: Mapping[str, str],
        device: DeviceFacts,
        mac: str,
        base: str,
    ) -> ConfigFacts:
        """Return the variables this machine's command line and config may use."""
        if device.lease is None:
            raise Invalid("the machine holds no lease")
        ticket = self._tickets.config(device.id, device.lease, profile.id)
        file = next(iter(config_names(profile, KINDS[profile.type])), "")
        return ConfigFacts(
            device_id=device.id,
            hostname=device.hostname or f"node-{mac.replace(':', '')[-6:]}",
            mac=mac,
            macs=await devices.boot_macs(self._reader, device.id),
            uuid=device.uuid or "",
            serial=device.serial or "",
            role=device.role or "",
            tags=device.tags,
            profile=profile.name,
            parameters=dict(parameters),
            base_url=base,
            asset_base=f"{base}/boot/assets/{profile.name}",
            config_base=f"{base}{urls.config(ticket, '').rstrip('/')}",
            config_url=f"{base}{urls.config(ticket, file)}" if file else "",
            done_url=f"{base}{urls.done(self._tickets.done(device.id, device.lease))}",
        )

    async def _items(self, chosen: Chosen) -> tuple[render.MenuItem, ...]:
        own = chosen.profile.name if chosen.profile else ""
        found = await store.bootable(self._reader)
        return tuple(
            render.MenuItem(name, render.plain(KINDS[kind].title + " - " + name))
            for name, kind in found
            if name != own
        )

    def _render(
        self,
        facts: Facts,
        claim: Claim | None,
        base: str,
        device: DeviceFacts | None = None,
        chosen: Chosen = NOTHING_CHOSEN,
        items: tuple[render.MenuItem, ...] = (),
        seen: Look = NO_LOOK,
    ) -> Answer:
        decision = decide(facts)
        code = pairing_code(self._pairing_key, claim.mac) if claim else ""
        told = Told(decision, facts, claim, base, device, chosen, seen, items, code)
        # The HTTP 404 hand-over: iPXE's fetch fails, and boot.ipxe ends with the firmware's own
        # order. UEFI gets the script, where `exit 1` does the same and says why.
        handover = device.handover if device else "sanboot"
        not_found = handover == "http_404" and (claim is None or claim.firmware != "uefi")
        refused = decision.action is Action.LOCAL_DISK and not_found
        body = f"local_disk: {decision.reason}\n" if refused else told.script()
        status = 404 if refused else 200
        return Answer(decision, body.encode(), status, claim, device, chosen, code, seen)
