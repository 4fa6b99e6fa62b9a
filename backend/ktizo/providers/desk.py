"""Changing accounts: each function is one decision of a person, with its trace."""

import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from ktizo.accounts.tokens import Actor
from ktizo.audit.record import Entry, append
from ktizo.core.clock import utc_now
from ktizo.core.db import AsyncSession, Database
from ktizo.core.errors import KtizoError
from ktizo.core.seal import Sealer, UnsealFailed
from ktizo.core.writer import Writer
from ktizo.devices.door import leave_doors
from ktizo.events.kinds import EventKind
from ktizo.events.record import record
from ktizo.providers import schemas, sealing, store
from ktizo.providers.audited import By
from ktizo.providers.clients import Clients
from ktizo.providers.store import Account

# A refused key is not tried again sooner: three tries in ten minutes, and Hetzner blocks us.
AGAIN = timedelta(minutes=5)


@dataclass(frozen=True)
class Desk:
    """Where a person's request is worked on."""

    session: AsyncSession
    sealer: Sealer
    writer: Writer
    actor: Actor
    address: str

    async def note(self, action: str, subject: str, kind: EventKind, **data: Any) -> None:
        """Leave both traces of a change. Call it last; `data` must hold no secret."""
        entry = Entry(
            at=utc_now(),
            actor=self.actor.name,
            address=self.address,
            action=f"providers.{action}",
            subject=subject,
            outcome="ok",
            data=data,
        )
        await append(self.session, entry)
        record(self.writer, kind, data=data | {"change": action, "by": self.actor.name})


@dataclass(frozen=True)
class Office:
    """Where a request is worked on for which a provider is asked.

    A provider may take a minute, and no transaction waits for it: rows are read before and written
    after, each in a moment.
    """

    database: Database
    sealer: Sealer
    writer: Writer
    clients: Clients
    actor: Actor
    address: str

    @property
    def by(self) -> By:
        """Who asks, for the audit of calls."""
        return By(self.actor.name, self.address)

    async def account(self, key: str | int) -> Account:
        """Return an account; raises AccountNotFound."""
        async with self.database.read() as session:
            return await store.account(session, key)

    @contextlib.asynccontextmanager
    async def writing(self) -> AsyncIterator[Desk]:
        """Give a desk for a change, which holds when the block ends without an error."""
        async with self.database.write() as session:
            yield Desk(session, self.sealer, self.writer, self.actor, self.address)


async def add(desk: Desk, wanted: schemas.AddAccount) -> Account:
    """Add an account; raises ProviderUnknown, SettingsWrong or AccountExists."""
    declaration = sealing.declaration_of(wanted.provider)
    settings = sealing.parse(declaration, wanted.settings)
    now = utc_now()
    row = Account(
        name=wanted.name,
        provider=declaration.name,
        settings="",
        max_hourly=_amount(wanted.max_hourly),
        max_setup=_amount(wanted.max_setup) or "0",
        currency=wanted.currency,
        enabled=True,
        created_at=now,
        updated_at=now,
    )
    await store.save_account(desk.session, row)
    row.settings = sealing.seal(desk.sealer, row.id, settings)  # its place is its number
    await store.save_account(desk.session, row)
    await _noted(desk, "account_added", row)
    return row


async def change(desk: Desk, row: Account, wanted: schemas.ChangeAccount) -> Account:
    """Change what is given; raises SettingsWrong or AccountExists."""
    given = wanted.model_fields_set
    if wanted.settings is not None:
        _settle(desk, row, wanted.settings)
    if wanted.name is not None:
        row.name = wanted.name
    if "max_hourly" in given:
        row.max_hourly = _amount(wanted.max_hourly)
    if wanted.max_setup is not None:
        row.max_setup = _amount(wanted.max_setup) or "0"
    if wanted.currency is not None:
        row.currency = wanted.currency
    if wanted.enabled is not None:
        row.enabled = wanted.enabled
    row.updated_at = utc_now()
    await store.save_account(desk.session, row)
    await _noted(desk, "account_changed", row, fields=sorted(given))
    return row


def _settle(desk: Desk, row: Account, given: Mapping[str, Any]) -> None:
    """Put what is given into the settings; an empty text goes back to the default.

    The same settings again keep the account's client, which remembers that they were refused.
    """
    old = _opened(desk, row)
    kept = {name: one for name, one in (old | dict(given)).items() if one not in ("", None)}
    settings = sealing.parse(sealing.declaration_of(row.provider), kept)
    if json.loads(sealing.text_of(settings)) != old:
        row.settings = sealing.seal(desk.sealer, row.id, settings)
        row.tested = row.tested_at = None


def _opened(desk: Desk, row: Account) -> dict[str, Any]:
    """Return the settings that are stored; nothing when no key opens them: all are given anew."""
    try:
        sealed = desk.sealer.unseal(row.settings, sealing.settings_place(row.id))
    except UnsealFailed:
        return {}
    found: dict[str, Any] = json.loads(sealed)
    return found


async def remove(desk: Desk, row: Account) -> None:
    """Forget an account and its servers that ended; raises AccountInUse."""
    await leave_doors(desk.session, await store.delete_account(desk.session, row))
    await _noted(desk, "account_removed", row)


async def test(office: Office, key: str) -> schemas.Tested:
    """Try the credentials without spending; what came of it is kept with the account."""
    row = await office.account(key)
    now = utc_now()
    refused = row.tested is not None and not row.tested.get("ok")
    recently = refused and row.tested_at is not None and now - row.tested_at <= AGAIN
    if refused and not recently:
        office.clients.forget(row)  # somebody may have mended the key at the provider
    try:
        client = office.clients.of(row, office.by)
        found = await client.check()
        tested = schemas.Tested(ok=True, name=found.name[:200], detail=found.detail[:200])
    except KtizoError as error:
        tested = schemas.Tested(ok=False, message=error.message)
    async with office.writing() as desk:
        row = await store.account(desk.session, row.id)
        same = recently and row.tested == tested.model_dump()
        # Whoever presses again and again must not put off the next real try for ever.
        row.tested, row.tested_at = tested.model_dump(), row.tested_at if same else now
        await store.save_account(desk.session, row)
    return tested


async def _noted(desk: Desk, action: str, row: Account, **more: Any) -> None:
    said = {"account": row.name, "provider": row.provider} | more
    await desk.note(action, f"account {row.name}", EventKind.ACCOUNT_CHANGED, **said)


def _amount(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"
