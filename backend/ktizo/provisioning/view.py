"""Rented servers as the API shows them: the row, its account, its machine, and what goes on."""

from collections.abc import Mapping, Sequence
from typing import Any

from ktizo.core.db import AsyncSession
from ktizo.devices import store as devices
from ktizo.devices.lifecycle import State
from ktizo.providers import store
from ktizo.providers.base import Capability, Server, Status
from ktizo.providers.guard import echo_of_loss
from ktizo.providers.registry import PROVIDERS
from ktizo.providers.schemas import PriceView
from ktizo.providers.stages import ENDED, Stage
from ktizo.providers.store import Account, Rented
from ktizo.provisioning.schemas import ServerView

STEPS = {
    Stage.WANTED: "the order is going out",
    Stage.UNSURE: "Ktizo looks for it at the provider, by its tag",
    Stage.REFUSED: "nothing was ordered",
    Stage.ORDERED: "the provider makes it ready",
    Stage.FAILED: "the provider says that it failed; it may still cost",
    Stage.ENDING: "it is given back",
    Stage.GONE: "it is gone",
}
OF_MACHINE = {
    State.PENDING: "its machine waits for an approval",
    State.LAPSED: "its permission to install ran out: approve it again",
    State.APPROVED: "its machine may install, and asks again soon",
    State.INSTALLING: "Talos is being installed",
    State.INSTALLED: "Talos is installed",
    State.RUNNING: "Talos runs",
    State.BOOT_LOOP: "it asked for its installer again and again: look at its machine",
    State.CONFLICT: "the identity of its machine is contested: look at its machine",
    State.REJECTED: "its machine was rejected",
}


def server_of(row: Rented) -> Server:
    """Return a row as its provider's server, for what confirms its loss."""
    return Server(
        id=row.vendor_id or "",
        name=row.vendor_name,
        status=Status(row.status),
        raw_status=row.raw_status,
    )


def price_of(row: Rented) -> PriceView | None:
    """Return what a server costs."""
    if row.price is None:
        return None
    told = {name: row.price.get(name) for name in ("hourly", "monthly")}
    setup, currency = row.price.get("setup", "0"), row.price.get("currency", "")
    return PriceView(currency=currency, setup=setup, **told)


async def views(
    session: AsyncSession, rows: Sequence[Rented], said: Mapping[int, str]
) -> list[ServerView]:
    """Return the wire shape of servers; `said`: what is being done with them just now."""
    accounts = {row.id: row for row in await store.accounts(session)}
    machines = await devices.by_doors(session, [row.id for row in rows])
    return [
        _view(row, accounts[row.account_id], machines.get(row.id), said.get(row.id, ""))
        for row in rows
    ]


def _view(row: Rented, account: Account, machine: Any, said: str) -> ServerView:
    declaration = PROVIDERS.get(account.provider)
    return ServerView(
        id=row.id,
        account_id=account.id,
        account=account.name,
        provider=account.provider,
        title=declaration.title if declaration else account.provider,
        capabilities=sorted(declaration.capabilities) if declaration else [],
        name=row.name,
        vendor_id=row.vendor_id,
        stage=row.stage,
        status=row.status,
        raw_status=row.raw_status,
        plan=row.plan,
        region=row.region,
        regions=row.regions,
        ssh_keys=row.ssh_keys,
        options=row.options,
        addresses=row.addresses,
        macs=row.macs,
        price=price_of(row),
        pending=row.pending,
        problem=row.problem or row.trouble,
        step=said or step_of(row, machine),
        device_id=machine.id if machine else None,
        device_state=machine.state if machine else None,
        hostname=machine.hostname if machine else None,
        approve=row.admit,
        ordered_by=row.ordered_by,
        created_at=row.created_at,
        asked_at=row.asked_at,
        ended_at=row.ended_at,
        echo_reinstall=echo_of_loss("reinstall", server_of(row)) if row.vendor_id else "",
        echo_delete=echo_of_loss("delete", server_of(row)) if row.vendor_id else "",
    )


def step_of(row: Rented, machine: Any) -> str:
    """Return what goes on with a server, in words."""
    stage = Stage(row.stage)
    if stage in ENDED or stage is not Stage.DELIVERED:
        return STEPS.get(stage, "")
    if machine is not None:
        return OF_MACHINE.get(State(machine.state), "")
    if not row.door:
        return "not booted from Ktizo yet: reinstall it to do that"
    return "delivered; waiting for its machine to ask Ktizo"


def can(row: Account, capability: Capability) -> bool:
    """Say whether an account's provider can do something."""
    declaration = PROVIDERS.get(row.provider)
    return declaration is not None and capability in declaration.capabilities
