"""Alembic's entry: the same tables and the same URL as the program itself."""

import asyncio
import importlib
from pathlib import Path

from alembic import context
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

import ktizo
from ktizo.core.db import Base, UtcDateTime, database_url
from ktizo.core.settings import Settings

for tables in Path(ktizo.__file__).parent.glob("*/tables.py"):
    importlib.import_module(f"ktizo.{tables.parent.name}.tables")

# Any number nobody else uses: two processes that start together migrate one after the other.
LOCK = 0x6B74697A6F00


def render(kind: str, item: object, _context: object) -> str | bool:
    # A migration must go on working when our types have moved on.
    return "sa.BigInteger()" if kind == "type" and isinstance(item, UtcDateTime) else False


def run(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        render_item=render,
    )
    with context.begin_transaction():
        context.run_migrations()


async def main() -> None:
    url = context.config.attributes.get("url") or database_url(Settings())
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.run_sync(run)
    await engine.dispose()


asyncio.run(main())
