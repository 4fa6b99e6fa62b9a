"""What people have done to a rented server: reinstalled, given back, switched, adopted, forgotten.

Each asks the provider outside of any transaction. What erases writes down first that it may have.
"""

from ktizo.core.clock import utc_now
from ktizo.core.db import AsyncSession
from ktizo.core.errors import Conflict, KtizoError
from ktizo.devices import approval
from ktizo.devices import store as devices
from ktizo.devices.door import leave_door
from ktizo.devices.lifecycle import PROVED, State
from ktizo.devices.schemas import Approve
from ktizo.providers import store
from ktizo.providers.base import Capability, PowerAction, Server
from ktizo.providers.desk import Office
from ktizo.providers.errors import Gone, NotYet, OrderUnknown, Unsupported
from ktizo.providers.guard import ConfirmationMissing, Guard, echo_of_loss
from ktizo.providers.sealing import declaration_of
from ktizo.providers.stages import ENDED, Stage
from ktizo.providers.store import Account, Rented
from ktizo.provisioning import reachability, schemas, told
from ktizo.provisioning.arrive import let_go
from ktizo.provisioning.asking import asked
from ktizo.provisioning.order import noted
from ktizo.provisioning.site import Site
from ktizo.provisioning.view import can
from ktizo.provisioning.wish import limits_of, new_tag

LOST = (
    "nobody knows whether the provider did it: look at the server there; asking again is possible"
)


class StillThere(Conflict):
    """The server may still cost something."""


async def _both(office: Office, server_id: int) -> tuple[Rented, Account]:
    async with office.database.read() as session:
        row = await store.server(session, server_id)
        return row, await store.account(session, row.account_id)


def _vendor_id(row: Rented) -> str:
    if not row.vendor_id:
        raise NotYet(f"it is {row.stage}: the provider has given it no number yet")
    if Stage(row.stage) in ENDED:
        raise Gone(f"it is {row.stage}; order another")
    return row.vendor_id


async def refresh(site: Site, office: Office, server_id: int) -> Rented:
    """Ask the provider how a server is, now."""
    row, account = await _both(office, server_id)
    _vendor_id(row)
    server = await asked(site.clients.of(account, office.by), row, utc_now())
    async with office.writing() as desk:
        row = await store.server(desk.session, server_id)
        told.tell(row, server, utc_now())
        await let_go(desk.session, row)
        await store.save_server(desk.session, row)
    return row


async def reinstall(
    site: Site, office: Office, server_id: int, body: schemas.ReinstallServer
) -> Rented:
    """Erase a server and let it boot from Ktizo again, under a new boot path."""
    row, account = await _both(office, server_id)
    vendor_id, declaration = _vendor_id(row), declaration_of(account.provider)
    if reachability.needed(declaration):
        reachability.insist(
            await reachability.look(site.doors, site.http, site.resolve), unreached=True
        )
    by_rescue = Capability.NEEDS_SSH_RESCUE in declaration.capabilities
    by_image = Capability.IMAGE_REINSTALL in declaration.capabilities
    if not by_rescue and not by_image and not can(account, Capability.IPXE_REINSTALL):
        raise Unsupported(f"{declaration.title} cannot reinstall a server; order another")
    client = site.clients.of(account, office.by)
    guard = Guard(client, limits_of(account))
    before = await client.get_server(vendor_id)
    if body.confirm.strip() != echo_of_loss("reinstall", before):
        echo = echo_of_loss("reinstall", before)
        raise ConfirmationMissing(f"confirm with exactly: {echo}", confirm=echo)
    before_stage, old_door = Stage(row.stage), row.door
    row = await _intend(office, row, account, before, body, by_rescue)
    if by_rescue:
        return row  # the keeper goes the way from here
    try:
        if by_image:
            await guard.reinstall_image(vendor_id, "", body.confirm)
        else:
            boot_url = site.doors.boot_url(row.tag, row.door)
            await guard.reinstall(vendor_id, boot_url, body.confirm)
    except OrderUnknown:
        await _erased(office, server_id, LOST)
        raise
    except KtizoError:
        await _taken_back(office, server_id, old_door, before_stage)
        raise
    return await _erased(office, server_id)


async def _intend(
    office: Office,
    row: Rented,
    account: Account,
    before: Server,
    body: schemas.ReinstallServer,
    by_rescue: bool,
) -> Rented:
    """Open a new boot path, and let its machine install again or wait for an approval."""
    async with office.writing() as desk:
        row = await store.server(desk.session, row.id)
        row.door += 1
        # Into a rescue system no provider reinstalls anything: there is no status to wait for.
        row.left_status = None if by_rescue else before.status
        row.problem, row.settled = "", False
        row.stage, row.updated_at = Stage.ORDERED, utc_now()
        row.way = {"state": "due"} if by_rescue else None
        row.admit = body.approve.model_dump(exclude_none=True) if body.approve else None
        await _let_again(desk.session, row, body.approve, spare_running=not by_rescue)
        await store.save_server(desk.session, row)
        await noted(desk, row, account, "reinstall")
    return row


async def _let_again(
    session: AsyncSession, row: Rented, approve: Approve | None, *, spare_running: bool = False
) -> None:
    """Make sure that its machine installs nothing by what it was allowed before.

    `spare_running`: one whose Talos is proved holds no permission, and stays what it is until its
    provider has taken the order: where that is refused, a running node is a running node still.
    """
    machine = (await devices.by_doors(session, [row.id])).get(row.id)
    if machine is None:
        return
    if approve is not None and approve.hostname is None:
        row.admit = (row.admit or {}) | {"hostname": machine.hostname or row.name}
    if not spare_running or State(machine.state) not in PROVED:
        await approval.disarm(session, machine, now=utc_now())


async def _erased(office: Office, server_id: int, problem: str = "") -> Rented:
    """The provider erases it, or may: what ran there is no more, and waits for a decision."""
    async with office.writing() as desk:
        row = await store.server(desk.session, server_id)
        row.problem = problem
        await _let_again(desk.session, row, None)
        await store.save_server(desk.session, row)
    return row


async def _taken_back(office: Office, server_id: int, door: int, stage: Stage) -> None:
    """The provider refused: the path that its machine knows is the one before."""
    async with office.writing() as desk:
        row = await store.server(desk.session, server_id)
        row.door, row.left_status, row.admit = door, None, None
        row.stage = stage
        await store.save_server(desk.session, row)


async def _problem(office: Office, server_id: int, problem: str) -> None:
    async with office.writing() as desk:
        row = await store.server(desk.session, server_id)
        row.problem = problem
        await store.save_server(desk.session, row)


async def delete(site: Site, office: Office, server_id: int, body: schemas.DeleteServer) -> Rented:
    """Give a server back; its machine installs nothing any more."""
    row, account = await _both(office, server_id)
    vendor_id = _vendor_id(row)
    guard = Guard(site.clients.of(account, office.by), limits_of(account))
    try:
        server = await guard.delete(vendor_id, body.confirm, body.token)
    except OrderUnknown:
        await _problem(office, server_id, LOST)
        raise
    async with office.writing() as desk:
        row = await store.server(desk.session, server_id)
        told.tell(row, server, utc_now())
        if Stage(row.stage) in {Stage.ENDING, Stage.GONE}:
            await _let_again(desk.session, row, None)
            row.admit = row.way = None
            await let_go(desk.session, row)
        await store.save_server(desk.session, row)
        await noted(desk, row, account, "delete", stage=row.stage)
    return row


async def power(site: Site, office: Office, server_id: int, action: PowerAction) -> Rented:
    """Switch a server."""
    row, account = await _both(office, server_id)
    await site.clients.of(account, office.by).power(_vendor_id(row), action)
    async with office.writing() as desk:
        row = await store.server(desk.session, server_id)
        await noted(desk, row, account, f"power_{action}")
    return row


async def forget(office: Office, server_id: int) -> None:
    """Take a server out of the list that has ended; raises StillThere."""
    row, account = await _both(office, server_id)
    if Stage(row.stage) not in ENDED:
        raise StillThere(
            f"it is {row.stage} and may cost something; give it back first, or refresh it"
        )
    async with office.writing() as desk:
        row = await store.server(desk.session, server_id)
        machine = (await devices.by_doors(desk.session, [row.id])).get(row.id)
        if machine is not None:
            await leave_door(desk.session, machine)
        await store.delete_server(desk.session, row)
        await noted(desk, row, account, "forget")


async def adopt(site: Site, office: Office, body: schemas.AdoptServer) -> Rented:
    """Take a server into the list that somebody else ordered. Nothing is done to it."""
    account = await office.account(body.account)
    server = await site.clients.of(account, office.by).get_server(body.vendor_id)
    now = utc_now()
    row = Rented(
        account_id=account.id,
        name=server.name[:63] or server.id[:63],
        tag=new_tag(),
        stage=Stage.ORDERED,
        plan=server.plan[:200],
        regions=[server.region] if server.region else [],
        status=server.status,
        ordered_by=office.actor.name,
        created_at=now,
        updated_at=now,
    )
    told.tell(row, server, now)
    async with office.writing() as desk:
        await store.add_server(desk.session, row)
        await noted(desk, row, account, "adopt")
    return row
