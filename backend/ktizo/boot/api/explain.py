"""Why would it boot that? `GET /api/v1/boot/explain`."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query, Request

from ktizo.accounts.actor import ADMIN
from ktizo.accounts.api import CurrentActor
from ktizo.boot.asking import ARCHES, FIRMWARES, Asking
from ktizo.boot.door import own_door
from ktizo.boot.explain import Explanation, dhcp_replies, explain
from ktizo.boot.hidden import without_tickets
from ktizo.core.clock import utc_now
from ktizo.core.db import AsyncSession, ReadSession
from ktizo.core.errors import Invalid
from ktizo.core.mac import Mac
from ktizo.devices import store as devices
from ktizo.devices.identity import parse_serial, parse_uuid
from ktizo.devices.view import recorded_claim
from ktizo.network import store as network_store
from ktizo.network.draft import offered
from ktizo.network.lan import Lan
from ktizo.network.loaders import Advert

router = APIRouter()

Arch = Annotated[str | None, Query(pattern=f"^({'|'.join(ARCHES)})$")]
Platform = Annotated[str | None, Query(pattern=f"^({'|'.join(FIRMWARES)})$")]
Name = r"^[a-z0-9][a-z0-9-]{0,62}$"


@router.get("/explain")
async def explain_machine(
    request: Request,
    session: ReadSession,
    actor: CurrentActor,
    mac: Annotated[Mac, Query(description="Any spelling.")],
    uuid: Annotated[str, Query(max_length=45, pattern=r"^[0-9A-Fa-f-]*$")] = "",
    serial: Annotated[str, Query(max_length=128)] = "",
    arch: Arch = None,
    platform: Platform = None,
    choice: Annotated[str | None, Query(pattern=Name)] = None,
) -> Explanation:
    """Say what this machine would be told now and why. Nothing is changed by asking.

    Without `uuid` and `serial` the recorded ones are taken, as the machine itself would send them.
    """
    state = request.app.state
    recorded = (await devices.by_macs(session, [mac])).get(mac)
    try:
        parsed = parse_uuid(uuid) if uuid or recorded is None else recorded.uuid
    except ValueError as error:
        raise Invalid(f"uuid: {error}") from error
    known = recorded_claim(mac, recorded)
    claim = replace(
        known,
        uuid=parsed,
        serial=parse_serial(serial) if serial else known.serial,
        arch=ARCHES.get(arch or "", known.arch),
        firmware=FIRMWARES.get(platform or "", known.firmware),
    )
    base, lan, adverts = await offers(request, session)
    door = own_door(recorded.door if recorded else None, base)
    answer = await state.answerer.answer(
        Asking(claim, choice), base, utc_now(), can_record=state.writer.healthy, door=door
    )
    found = explain(mac, answer, dhcp_replies(lan, adverts, base))
    return found if actor.may(ADMIN) else without_tickets(found)


async def offers(
    request: Request, session: AsyncSession
) -> tuple[str, Lan | None, tuple[Advert, ...]]:
    """Return how machines reach Ktizo, the LAN's settings, and what DHCP offers there."""
    state = request.app.state
    lan = await network_store.get(session)
    offer = await offered(lan, state.settings) if lan is not None else None
    base = state.settings.base_url or (offer.base if offer else state.front.base(request.scope))
    return base, lan, offer.adverts if offer else ()
