"""Putting the front together: what answers machines, and what it leaves for history."""

from datetime import datetime
from typing import Any

from ktizo.audit.record import AuditSink
from ktizo.boot.answer import Answerer
from ktizo.boot.assets import Assets
from ktizo.boot.knock import KnockSink
from ktizo.boot.machine.assets import AssetRoute
from ktizo.boot.machine.configs import Configs
from ktizo.boot.machine.front import Front
from ktizo.boot.machine.loaders import LoaderRoute
from ktizo.boot.machine.looking import LookConfig
from ktizo.boot.machine.through import Through
from ktizo.boot.tickets import Tickets
from ktizo.core.db import bump_boot_version
from ktizo.core.settings import Settings
from ktizo.devices.identity import Claim
from ktizo.devices.progress import ConfigSink, InspectionSink, OfferCounter, OfferSink
from ktizo.devices.sighting import SightingSink
from ktizo.events.kinds import EventKind
from ktizo.events.record import EventSink, record
from ktizo.network.neighbours import Cards
from ktizo.providers.doors import Doors


def open_front(state: Any, settings: Settings, events: EventSink) -> None:
    """Put answerer, assets and front on the app's `state`, which has everything they need.

    `events`: the app's own sink; whoever listens to it hears of the front's events too.
    """

    def notify_claim(
        kind: str, claim: Claim, device_id: int | None, at: datetime, data: dict[str, Any]
    ) -> None:
        record(
            state.writer,
            EventKind(kind),
            mac=claim.mac,
            device_id=device_id,
            address=claim.address,
            data=data,
            at=at,
        )

    def notify_device(kind: str, device_id: int, data: dict[str, Any]) -> None:
        record(state.writer, EventKind(kind), device_id=device_id, data=data)

    sightings = SightingSink(notify_claim, bump_boot_version, settings.max_pending)
    offers = OfferSink(notify_device, bump_boot_version, settings.boot_loop_limit)
    # A sink of its own for the front's events: a sink remembers one batch at a time.
    own_events = EventSink()
    own_events.listeners = events.listeners
    inspections = InspectionSink(bump_boot_version, settings.boot_loop_limit)
    counter, looks = OfferCounter(), OfferCounter()
    tickets = Tickets(state.sealer.subkey("tickets"))
    state.answerer = Answerer(state.reader, settings, tickets, counter, state.pairing_key, looks)
    state.assets = Assets(settings.data_dir, state.reader, state.writer)
    look = LookConfig(state.reader, state.db, state.answerer.sinks)
    configs = Configs(
        state.reader,
        state.db,
        tickets,
        state.answerer,
        ConfigSink(),
        state.sealer,
        state.writer,
        look,
    )
    loaders = LoaderRoute(state.lan.places.tftp)
    assets = AssetRoute(state.assets)
    front = Front(
        state.answerer,
        state.reader,
        state.writer,
        KnockSink(sightings, own_events, AuditSink()),
        offers,
        counter,
        inspections=inspections,
        looks=looks,
        base_url=settings.base_url,
        learned=state.watch.learned,
        cards=Cards(),
        routes={
            "/boot/assets/": assets,
            "/boot/images/": assets,
            "/boot/configs/": configs.config,
            "/boot/done/": configs.done,
            "/boot/loaders/": loaders,
        },
    )
    configs.front = loaders.front = assets.front = look.front = front
    older = state.sealer.older_subkeys("doors")
    state.doors = Doors(state.sealer.subkey("doors"), settings.public_url, older)
    state.through = Through(front, state.doors, state.reader)
    # A config handed over by another way counts as an offer too.
    state.front, state.offers, state.counter = front, offers, counter
