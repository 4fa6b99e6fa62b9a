"""Reading for the boot path: no ORM, no transaction, no waiting for a writer.

On SQLite a statement is compiled to text once and run on one read-only connection inside the event
loop: about 13 microseconds, less than handing it to a thread. PostgreSQL is asked through the pool.
"""

import json
import os
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import sqlalchemy as sa

from ktizo.core import sqlite
from ktizo.core.db import BOOT_VERSION, Database, Meta
from ktizo.core.errors import Unavailable

Row = tuple[Any, ...]
_VERSION = sa.select(Meta.value).where(Meta.key == sa.bindparam("key"))


class BootReader(Protocol):
    """What the boot path needs of a database. Every method raises Unavailable when it is gone."""

    async def version(self) -> int:
        """Return a number that grows whenever what a machine would be told may have changed."""

    async def rows(
        self, statement: sa.Select[*tuple[Any, ...]], params: Mapping[str, Any]
    ) -> list[Row]:
        """Run a SELECT with named parameters and return its rows, as the ORM would type them."""


class _Compiled:
    def __init__(self, statement: sa.Select[*tuple[Any, ...]], dialect: Any) -> None:
        compiled = statement.compile(dialect=dialect)
        self.sql = str(compiled)
        # Literals of the statement itself, such as a LIMIT; named parameters come with the call.
        self.literals = {k: v for k, v in compiled.params.items() if v is not None}
        columns = [column.type for column in statement.selected_columns]
        self.convert: list[Callable[[Any], Any] | None] = [
            json.loads
            if isinstance(kind, sa.JSON)
            else kind.dialect_impl(dialect).result_processor(dialect, None)
            for kind in columns
        ]

    def typed(self, row: Row) -> Row:
        return tuple(
            value if convert is None or value is None else convert(value)
            for value, convert in zip(row, self.convert, strict=True)
        )


class SqliteBootReader:
    """One read-only connection, reopened when the file was replaced."""

    def __init__(self, database: Database) -> None:
        if database.path is None:
            raise ValueError("not a SQLite database")
        self._path = database.path
        self._dialect = sa.create_engine("sqlite://", paramstyle="named").dialect
        self._connection: Any = None
        self._inode = 0
        self._seen: tuple[int, int] | None = None  # data_version, boot_version
        self._compiled: dict[int, tuple[sa.Select[*tuple[Any, ...]], _Compiled]] = {}

    def _open(self) -> Any:
        try:
            inode = os.stat(self._path).st_ino  # noqa: PTH116 - on the hot path, Path costs 3x
            if self._connection is None or inode != self._inode:
                self.close()
                self._connection = sqlite.module.connect(
                    f"{self._path.as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=0.2
                )
                self._inode = inode
        except (OSError, sqlite.module.Error) as error:
            raise Unavailable(f"the database is not there: {error}") from error
        return self._connection

    def _run(self, sql: str, params: Mapping[str, Any]) -> list[Row]:
        try:
            result: list[Row] = self._open().execute(sql, params).fetchall()
        except sqlite.module.Error as error:
            self.close()
            raise Unavailable(f"the database does not answer: {error}") from error
        return result

    async def version(self) -> int:
        """See BootReader. `data_version` moves when another connection has written ."""
        data_version = self._run("PRAGMA data_version", {})[0][0]
        if self._seen is None or self._seen[0] != data_version:
            found = await self.rows(_VERSION, {"key": BOOT_VERSION})
            self._seen = (data_version, found[0][0] if found else 0)
        return self._seen[1]

    async def rows(
        self, statement: sa.Select[*tuple[Any, ...]], params: Mapping[str, Any]
    ) -> list[Row]:
        """See BootReader."""
        known = self._compiled.get(id(statement))
        if known is None:
            known = (statement, _Compiled(statement, self._dialect))
            self._compiled[id(statement)] = known
        compiled = known[1]
        values = {**compiled.literals, **params} if compiled.literals else params
        return [compiled.typed(row) for row in self._run(compiled.sql, values)]

    def close(self) -> None:
        """Let go of the connection; the next read opens a new one."""
        if self._connection is not None:
            self._connection.close()
        self._connection, self._seen = None, None


class PooledBootReader:
    """The same through the pool, for PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def version(self) -> int:
        """See BootReader."""
        found = await self.rows(_VERSION, {"key": BOOT_VERSION})
        return int(found[0][0]) if found else 0

    async def rows(
        self, statement: sa.Select[*tuple[Any, ...]], params: Mapping[str, Any]
    ) -> list[Row]:
        """See BootReader."""
        async with self._database.read() as session:
            return [tuple(row) for row in await session.execute(statement, params)]

    def close(self) -> None:
        """Nothing to let go of: the pool is the database's."""


def boot_reader(database: Database) -> SqliteBootReader | PooledBootReader:
    """Return the reader fit for `database`."""
    return SqliteBootReader(database) if database.is_sqlite else PooledBootReader(database)
