"""What would happen if I said yes? `POST /api/v1/boot/rehearse`."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import Field

from ktizo.accounts.api import CurrentActor, address_of
from ktizo.boot.answer import Answer, Answerer
from ktizo.boot.api.explain import offers
from ktizo.boot.asking import Asking
from ktizo.boot.configs import config_file, config_names
from ktizo.boot.decide import Rule
from ktizo.boot.door import own_door
from ktizo.boot.explain import Explanation, dhcp_replies, explain
from ktizo.boot.hidden import no_tickets, without_tickets
from ktizo.boot.profile import TALOS, Profile
from ktizo.boot.profiles import KINDS
from ktizo.clusters.changes import Desk
from ktizo.clusters.preview import preview
from ktizo.clusters.reading.store import member, of_session
from ktizo.core.clock import utc_now
from ktizo.core.db import WriteSession
from ktizo.core.errors import Conflict, Invalid, NotFound
from ktizo.core.writer import Writer
from ktizo.devices import store as devices
from ktizo.devices.admit import admit
from ktizo.devices.facts import DeviceFacts
from ktizo.devices.schemas import Approve
from ktizo.devices.view import recorded_claim

router = APIRouter()


class RehearseIn(Approve):
    """An approval to try."""

    device_id: Annotated[int, Field(ge=1, lt=2**31)]


@dataclass(frozen=True)
class Rehearsal:
    """What an approval would lead to.

    `config` is what the machine would fetch, with fingerprints in place of cluster secrets. It is
    there too while something else of the profile is missing, such as its kernel; empty when the
    profile has none, or it cannot be made.
    """

    explanation: Explanation
    config_name: str
    config: str
    warnings: list[str]


@router.post("/rehearse")
async def rehearse(
    body: RehearseIn, request: Request, session: WriteSession, actor: CurrentActor
) -> Rehearsal:
    """Show script and config a machine would get if it were approved so. Nothing of it stays.

    Refused as the approval itself would be.
    """
    state = request.app.state
    device = await devices.get(session, body.device_id)
    unheard = Writer(state.db.write)  # never started: what is told here reaches nobody
    address = address_of(request)
    try:
        rooms = state.rooms_for(unheard, actor, address)
        wanted = Approve(**body.model_dump(exclude={"device_id"}, exclude_unset=True))
        await admit(session, device, wanted, rooms, by=actor.name)
        await session.flush()
        macs = (await devices.macs_of(session, [device.id]))[device.id]
        claim = recorded_claim(device.boot_mac or macs[0], device)
        answerer = state.answerer.over(of_session(session))
        base, lan, adverts = await offers(request, session)
        door = own_door(device.door, base)
        answer = await answerer.answer(Asking(claim), base, utc_now(), can_record=True, door=door)
        desk = Desk(session, state.sealer, unheard, actor, address)
        name, config, warnings = await _config(desk, answerer, answer, base)
        found = explain(claim.mac, answer, dhcp_replies(lan, adverts, base))
        # Its tickets are the very ones that the approval would make, and would open the secrets.
        return Rehearsal(without_tickets(found), name, config, warnings)
    finally:
        await session.rollback()


async def _config(
    desk: Desk, answerer: Answerer, answer: Answer, base: str
) -> tuple[str, str, list[str]]:
    profile, device = answer.chosen.profile, answer.device
    broken = answer.decision.rule is Rule.PROFILE_BROKEN
    if profile is None or device is None or not (broken or answer.offers_installer):
        return "", "", []
    name = next(iter(config_names(profile, KINDS[profile.type])), "")
    if not name:
        return "", "", []
    try:
        return name, *await _made(desk, answerer, answer, profile, device, base)
    except (Conflict, Invalid, NotFound) as why:
        if not broken:
            raise
        return name, "", [why.message]


async def _made(
    desk: Desk,
    answerer: Answerer,
    answer: Answer,
    profile: Profile,
    device: DeviceFacts,
    base: str,
) -> tuple[str, list[str]]:
    if profile.type in TALOS and await member(of_session(desk.session), device.id):
        shown = await preview(desk, device.id, None)
        return shown.config, shown.warnings
    mac = answer.claim.mac if answer.claim else ""
    facts = await answerer.config_facts(profile, answer.chosen.parameters or {}, device, mac, base)
    kind = KINDS[profile.type]
    made = config_file(profile, kind, no_tickets(facts), config_names(profile, kind)[0])
    return made.decode(), []
