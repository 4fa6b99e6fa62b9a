"""When the machine of a rented server has asked for the first time: approved, if that was ordered.

The decision is the one of who confirmed the order, and stands under that name in the audit.
"""

from typing import Any

from ktizo.accounts.actor import OPERATOR
from ktizo.accounts.tokens import Actor
from ktizo.audit.record import Entry, append
from ktizo.core.clock import utc_now
from ktizo.core.db import AsyncSession, bump_boot_version
from ktizo.core.errors import KtizoError
from ktizo.devices import approval
from ktizo.devices import store as devices
from ktizo.devices.admit import admit
from ktizo.devices.door import leave_door
from ktizo.devices.lifecycle import UNDECIDED, State
from ktizo.devices.schemas import Approve
from ktizo.events.kinds import EventKind
from ktizo.events.record import record
from ktizo.providers import store
from ktizo.providers.stages import Stage
from ktizo.providers.store import Rented
from ktizo.provisioning.site import Site


async def approve_arrived(site: Site, server_id: int) -> str:
    """Approve the machine of a server as its order says; return what went wrong, if anything.

    What cannot be done leaves nothing half done, and a person has to approve it.
    """
    try:
        async with site.database.write() as session:
            row = await store.server(session, server_id)
            machine = (await devices.by_doors(session, [server_id])).get(server_id)
            if row.admit is None or machine is None or State(machine.state) not in UNDECIDED:
                return ""
            wanted = Approve.model_validate(row.admit)
            if wanted.hostname is None:
                wanted = wanted.model_copy(update={"hostname": row.name})
            actor = Actor(name=row.ordered_by, role=OPERATOR, id=0)
            rooms = site.rooms_for(site.writer, actor, "")
            what = await admit(session, machine, wanted, rooms, by=row.ordered_by)
            row.admit = None
            await store.save_server(session, row)
            await bump_boot_version(session)
            await _noted(site, session, row, machine.id, machine.boot_mac, what)
    except KtizoError as error:
        problem = (
            f"its machine could not be approved as ordered ({error.message}); approve it by hand"
        )
        async with site.database.write() as session:
            row = await store.server(session, server_id)
            row.admit, row.problem = None, problem
            await store.save_server(session, row)
        return problem
    return ""


async def let_go(session: AsyncSession, row: Rented) -> None:
    """A server is gone: its machine installs nothing, and is nobody's at that boot path any more.

    Its provider rents it to others, and perhaps to us again: under another path, as another order.
    """
    machine = (await devices.by_doors(session, [row.id])).get(row.id)
    if Stage(row.stage) is Stage.GONE and machine is not None:
        await approval.disarm(session, machine, now=utc_now())
        await leave_door(session, machine)


async def _noted(
    site: Site,
    session: AsyncSession,
    row: Rented,
    device_id: int,
    mac: str | None,
    what: dict[str, Any],
) -> None:
    data = {"by": row.ordered_by, "server": row.id, **what}
    entry = Entry(
        at=utc_now(),
        actor=row.ordered_by,
        address=None,
        action=f"devices.{EventKind.APPROVED}",
        subject=f"device {device_id}",
        outcome="ok",
        data=data,
    )
    await append(session, entry)
    record(site.writer, EventKind.APPROVED, mac=mac, device_id=device_id, data=data)
