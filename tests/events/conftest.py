"""What the tests of this room share."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import settings

from core.databases import KINDS, fresh_database
from ktizo.core.db import Database
from ktizo.core.writer import Writer

# On a busy machine an example may take as long as it likes; that is no failure.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


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
