"""What the tests of this room share: a database, and the room's own routes as an app."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from core.databases import KINDS, fresh_database
from core.web import app_with, client_of
from ktizo.boot.api import router
from ktizo.core.clock import utc_now
from ktizo.core.db import Database
from ktizo.core.settings import Settings
from ktizo.core.writer import Writer
from ktizo.devices.register import register


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(params=KINDS)
async def db(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    async with fresh_database(request.param, tmp_path) as database:
        yield database


@pytest.fixture
def writer(db: Database) -> Writer:
    return Writer(db.write)


@pytest.fixture
async def api(db: Database, writer: Writer, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    settings = Settings(data_dir=tmp_path, compiled_dir=tmp_path / "compiled")
    app = app_with(router, settings=settings, db=db, writer=writer)
    async with client_of(app) as client:
        yield client


@pytest.fixture
async def machine(db: Database) -> int:
    """A machine an operator entered."""
    async with db.write() as session:
        device = await register(session, ["52:54:00:aa:bb:cc"], utc_now(), hostname="edge-1")
        return device.id
