"""A fresh database for a test: SQLite in a temporary folder, and PostgreSQL where there is one.

`KTIZO_TEST_POSTGRES` (postgresql://...) names a database whose `public` schema is thrown away.
"""

import os
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from ktizo.core.db import Base, Database
from ktizo.core.files import ensure_dir
from ktizo.core.settings import Settings

POSTGRES = os.environ.get("KTIZO_TEST_POSTGRES")  # noqa: TID251 - a setting of the tests, not ours

KINDS = [
    "sqlite",
    pytest.param(
        "postgresql",
        marks=[
            pytest.mark.skipif(not POSTGRES, reason="KTIZO_TEST_POSTGRES is not set"),
            pytest.mark.enable_socket,
        ],
    ),
]


def settings_for(kind: str, folder: Path) -> Settings:
    """Return settings for a database of `kind` in `folder`."""
    url = POSTGRES if kind == "postgresql" else None
    return Settings(data_dir=folder, compiled_dir=folder / "compiled", database_url=url)


@asynccontextmanager
async def fresh_database(kind: str, folder: Path) -> AsyncIterator[Database]:
    """Give an empty database that has every table of the rooms imported so far."""
    ensure_dir(folder)
    database = Database(settings_for(kind, folder))
    async with database.writing.begin() as connection:
        if kind == "postgresql":
            await connection.execute(sa.text("DROP SCHEMA public CASCADE"))
            await connection.execute(sa.text("CREATE SCHEMA public"))
        await connection.run_sync(Base.metadata.create_all)
    try:
        yield database
    finally:
        await database.close()
        let_threads_end()


def let_threads_end() -> None:
    """Wait for the threads of connections that are closed, while there is a loop to report to.

    After a failed open or a cancelled query aiosqlite's thread still posts a last result; on a
    loop that is closed by then it dies noisily, in the middle of some other test.
    """
    for thread in threading.enumerate():
        if "_connection_worker_thread" in thread.name:
            thread.join(timeout=2)
