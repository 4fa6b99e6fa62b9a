"""What every route of this room shows, and the traces a change leaves."""

from typing import Annotated, Any

from fastapi import Path, Request

from ktizo.accounts.api import CurrentActor, address_of
from ktizo.audit.record import Entry, append
from ktizo.core.clock import utc_now
from ktizo.core.db import AsyncSession
from ktizo.devices import schemas
from ktizo.devices.tables import Device, Inspection
from ktizo.devices.view import views
from ktizo.events.kinds import EventKind
from ktizo.events.record import record

DeviceId = Annotated[int, Path(ge=1, lt=2**31)]


async def shown(request: Request, session: AsyncSession, device: Device) -> schemas.DeviceView:
    """Return one machine as the API shows it."""
    return (await views(session, [device], request.app.state.pairing_key))[0]


async def note(
    request: Request,
    session: AsyncSession,
    actor: CurrentActor,
    kind: EventKind,
    device: Device,
    **data: Any,
) -> None:
    """Leave both traces of a change: the audit line in its transaction, the event on the timeline.

    The event goes out with the writer's next flush, so the stream never runs ahead of the rows.
    """
    entry = Entry(
        at=utc_now(),
        actor=actor.name,
        address=address_of(request),
        action=f"devices.{kind}",
        subject=f"device {device.id}",
        outcome="ok",
        data=data,
    )
    await append(session, entry)
    record(
        request.app.state.writer,
        kind,
        mac=device.boot_mac,
        device_id=device.id,
        data={"by": actor.name, **data},
    )


def note_looking_ended(
    request: Request, actor: CurrentActor, device: Device, looking: Inspection | None
) -> None:
    """Tell the timeline that what was just decided also ended the machine's inspection.

    `looking`: the inspection that was open before; the audit's line is the decision's own.
    """
    if looking is not None and looking.ended_at is not None:
        record(
            request.app.state.writer,
            EventKind.INSPECTION_ENDED,
            mac=device.boot_mac,
            device_id=device.id,
            data={"by": actor.name, "how": looking.end},
        )
