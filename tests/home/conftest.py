"""What the tests of this room share."""

from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from fastapi import FastAPI

from core.databases import KINDS, fresh_database
from core.web import app_with, client_of
from ktizo.core.db import Database
from ktizo.core.writer import Writer
from ktizo.home.api import router


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(params=KINDS)
async def db(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    async with fresh_database(request.param, tmp_path) as database:
        yield database


@pytest.fixture
def app(db: Database) -> FastAPI:
    """This room, with a dnsmasq that is off and a mirror that brings nothing."""
    status = SimpleNamespace(running=False, restarts=0, last_error=None)
    return app_with(
        router,
        db=db,
        writer=Writer(db.write),
        lan=SimpleNamespace(status=status),
        images=SimpleNamespace(mirror=SimpleNamespace(reached={})),
        regenerator=SimpleNamespace(checksums={}),
    )


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app) as client:
        yield client
