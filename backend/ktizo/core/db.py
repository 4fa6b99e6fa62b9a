"""The database: SQLite in WAL mode by default, PostgreSQL by setting. One request, one transaction.

SQLite has one writer at a time, and a transaction that reads before it writes fails at once when
another writer came between ("database is locked", no waiting helps). So writes go through a pool
of one connection that says BEGIN IMMEDIATE, and reads through connections that cannot write.

PostgreSQL is held to the same: a transaction that writes first takes one lock. Without it, what a
batch of history read of a machine could overwrite the rejection committed a moment later.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from fastapi import Depends, Request

from ktizo.core import sqlite  # first: it decides which SQLite everyone gets

import sqlalchemy as sa  # isort: skip
from sqlalchemy import event  # isort: skip
from sqlalchemy.exc import (  # isort: skip
    DatabaseError,
    DBAPIError,
    IntegrityError,
    InterfaceError,
    InternalError,
    OperationalError,
)
from sqlalchemy.ext.asyncio import (  # isort: skip
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column  # isort: skip

from ktizo.core.errors import InsufficientStorage, Unavailable
from ktizo.core.settings import Settings

__all__ = [
    "AsyncSession",
    "Base",
    "Database",
    "IntegrityError",
    "ReadSession",
    "UtcDateTime",
    "WriteSession",
]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
MIGRATIONS = Path(__file__).parents[2] / "migrations"

NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Every room's tables; names of constraints are fixed so that migrations can find them."""

    metadata = sa.MetaData(naming_convention=NAMING)


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """An aware datetime, stored as microseconds since 1970 so both databases hold the same."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> int | None:  # noqa: ARG002
        """Store; a naive datetime is a bug of ours and raises TypeError."""
        return None if value is None else (value - EPOCH) // MICROSECOND

    def process_result_value(self, value: int | None, dialect: Any) -> datetime | None:  # noqa: ARG002
        """Read back, aware."""
        return None if value is None else EPOCH + value * MICROSECOND


class Meta(Base):
    """Facts about the whole database, one row each."""

    __tablename__ = "core_meta"
    key: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    value: Mapped[int] = mapped_column(sa.BigInteger)


BOOT_VERSION = "boot_version"


async def bump_boot_version(session: AsyncSession) -> None:
    """Note, in this transaction, that what some machine would be told has changed."""
    changed = await session.execute(
        sa.update(Meta).where(Meta.key == BOOT_VERSION).values(value=Meta.value + 1)
    )
    if not getattr(changed, "rowcount", 0):
        session.add(Meta(key=BOOT_VERSION, value=1))
        await session.flush()


def database_url(settings: Settings) -> str:
    """Return the SQLAlchemy URL with its async driver."""
    if settings.database_url is None:
        path = str(settings.data_dir / "ktizo.db")  # may hold characters a URL gives a meaning
        return sa.URL.create("sqlite+aiosqlite", database=path).render_as_string()
    _, _, rest = settings.database_url.get_secret_value().partition("://")
    return f"postgresql+asyncpg://{rest}"


# SQLSTATE classes that speak of the server and not of the statement (PostgreSQL, appendix A).
# asyncpg's errors mostly arrive as plain DBAPIError, so their class says nothing.
AWAY = {"08", "28", "3D", "40", "53", "55", "57", "58", "XX"}
DISK_FULL = "53100"

ONE_WRITER = 0x6B74697A6F01  # key of PostgreSQL's advisory lock; any number nobody else uses
WAIT_S = 10  # for another transaction to end


def about_the_server(error: DBAPIError) -> bool:
    """Say whether the same statement may work later."""
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return state[:2] in AWAY
    # SQLite says DatabaseError itself, no kind of it, of a file that is damaged or none of its own.
    kinds = OperationalError | InterfaceError | InternalError
    return isinstance(error, kinds) or type(error) is DatabaseError


def readable(error: DBAPIError) -> Unavailable | InsufficientStorage:
    """Return what the database said as an error an operator can act on (never the statement)."""
    said = str(error.orig).splitlines()[0][:200] if error.orig else "no answer"
    full = getattr(error.orig, "sqlstate", None) == DISK_FULL
    if full or "disk is full" in said or "disk I/O" in said:
        return InsufficientStorage(f"the database cannot grow: {said}; free some disk space")
    return Unavailable(f"the database does not answer: {said}")


def _on_connect(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        f"busy_timeout={int(WAIT_S * 1000)}",
        "foreign_keys=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _only_read(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA query_only=ON")  # after journal_mode, which may write
    cursor.close()


class Database:
    """Both engines of one database, and the two kinds of session made from them."""

    def __init__(self, settings: Settings) -> None:
        self.url = database_url(settings)
        self.is_sqlite = self.url.startswith("sqlite")
        self.path = settings.data_dir / "ktizo.db" if self.is_sqlite else None
        self._inode: int | None = None
        self.writing = self._engine(pool_size=1 if self.is_sqlite else 10, begin="BEGIN IMMEDIATE")
        self.reading = self._engine(pool_size=8, begin="BEGIN") if self.is_sqlite else self.writing
        self._write = async_sessionmaker(self.writing, expire_on_commit=False)
        self._read = async_sessionmaker(self.reading, expire_on_commit=False)

    def _engine(self, *, pool_size: int, begin: str) -> AsyncEngine:
        options: dict[str, Any] = {"pool_size": pool_size, "max_overflow": 0, "pool_timeout": 15}
        if not self.is_sqlite:
            options["pool_pre_ping"] = True
            options["connect_args"] = {"server_settings": {"lock_timeout": f"{WAIT_S}s"}}
        engine = create_async_engine(self.url, hide_parameters=True, **options)
        if self.is_sqlite:
            event.listen(engine.sync_engine, "connect", _on_connect)
            event.listen(engine.sync_engine, "connect", self._note_file)
            event.listen(engine.sync_engine, "checkout", self._same_file)
            if begin == "BEGIN":
                event.listen(engine.sync_engine, "connect", _only_read)
            event.listen(
                engine.sync_engine, "begin", lambda connection: connection.exec_driver_sql(begin)
            )
        return engine

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """Give a session whose transaction commits at the end of the block.

        One writes at a time, in every process on this database. Raises Unavailable when another
        transaction stays open for longer than `WAIT_S`.
        """
        async with self._session(self._write) as session:
            if not self.is_sqlite:
                await session.execute(sa.select(sa.func.pg_advisory_xact_lock(ONE_WRITER)))
            yield session

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """Give a session for reading; on SQLite nothing it writes is kept apart from a writer's."""
        async with self._session(self._read) as session:
            yield session

    @asynccontextmanager
    async def _session(
        self, maker: async_sessionmaker[AsyncSession]
    ) -> AsyncIterator[AsyncSession]:
        self._require_file()
        session = maker()
        try:
            try:
                await _wholly(session.connection())
                yield session
                await _wholly(session.commit())
            except BaseException:
                await _wholly(session.rollback())  # a close alone leaves a commit that failed open
                raise
            finally:
                await _wholly(session.close())
        except Exception as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                # Cancelled between two messages, a driver raises an error of its own instead, and
                # a loop that tries again after errors would never end.
                raise asyncio.CancelledError from error
            told = self._told(error)
            if told is None:
                raise
            raise told from error

    def _told(self, error: Exception) -> Unavailable | InsufficientStorage | None:
        """Return what an operator can act on; None when `error` is not the database's."""
        if isinstance(error, DBAPIError):
            return readable(error) if about_the_server(error) else None
        away = (ConnectionError, TimeoutError, socket.gaierror, sa.exc.TimeoutError)
        if isinstance(error, away):
            return Unavailable(f"the database does not answer: {error}")
        if isinstance(error, FileNotFoundError) and not self.is_sqlite:
            return Unavailable("the database does not answer: its socket is not there")
        return None

    def _require_file(self) -> None:
        if self.path is None:
            return
        try:
            self._inode = self.path.stat().st_ino
        except OSError as error:
            raise Unavailable(f"the database is not there: {error.strerror}") from error

    def _note_file(self, _connection: Any, record: Any) -> None:
        record.info["inode"] = self._inode

    def _same_file(self, _connection: Any, record: Any, _proxy: Any) -> None:
        """Notice that the file was removed or replaced: an open connection would go on with it.

        What is written to a removed file is lost with the process, and nobody is told. Its number
        is not given to another file while a connection holds it.
        """
        if record.info.get("inode") != self._inode:
            raise sa.exc.DisconnectionError("the file was replaced; the pool connects again")

    async def migrate(self) -> None:
        """Bring the tables to this version's shape; data is kept."""
        if self.path is not None:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            await asyncio.to_thread(upgrade, self.url)
        except DBAPIError as error:
            raise readable(error) from error
        except OSError as error:
            raise Unavailable(f"the database does not answer: {error}") from error
        except CommandError as error:
            raise Unavailable(
                f"the database was made by a newer Ktizo ({error}); install that one, or restore a "
                "backup from before it"
            ) from error

    async def close(self) -> None:
        """Let go of every connection."""
        await self.writing.dispose()
        if self.reading is not self.writing:
            await self.reading.dispose()


async def _wholly(work: Coroutine[Any, Any, Any]) -> None:
    """Do `work` to its end, even when who asked for it is cancelled meanwhile.

    Cancelled in the middle of a connect, SQLAlchemy forgets the connection and leaves it open; in
    the middle of a close it goes on by itself, and a pool that was disposed of meanwhile gets back
    a connection nobody closes any more.
    """
    doing = asyncio.create_task(work)
    try:
        await asyncio.shield(doing)
    except asyncio.CancelledError:
        while not doing.done():  # anyio cancels again with every turn of the loop
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait({doing})
        if not doing.cancelled():
            doing.exception()  # seen: nobody else will ask for it
        raise


def alembic_config(url: str) -> Config:
    """Return Alembic's configuration for `url`, found from wherever the program was started."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["url"] = url
    return config


def upgrade(url: str, revision: str = "head") -> None:
    """Run the migrations; call from a thread, never from the event loop."""
    command.upgrade(alembic_config(url), revision)


async def _write_session(request: Request) -> AsyncIterator[AsyncSession]:
    async with request.app.state.db.write() as session:
        yield session


async def _read_session(request: Request) -> AsyncIterator[AsyncSession]:
    async with request.app.state.db.read() as session:
        yield session


# scope="function": the exit, and so the commit, runs before the answer leaves (FastAPI >= 0.121).
# With the default scope a failed commit would still have been answered with 200.
WriteSession = Annotated[AsyncSession, Depends(_write_session, scope="function")]
ReadSession = Annotated[AsyncSession, Depends(_read_session, scope="function")]

assert sqlite.module is not None  # noqa: S101 - keeps the import that must come first
