"""Reading for the boot path: no ORM, no transaction, no waiting for a writer.

On SQLite a statement is compiled to text once and run on one read-only connection inside the event
loop: about 13 microseconds, less than handing it to a thread. PostgreSQL is asked through the pool.
"""

import asyncio
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


class FrontReader(BootReader, Protocol):
    """What the front needs, which asks for the version with every request."""

    async def version_this_turn(self) -> int:
        """Return the version as it was when, or after, whoever runs in this turn came in."""


class _Compiled:
    def __init__(self, statement: sa.Select[*tuple[Any, ...]], dialect: Any) -> None:
        compiled = statement.compile(dialect=dialect)
        self.sql = str(compiled)
        # Literals of the statement itself, such as a LIMIT; named parameters come with the call.
        self.literals = {k: v for k, v in compiled.params.items() if v is not None}
        convert: list[Callable[[Any], Any] | None] = [
            json.loads
            if isinstance(column.type, sa.JSON)
            else column.type.dialect_impl(dialect).result_processor(dialect, None)
            for column in statement.selected_columns
        ]
        self._convert = [(n, each) for n, each in enumerate(convert) if each is not None]

    def typed(self, row: Row) -> Row:
        if not self._convert:
            return row
        values = list(row)
        for number, convert in self._convert:
            if values[number] is not None:
                values[number] = convert(values[number])
        return tuple(values)


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
        self._this_turn: int | None = None
        self._compiled: dict[int, tuple[sa.Select[*tuple[Any, ...]], _Compiled]] = {}

    def _open(self) -> Any:
        if self._this_turn is not None and self._connection is not None:
            return self._connection  # looked at already; a file is not replaced twice in a turn
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

    async def version_this_turn(self) -> int:
        """See FrontReader. One look serves every request of one turn of the event loop.

        The loop runs what it is handed in order, so all that still runs before the end we hand it
        here came in before the look: none is told less than what held when it asked.
        """
        if self._this_turn is None:
            asyncio.get_running_loop().call_soon(self._end_turn)  # first: see above
            self._this_turn = await self.version()
        return self._this_turn

    def _end_turn(self) -> None:
        self._this_turn = None

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
        self._connection, self._seen, self._this_turn = None, None, None


class PooledBootReader:
    """The same through the pool, for PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def version(self) -> int:
        """See BootReader."""
        found = await self.rows(_VERSION, {"key": BOOT_VERSION})
        return int(found[0][0]) if found else 0

    async def version_this_turn(self) -> int:
        """See FrontReader. An answer takes longer than a turn here, so nothing is shared."""
        return await self.version()

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
