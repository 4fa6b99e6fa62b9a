"""From a wish to an order: what is missing, what it would cost, and what has to be confirmed."""

import secrets
from dataclasses import dataclass, replace
from decimal import Decimal

from pydantic import ValidationError

from ktizo.clusters import store as clusters
from ktizo.core.errors import Invalid
from ktizo.providers.base import Capability, Declaration, Quote, Wanted
from ktizo.providers.catalogue import price_view
from ktizo.providers.desk import Office
from ktizo.providers.errors import Unsupported
from ktizo.providers.guard import Limits, TooExpensive, echo_of_order
from ktizo.providers.sealing import declaration_of
from ktizo.providers.store import Account, Rented
from ktizo.provisioning import reachability, schemas
from ktizo.provisioning.site import Site

TALOS = frozenset(
    {
        Capability.IPXE_AT_CREATE,
        Capability.IPXE_REINSTALL,
        Capability.NEEDS_SSH_RESCUE,
        Capability.IMAGE_REINSTALL,
    }
)
FIRST_DOOR = 1


class OptionsWrong(Invalid):
    """An order's options are not what the provider takes."""


@dataclass(frozen=True, slots=True)
class Wished:
    """A wish that could be ordered: its account, and what the provider would be sent."""

    account: Account
    declaration: Declaration
    wanted: Wanted


def way_of(declaration: Declaration) -> dict[str, str] | None:
    """Return what is to be done once a new server is delivered; None: it boots from us by itself.

    By SSH from a rescue system, or by a boot script that the provider takes only then (OVHcloud).
    """
    can = declaration.capabilities
    later = Capability.IPXE_REINSTALL in can and Capability.IPXE_AT_CREATE not in can
    return {"state": "due"} if later or Capability.NEEDS_SSH_RESCUE in can else None


def new_tag() -> str:
    """Return a tag that finds one order again: ours, and nobody else's."""
    return f"ktizo-{secrets.token_hex(6)}"


def limits_of(row: Account) -> Limits:
    """Return what an account may spend."""
    hourly = Decimal(row.max_hourly) if row.max_hourly is not None else None
    return Limits(hourly, setup=Decimal(row.max_setup), currency=row.currency)


async def understood(site: Site, office: Office, wish: schemas.Wish) -> Wished:
    """Return a wish as an order, with a tag of its own; raises what is wrong with it."""
    account = await office.account(wish.account)
    declaration = declaration_of(account.provider)
    if not TALOS & declaration.capabilities:
        raise Unsupported(f"Ktizo knows no way to Talos at {declaration.title}")
    _insist_options(declaration, wish)
    plan = site.plans.known(account.id, wish.plan)
    if plan is not None and not plan.talos:
        raise Unsupported(f"{wish.plan} cannot run Talos: {plan.why}; take another plan")
    if wish.approve is not None and wish.approve.cluster is not None:
        async with office.database.read() as session:
            await clusters.cluster(session, wish.approve.cluster)
    tag = new_tag()
    wanted = Wanted(
        name=wish.name,
        plan=wish.plan,
        regions=tuple(dict.fromkeys(wish.regions)),
        tag=tag,
        boot_url=site.doors.boot_url(tag, FIRST_DOOR),
        ssh_keys=tuple(wish.ssh_keys),
        options=wish.options,
    )
    return Wished(account, declaration, wanted)


def again(site: Site, row: Rented) -> Wanted:
    """Return the order of a row, to be looked for or sent once more under its own tag."""
    return Wanted(
        name=row.name,
        plan=row.plan,
        regions=tuple(row.regions),
        tag=row.tag,
        boot_url=site.doors.boot_url(row.tag, row.door),
        ssh_keys=tuple(row.ssh_keys),
        options=row.options,
    )


def _insist_options(declaration: Declaration, wish: schemas.Wish) -> None:
    if declaration.options is None:
        if wish.options:
            raise OptionsWrong(f"an order at {declaration.title} takes no options")
        return
    try:
        declaration.options.model_validate(wish.options)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "options"
        raise OptionsWrong(f"options.{where}: {first['msg']}") from error


async def preview(site: Site, office: Office, wish: schemas.Wish) -> schemas.OrderPreview:
    """Return what an order would cost and do. Orders nothing."""
    wished = await understood(site, office, wish)
    reached = await reachability.look(site.doors, site.http, site.resolve)
    client = site.clients.of(wished.account, office.by)
    # A dry run at the provider may show what it is sent to people: the real path is not in it.
    quote = await client.price_of(replace(wished.wanted, boot_url=NOWHERE))
    refusal = _refusal(wished, quote, reached)
    return schemas.OrderPreview(
        price=price_view(quote.price),
        lines=list(quote.lines),
        checked=quote.checked,
        echo=echo_of_order(wished.wanted, quote),
        allowed=not refusal,
        refusal=refusal,
        reachability=reached,
        warnings=_warnings(wished, wish),
    )


NOWHERE = "http://ktizo.invalid/boot/at/preview/boot/boot.ipxe"


def _refusal(wished: Wished, quote: Quote, reached: schemas.Reachability) -> str:
    try:
        limits_of(wished.account).insist(quote.price)
    except TooExpensive as error:
        return error.message
    if reachability.needed(wished.declaration) and not reached.ok and reached.certain:
        return reached.problem
    return ""


def _warnings(wished: Wished, wish: schemas.Wish) -> list[str]:
    can, title = wished.declaration.capabilities, wished.declaration.title
    found = []
    if Capability.DELETE_IMMEDIATE not in can:
        found.append(f"{title} does not take a server back at once: it costs until its period ends")
    if Capability.HOURLY not in can:
        found.append(f"{title} does not bill by the hour")
    if Capability.NEEDS_SSH_RESCUE in can:
        found.append(f"{title} has no iPXE: Ktizo starts Talos from the rescue system, over SSH")
    if wish.approve is not None:
        found.append("the machine is approved as soon as it asks, and installs at once")
    return found
