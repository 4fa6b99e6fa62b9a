"""Rows of accounts and rented servers. Functions, session first; nothing decides."""

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from ktizo.core.bootdb import BootReader
from ktizo.core.db import AsyncSession, IntegrityError, bump_boot_version
from ktizo.core.errors import Conflict, NotFound
from ktizo.core.mac import parse_mac
from ktizo.providers.base import Capability
from ktizo.providers.doors import DoorFacts
from ktizo.providers.registry import PROVIDERS
from ktizo.providers.stages import ENDED, OPEN, Stage
from ktizo.providers.tables import ProviderAccount, RentedServer

# What other rooms hold in hand, and give back to this room.
Account = ProviderAccount
Rented = RentedServer


class AccountNotFound(NotFound):
    """No account has this name or number."""


class AccountExists(Conflict):
    """Another account has this name."""


class AccountInUse(Conflict):
    """The account has servers that may still cost something."""


class ServerNotFound(NotFound):
    """No rented server has this number."""


class ServerExists(Conflict):
    """Ktizo has this server already."""


# Accounts


async def accounts(session: AsyncSession) -> Sequence[Account]:
    """Return every account, by name."""
    return (await session.scalars(sa.select(Account).order_by(Account.name))).all()


async def account(session: AsyncSession, key: str | int) -> Account:
    """Return an account by name or number; raises AccountNotFound."""
    if str(key).isdecimal() and len(str(key)) < 10:
        found = await session.get(Account, int(key))
    else:
        found = await session.scalar(sa.select(Account).where(Account.name == str(key)))
    if found is None:
        raise AccountNotFound(
            f"there is no account {str(key)[:80]!r}; see /api/v1/provider-accounts"
        )
    return found


async def save_account(session: AsyncSession, row: Account) -> None:
    """Write a new or changed account; raises AccountExists."""
    name = row.name
    try:
        async with session.begin_nested():
            session.add(row)
            await session.flush()
    except IntegrityError as error:
        raise AccountExists(f"another account is called {name}; choose another name") from error


async def delete_account(session: AsyncSession, row: Account) -> Sequence[int]:
    """Forget an account and its servers that ended, whose numbers it returns; or AccountInUse."""
    left = (await costing(session)).get(row.id, 0)
    if left:
        raise AccountInUse(
            f"{left} servers of {row.name} may still cost something, and nobody could give them"
            " back without it; give them back or forget them first"
        )
    ended = (await session.scalars(sa.select(Rented.id).where(Rented.account_id == row.id))).all()
    await session.execute(sa.delete(Rented).where(Rented.account_id == row.id))
    await session.delete(row)
    await session.flush()
    return ended


async def costing(session: AsyncSession) -> dict[int, int]:
    """Return how many servers of each account may cost something."""
    rows = await session.execute(
        sa.select(Rented.account_id, sa.func.count())
        .where(Rented.stage.not_in(ENDED))
        .group_by(Rented.account_id)
    )
    return {row[0]: row[1] for row in rows}


# Servers


async def servers(
    session: AsyncSession,
    *,
    account_id: int | None = None,
    stages: Iterable[Stage] | None = None,
    limit: int = 1000,
    offset: int = 0,
) -> tuple[Sequence[Rented], int]:
    """Return servers, newest first, and how many there are."""
    wanted = sa.select(Rented)
    if account_id is not None:
        wanted = wanted.where(Rented.account_id == account_id)
    if stages is not None:
        wanted = wanted.where(Rented.stage.in_(list(stages)))
    total = await session.scalar(sa.select(sa.func.count()).select_from(wanted.subquery()))
    rows = await session.scalars(wanted.order_by(Rented.id.desc()).limit(limit).offset(offset))
    return rows.all(), total or 0


async def server(session: AsyncSession, server_id: int) -> Rented:
    """Return a server; raises ServerNotFound."""
    found = await session.get(Rented, server_id)
    if found is None:
        raise ServerNotFound(f"there is no rented server {server_id}; see /api/v1/servers")
    return found


async def at_work(session: AsyncSession) -> Sequence[int]:
    """Return the numbers of servers that have not ended."""
    rows = await session.scalars(
        sa.select(Rented.id).where(Rented.stage.not_in(ENDED)).order_by(Rented.id)
    )
    return rows.all()


async def named(session: AsyncSession, account_id: int, name: str) -> Rented | None:
    """Return the account's server of this name that has not ended."""
    return await session.scalar(
        sa.select(Rented)
        .where(Rented.account_id == account_id, Rented.name == name, Rented.stage.not_in(ENDED))
        .limit(1)
    )


async def known(session: AsyncSession, account_id: int) -> dict[str, int]:
    """Return the numbers of the account's servers, by the provider's ids."""
    rows = await session.execute(
        sa.select(Rented.vendor_id, Rented.id).where(
            Rented.account_id == account_id, Rented.vendor_id.is_not(None)
        )
    )
    return {str(row[0]): row[1] for row in rows}


async def add_server(session: AsyncSession, row: Rented) -> None:
    """Write a new server; raises ServerExists."""
    try:
        async with session.begin_nested():
            session.add(row)
            await session.flush()
    except IntegrityError as error:
        raise ServerExists(f"Ktizo has {row.vendor_id or row.tag} in its list already") from error


async def save_server(session: AsyncSession, row: Rented) -> None:
    """Write what changed of a server; what its machine is told may have changed with it."""
    with session.no_autoflush:
        await bump_boot_version(session)
    session.add(row)
    await session.flush()


async def delete_server(session: AsyncSession, row: Rented) -> None:
    """Forget a server that ended."""
    await session.delete(row)
    await session.flush()


# The boot path

_DOOR = sa.select(Rented.id, Rented.macs, Rented.stage).where(
    Rented.tag == sa.bindparam("tag"), Rented.door == sa.bindparam("door")
)


async def door(reader: BootReader, tag: str, number: int) -> DoorFacts | None:
    """Return the boot path of a server, None when it is not open; raises Unavailable."""
    rows = await reader.rows(_DOOR, {"tag": tag, "door": number})
    if not rows or rows[0][2] not in OPEN:
        return None
    return DoorFacts(rows[0][0], tuple(_macs(rows[0][1])))


async def written_from_image(reader: BootReader, server_id: int) -> bool:
    """Say whether a server's disk comes from an image that its provider wrote."""
    rows = await reader.rows(_PROVIDER, {"id": server_id})
    declared = PROVIDERS.get(rows[0][0]) if rows else None
    return declared is not None and Capability.IMAGE_REINSTALL in declared.capabilities


_PROVIDER = (
    sa.select(Account.provider)
    .join(Rented, Rented.account_id == Account.id)
    .where(Rented.id == sa.bindparam("id"))
)


def _macs(told: Sequence[str]) -> list[str]:
    """Return the cards a provider tells, as machines write them; what is no MAC tells nothing."""
    found = []
    for text in told:
        try:
            found.append(parse_mac(text))
        except ValueError:
            continue
    return found
