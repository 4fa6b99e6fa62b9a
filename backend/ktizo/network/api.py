"""The LAN, for people: settings, a check without consequences, status."""

import asyncio
from dataclasses import asdict, replace
from typing import Annotated

from fastapi import APIRouter, Depends, Request

from ktizo.accounts.api import CallerAddress, CurrentActor, needs_admin
from ktizo.core.db import ReadSession
from ktizo.core.settings import Settings
from ktizo.network import loaders, place, store
from ktizo.network.change import Appliance, change
from ktizo.network.draft import Draft, draft
from ktizo.network.errors import LanNotSetUp
from ktizo.network.interfaces import interfaces
from ktizo.network.lan import UefiLoader
from ktizo.network.reply import reply_for
from ktizo.network.schemas import (
    CheckAnswer,
    FindingAnswer,
    InterfaceAnswer,
    LanAnswer,
    LanSettings,
    LoaderAnswer,
    ReplyAnswer,
    StatusAnswer,
)
from ktizo.network.supervise import Supervisor

router = APIRouter(prefix="/api/v1/network", tags=["network"])


def settings_of(request: Request) -> Settings:
    """Return the settings of this Ktizo."""
    settings: Settings = request.app.state.settings
    return settings


def supervisor_of(request: Request) -> Supervisor:
    """Return the owner of dnsmasq."""
    supervisor: Supervisor = request.app.state.lan
    return supervisor


def appliance_of(request: Request) -> Appliance:
    """Return what a change of the LAN needs; no session: it must hold no transaction open."""
    state = request.app.state
    return Appliance(state.db, state.writer, state.lan, state.settings)


Options = Annotated[Settings, Depends(settings_of)]
Dnsmasq = Annotated[Supervisor, Depends(supervisor_of)]


@router.get("/lan")
async def read_lan(session: ReadSession) -> LanAnswer:
    """Return the LAN as it was decided; 404 before anyone has."""
    lan = await store.get(session)
    if lan is None:
        raise LanNotSetUp("no LAN is set up yet; PUT /api/v1/network/lan")
    return LanAnswer.of(lan)


@router.put("/lan", dependencies=[Depends(needs_admin)])
async def write_lan(
    wish: LanSettings,
    appliance: Annotated[Appliance, Depends(appliance_of)],
    actor: CurrentActor,
    address: CallerAddress,
) -> LanAnswer:
    """Change the LAN. With `enabled`, dnsmasq must come up with it, else all stays as it was."""
    return LanAnswer.of(await change(wish.lan(), appliance, by=actor.name, address=address))


@router.post("/lan/check")
async def check_lan(wish: LanSettings, options: Options, dnsmasq: Dnsmasq) -> CheckAnswer:
    """Show the file these settings make and what is wrong with it; nothing is changed."""
    would = await draft(wish.lan(), options)
    verdict = await dnsmasq.check(would.wanted.conf)
    return CheckAnswer(
        ok=verdict.ok and not any(one.blocking for one in would.findings),
        dnsmasq_conf=would.wanted.conf,
        dnsmasq_says=verdict.says,
        findings=[FindingAnswer(**asdict(one)) for one in would.findings],
        replies=_replies(would),
    )


@router.get("/status")
async def read_status(session: ReadSession, options: Options, dnsmasq: Dnsmasq) -> StatusAnswer:
    """Return how dnsmasq is and which loader each architecture is offered."""
    lan = await store.get(session)
    choice = lan.uefi_loader if lan else UefiLoader.IPXE
    now = dnsmasq.status
    return StatusAnswer(
        set_up=lan is not None,
        enabled=lan is not None and lan.enabled,
        running=now.running,
        pid=now.pid,
        since=now.since,
        restarts=now.restarts,
        last_error=now.last_error,
        notes=list(now.notes),
        loaders=await asyncio.to_thread(_loaders, options, dnsmasq, choice),
    )


@router.get("/interfaces")
async def read_interfaces() -> list[InterfaceAnswer]:
    """Return the network interfaces of this box, to choose one."""
    found = await asyncio.to_thread(interfaces)
    return [
        InterfaceAnswer(
            name=one.name, mac=one.mac, up=one.up, addresses=[str(x) for x in one.addresses]
        )
        for one in found
    ]


def _replies(would: Draft) -> list[ReplyAnswer]:
    lan, offer = replace(would.lan, enabled=True), would.offered
    kinds = [(one.code, one.label, False) for one in loaders.ARCHITECTURES]
    found = []
    for arch, label, ipxe in (*kinds, (0, "iPXE, any firmware", True)):
        reply = reply_for(lan, offer.adverts, offer.base, arch=arch, ipxe=ipxe)
        found.append(ReplyAnswer(arch=arch, firmware=label, ipxe=ipxe, **asdict(reply)))
    return found


def _loaders(options: Settings, dnsmasq: Supervisor, choice: UefiLoader) -> list[LoaderAnswer]:
    found = loaders.find(options.loaders_dir)
    files = {name: place.look_at(name, dnsmasq.places.tftp) for name in found}
    answers = []
    for advert in loaders.advertise(found, choice):
        placed = files.get(advert.file or "")
        answers.append(
            LoaderAnswer(
                arch=advert.architecture.code,
                label=advert.architecture.label,
                over=advert.architecture.over.value,
                file=advert.file,
                why=advert.why,
                present=placed is not None,
                size=placed.size if placed else None,
                sha256=placed.sha256 if placed else None,
                source=str(found[advert.file]) if advert.file else None,
            )
        )
    return answers
