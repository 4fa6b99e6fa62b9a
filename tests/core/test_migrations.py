"""What the migrations make is what the program's tables say."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command

from core.databases import KINDS, let_threads_end, settings_for
from ktizo.core.db import Database, alembic_config
from ktizo.core.files import ensure_dir

pytestmark = pytest.mark.anyio


@pytest.fixture(params=KINDS)
async def empty(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """Give a database without a single table."""
    database = Database(settings_for(request.param, ensure_dir(tmp_path / "data")))
    if not database.is_sqlite:
        async with database.writing.begin() as connection:
            await connection.execute(sa.text("DROP SCHEMA public CASCADE"))
            await connection.execute(sa.text("CREATE SCHEMA public"))
    yield database
    await database.close()
    let_threads_end()


async def agree(database: Database) -> None:
    """Ask Alembic, in a process of its own: in this one tests may have made tables too."""
    code = (
        "import sys; from alembic import command; from ktizo.core.db import alembic_config;"
        " command.check(alembic_config(sys.argv[1]))"
    )
    asked = [sys.executable, "-c", code, database.url]
    ran = await asyncio.to_thread(
        subprocess.run, asked, capture_output=True, text=True, check=False, timeout=120
    )
    assert ran.returncode == 0, ran.stderr[-2000:]


async def test_migrations_and_tables_agree(empty: Database):
    await empty.migrate()
    await agree(empty)


async def test_a_table_nobody_migrated_is_noticed(empty: Database):
    await empty.migrate()
    async with empty.writing.begin() as connection:
        await connection.execute(sa.text("ALTER TABLE api_tokens ADD COLUMN forgotten INTEGER"))
    with pytest.raises(AssertionError, match="forgotten"):
        await agree(empty)


async def test_the_last_step_can_be_taken_back_and_again_and_tokens_stay(empty: Database):
    await empty.migrate()
    token = "INSERT INTO api_tokens (name, hash, scope, created_at) VALUES ('ci', 'x', 'admin', 0)"
    async with empty.write() as session:
        await session.execute(sa.text(token))
    await asyncio.to_thread(command.downgrade, alembic_config(empty.url), "0003")
    await empty.migrate()
    async with empty.read() as session:
        assert await session.scalar(sa.text("SELECT name FROM api_tokens")) == "ci"
        assert await session.scalar(sa.text("SELECT count(*) FROM people")) == 0
    await agree(empty)
