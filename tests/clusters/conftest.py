"""What the tests of this room share: a database, the room's routes as an app, and machines."""

import functools
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest

from core.databases import KINDS, fresh_database, settings_for
from core.web import app_with, client_of
from ktizo.accounts.api import require_token
from ktizo.accounts.tokens import Actor
from ktizo.clusters import create
from ktizo.clusters.api import router
from ktizo.clusters.compiled import CompiledConfigs
from ktizo.clusters.regenerate import Regenerator
from ktizo.core.bootdb import boot_reader
from ktizo.core.clock import utc_now
from ktizo.core.db import Database
from ktizo.core.seal import Sealer, new_key
from ktizo.core.writer import Writer
from ktizo.devices.register import register
from ktizo.talos import secrets
from ktizo.talos.contracts import contract
from ktizo.talos.secrets import Bundle

Register = Callable[..., Awaitable[int]]


@functools.cache
def bundle() -> Bundle:
    """Secrets made once: a key of 4096 bits takes its time."""
    return secrets.generate(contract("v1.12"), now=datetime(2026, 11, 21, tzinfo=UTC))


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def _quick_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    async def same(talos_version: str) -> Bundle:
        return bundle()

    monkeypatch.setattr(create, "fresh_bundle", same)


@pytest.fixture(params=KINDS)
async def db(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    async with fresh_database(request.param, tmp_path) as database:
        yield database


@pytest.fixture
def sealer() -> Sealer:
    return Sealer([new_key()])


@pytest.fixture
def writer(db: Database) -> Writer:
    return Writer(db.write)


@pytest.fixture
async def house(
    db: Database, sealer: Sealer, writer: Writer, tmp_path: Path
) -> AsyncIterator[SimpleNamespace]:
    settings = settings_for("sqlite", tmp_path)
    reader = boot_reader(db)
    compiled = CompiledConfigs(settings.compiled_dir)
    yield SimpleNamespace(
        settings=settings,
        db=db,
        sealer=sealer,
        writer=writer,
        reader=reader,
        compiled=compiled,
        regenerator=Regenerator(db, sealer, compiled),
    )
    reader.close()


@pytest.fixture
async def api(house: SimpleNamespace) -> AsyncIterator[httpx.AsyncClient]:
    state = {name: value for name, value in vars(house).items() if name != "compiled"}
    app = app_with(router, **state)
    app.dependency_overrides[require_token] = lambda: Actor("ada", "admin", 1)
    async with client_of(app) as client:
        yield client


@pytest.fixture
def machine(db: Database) -> Register:
    """Enter one more machine; returns its number."""

    async def enter(number: int = 1, **fields: object) -> int:
        async with db.write() as session:
            mac = f"52:54:00:00:{number >> 8:02x}:{number & 255:02x}"
            name = {"hostname": f"node-{number}"} | fields
            device = await register(session, [mac], utc_now(), **name)
            return device.id

    return enter
