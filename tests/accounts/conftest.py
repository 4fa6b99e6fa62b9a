"""What the tests of this room share."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from argon2.profiles import CHEAPEST
from fastapi import FastAPI

from accounts.browser import Appliance, app_of
from core.databases import KINDS, fresh_database
from core.moved_clock import Clock
from ktizo.accounts.people.passwords import Passwords
from ktizo.core.db import Database
from ktizo.core.seal import Sealer, new_key
from ktizo.core.settings import Settings
from ktizo.core.writer import Writer


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
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Put a clock that can be moved in the place of every `utc_now` of the program."""
    moved = Clock()
    moved.everywhere(monkeypatch)
    return moved


@pytest.fixture
def settings() -> Settings:
    return Settings(trusted_proxies="10.9.0.1")


@pytest.fixture
def app(db: Database, writer: Writer, settings: Settings) -> FastAPI:
    """Give this room behind its door, with hashes that cost little."""
    passwords = Passwords(PasswordHasher.from_parameters(CHEAPEST))
    sealer = Sealer([new_key()])
    return app_of(db=db, writer=writer, settings=settings, passwords=passwords, sealer=sealer)


@pytest.fixture
async def home(app: FastAPI) -> AsyncIterator[Appliance]:
    """Give an appliance whose first administrator is `ann`."""
    async with Appliance(app) as it:
        await it.first_person("ann")
        yield it


@pytest.fixture
async def untouched(app: FastAPI) -> AsyncIterator[Appliance]:
    """Give an appliance that nobody has set up."""
    async with Appliance(app) as it:
        yield it
