import asyncio
import gc
import socket
import subprocess
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from fastapi import APIRouter
from hypothesis import given
from hypothesis import strategies as st

from core.databases import fresh_database, let_threads_end, settings_for
from core.disks import small_disk
from core.web import app_with
from ktizo.core.db import (
    Database,
    IntegrityError,
    Meta,
    ReadSession,
    UtcDateTime,
    WriteSession,
    bump_boot_version,
    database_url,
)
from ktizo.core.errors import Conflict, InsufficientStorage, Unavailable
from ktizo.core.settings import Settings

pytestmark = pytest.mark.anyio

COUNTER = "counter"
router = APIRouter()


@router.post("/count")
async def count(session: WriteSession) -> int:
    """Read, decide, write: what is lost, or refused, unless one transaction writes at a time."""
    before = await session.scalar(sa.select(Meta.value).where(Meta.key == COUNTER))
    if before is None:
        session.add(Meta(key=COUNTER, value=1))
    else:
        await session.execute(sa.update(Meta).where(Meta.key == COUNTER).values(value=before + 1))
    return (before or 0) + 1


@router.post("/refused")
async def refused(session: WriteSession) -> None:
    session.add(Meta(key="half", value=1))
    await session.flush()
    raise Conflict("changed my mind")


@router.post("/fails-at-commit")
async def fails_at_commit(session: WriteSession) -> str:
    await session.execute(sa.text("INSERT INTO child VALUES (99)"))
    return "fine so far"


@router.get("/count")
async def current(session: ReadSession) -> int:
    return await session.scalar(sa.select(Meta.value).where(Meta.key == COUNTER)) or 0


def client_for(db: Database) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app_with(router, db=db), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://ktizo.test", timeout=60)


async def values(db: Database) -> dict[str, int]:
    async with db.read() as session:
        return {row[0]: row[1] for row in await session.execute(sa.select(Meta.key, Meta.value))}


async def set_counter(db: Database, value: int) -> None:
    async with db.write() as session:
        await session.merge(Meta(key=COUNTER, value=value))


async def test_a_request_is_one_transaction_that_is_kept_when_it_ends_well(db: Database) -> None:
    async with client_for(db) as client:
        assert [(await client.post("/count")).json() for _ in range(3)] == [1, 2, 3]
        assert (await client.get("/count")).json() == 3


async def test_a_request_that_ends_in_an_error_leaves_nothing(db: Database) -> None:
    async with client_for(db) as client:
        assert (await client.post("/refused")).status_code == 409
    assert await values(db) == {}


async def test_a_commit_that_fails_is_never_answered_with_200(db: Database) -> None:
    async with db.write() as session:
        await session.execute(sa.text("CREATE TABLE parent (id INTEGER PRIMARY KEY)"))
        await session.execute(
            sa.text(
                "CREATE TABLE child (id INTEGER REFERENCES parent(id)"
                " DEFERRABLE INITIALLY DEFERRED)"
            )
        )
    async with client_for(db) as client:
        assert (await client.post("/fails-at-commit")).status_code == 500
        assert (await client.post("/count")).status_code == 200
    async with db.read() as session:
        assert await session.scalar(sa.text("SELECT count(*) FROM child")) == 0


async def test_forty_people_who_write_at_once_all_succeed(db: Database) -> None:
    await set_counter(db, 0)
    async with client_for(db) as client:
        answers = await asyncio.gather(*(client.post("/count") for _ in range(40)))
    assert {answer.status_code for answer in answers} == {200}
    assert (await values(db))[COUNTER] == 40


async def test_two_processes_that_write_at_once_both_succeed(db: Database, tmp_path: Path) -> None:
    other = Database(settings_for("sqlite" if db.is_sqlite else "postgresql", tmp_path))
    await set_counter(db, 0)
    async with client_for(db) as one, client_for(other) as two:
        answers = await asyncio.gather(
            *(client.post("/count") for client in (one, two) for _ in range(20))
        )
    await other.close()
    assert {answer.status_code for answer in answers} == {200}
    assert (await values(db))[COUNTER] == 40


async def left_open(before: set[asyncio.Task[Any]]) -> list[str]:
    """Return what nobody holds any more and nobody closed, once all begun since has ended."""
    await asyncio.gather(*asyncio.all_tasks() - before, return_exceptions=True)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        gc.collect()
    return [str(one.message) for one in said]


async def test_reading_goes_on_while_somebody_writes(db: Database) -> None:
    await set_counter(db, 1)
    async with db.write() as session:
        await session.execute(sa.update(Meta).values(value=2))
        assert await values(db) == {COUNTER: 1}
    assert await values(db) == {COUNTER: 2}


async def test_a_reading_session_cannot_write(sqlite_db: Database) -> None:
    with pytest.raises(Unavailable, match="readonly"):
        async with sqlite_db.read() as session:
            await session.execute(sa.insert(Meta).values(key="x", value=1))


async def test_a_request_that_is_cancelled_leaves_nothing_and_holds_nothing(db: Database) -> None:
    inside = asyncio.Event()

    async def slow() -> None:
        async with db.write() as session:
            session.add(Meta(key="half", value=1))
            await session.flush()
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(slow())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await set_counter(db, 7)
    assert await values(db) == {COUNTER: 7}


@pytest.mark.parametrize("steps", range(8))
async def test_whoever_is_cancelled_while_connecting_leaves_no_connection_open(
    db: Database, steps: int
) -> None:
    before = asyncio.all_tasks()
    task = asyncio.create_task(set_counter(db, 1))
    for _ in range(steps):
        await asyncio.sleep(0)
    while not task.done():  # again and again, as anyio does
        task.cancel()
        await asyncio.sleep(0)
    await db.close()
    assert not await left_open(before)
    await set_counter(db, 7)
    assert (await values(db))[COUNTER] == 7


@pytest.mark.parametrize("steps", range(12))
async def test_whoever_is_cancelled_while_letting_go_leaves_no_connection_open(
    db: Database, steps: int
) -> None:
    """The end of a program: background tasks are cancelled, then the pools are disposed of."""
    done = asyncio.Event()

    async def read() -> None:
        async with db.read() as session:
            await session.execute(sa.select(Meta))
            done.set()

    before = asyncio.all_tasks()
    task = asyncio.create_task(read())
    await done.wait()
    for _ in range(steps):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait({task})
    await db.close()
    assert not await left_open(before)


async def test_an_error_in_the_middle_of_a_cancel_does_not_undo_the_cancel(db: Database) -> None:
    """asyncpg may answer so; a loop that tries again after errors would go on for ever."""
    inside = asyncio.Event()

    async def work() -> None:
        async with db.read():
            inside.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                raise ConnectionError("torn in the middle of a message") from None

    task = asyncio.create_task(work())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.enable_socket
async def test_who_waits_too_long_for_another_writer_is_told(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ktizo.core.db.WAIT_S", 0.01)
    other = Database(settings_for("sqlite" if db.is_sqlite else "postgresql", tmp_path))
    async with db.write() as session:
        await session.execute(sa.select(1))
        with pytest.raises(Unavailable, match=r"the database does not answer: .*(locked|timeout)"):
            await set_counter(other, 1)
    await other.close()
    await set_counter(db, 1)


async def test_a_duplicate_key_reaches_the_rule_as_itself(db: Database) -> None:
    await set_counter(db, 1)
    async with db.write() as session:
        session.add(Meta(key=COUNTER, value=2))
        with pytest.raises(IntegrityError):
            await session.flush()
        await session.rollback()


async def test_the_boot_version_grows_with_its_transaction_only(db: Database) -> None:
    for _ in range(2):
        async with db.write() as session:
            await bump_boot_version(session)
    async with db.write() as session:
        await bump_boot_version(session)
        await session.rollback()
    assert await values(db) == {"boot_version": 2}


# --- times ----------------------------------------------------------------------------------------


@given(st.datetimes(timezones=st.timezones()))
def test_a_time_comes_back_as_the_same_moment_in_utc(at: datetime) -> None:
    kind = UtcDateTime()
    stored = kind.process_bind_param(at, None)
    assert isinstance(stored, int)
    try:
        expected = at.astimezone(UTC)
    except OverflowError:  # the first and last hours of the calendar
        return
    assert kind.process_result_value(stored, None) == expected


def test_no_time_stays_no_time_and_a_naive_one_is_a_bug_of_ours() -> None:
    kind = UtcDateTime()
    assert kind.process_bind_param(None, None) is None
    assert kind.process_result_value(None, None) is None
    with pytest.raises(TypeError):
        kind.process_bind_param(datetime(2026, 11, 21), None)  # noqa: DTZ001 - the point of it


# --- when the database does not want to -----------------------------------------------------------


async def test_a_database_that_is_not_there_is_a_clear_error(tmp_path: Path) -> None:
    db = Database(settings_for("sqlite", tmp_path / "missing"))
    for session in (db.read, db.write):
        with pytest.raises(Unavailable, match="the database is not there"):
            await ask(session)
    await db.close()
    let_threads_end()


async def ask(session: Any) -> None:
    async with session() as open_session:
        await open_session.execute(sa.text("SELECT 1"))


@pytest.mark.enable_socket
async def test_a_postgresql_that_is_down_is_a_clear_error_without_the_password(
    unused_tcp_port: int, tmp_path: Path
) -> None:
    url = f"postgresql://ktizo:hunter2@127.0.0.1:{unused_tcp_port}/ktizo"
    db = Database(Settings(data_dir=tmp_path, database_url=url))
    with pytest.raises(Unavailable, match="the database does not answer") as raised:
        await ask(db.write)
    assert "hunter2" not in str(raised.value)
    await db.close()


@pytest.fixture
def unused_tcp_port() -> Iterator[int]:
    with socket.socket() as kept:  # bound, but not listening: nobody else gets it meanwhile
        kept.bind(("127.0.0.1", 0))
        yield int(kept.getsockname()[1])


@pytest.mark.enable_socket
@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ktizo:hunter2@nowhere.invalid/ktizo",
        "postgresql://ktizo:hunter2@{server}/there_is_no_such_database",
    ],
)
async def test_a_postgresql_named_wrongly_is_a_clear_error(
    db: Database, url: str, tmp_path: Path
) -> None:
    if db.is_sqlite:
        pytest.skip("needs the PostgreSQL server")
    server = db.url.partition("@")[2].partition("/")[0]
    wrong = Database(Settings(data_dir=tmp_path, database_url=url.format(server=server)))
    with pytest.raises(Unavailable, match="the database does not answer") as raised:
        await ask(wrong.write)
    assert "hunter2" not in str(raised.value)
    await wrong.close()


RAISE = "DO $$ BEGIN RAISE EXCEPTION 'hunter2' USING ERRCODE = '{}'; END $$"


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("SELECT pg_terminate_backend(pg_backend_pid())", Unavailable),
        (RAISE.format("57P01"), Unavailable),  # admin_shutdown
        (RAISE.format("53300"), Unavailable),  # too_many_connections
        (RAISE.format("40P01"), Unavailable),  # deadlock_detected
        (RAISE.format("53100"), InsufficientStorage),  # disk_full
    ],
)
async def test_what_is_the_servers_fault_is_worth_another_try(
    db: Database, statement: str, kind: type[Exception]
) -> None:
    if db.is_sqlite:
        pytest.skip("about PostgreSQL")
    with pytest.raises(kind):
        async with db.write() as session:
            await session.execute(sa.text(statement))
    await set_counter(db, 1)


@pytest.mark.parametrize(
    "row",
    [
        {"key": "a", "value": 2**70},
        {"key": "a" * 41, "value": 1},
        {"key": "a\0", "value": 1},
        {"key": "\ud800", "value": 1},
    ],
    ids=str,
)
async def test_a_value_the_database_does_not_take_is_not_blamed_on_the_server(
    db: Database, row: dict[str, Any]
) -> None:
    """The writer tries again for ever when it hears Unavailable; this one never gets better."""
    if db.is_sqlite:
        pytest.skip("about PostgreSQL: SQLite takes most of these")
    with pytest.raises(sa.exc.DBAPIError):
        async with db.write() as session:
            await session.execute(sa.insert(Meta), [row])
    await set_counter(db, 1)


async def test_a_database_somebody_else_holds_locked_is_a_clear_error(sqlite_db: Database) -> None:
    async with sqlite_db.write() as session:  # do not wait ten seconds in a test
        await session.execute(sa.text("PRAGMA busy_timeout=1"))
    other = Database(settings_for("sqlite", sqlite_db.path.parent))  # type: ignore[union-attr]
    async with other.write() as session:
        await session.execute(sa.text("SELECT 1"))
        with pytest.raises(Unavailable, match="locked"):
            await set_counter(sqlite_db, 1)
    await other.close()
    await set_counter(sqlite_db, 1)


async def test_a_full_disk_is_a_clear_error_and_what_was_stored_stays(tmp_path: Path) -> None:
    try:
        disk = small_disk(tmp_path / "disk", 1024)
        folder = disk.__enter__()
    except (subprocess.CalledProcessError, FileNotFoundError):
        pytest.skip("may not mount a tmpfs (not root)")
    try:
        async with fresh_database("sqlite", folder) as db:
            await set_counter(db, 7)
            with pytest.raises(InsufficientStorage, match="free some disk space") as raised:
                await fill(db)
            assert "secret" not in str(raised.value)
            assert await values(db) == {COUNTER: 7}
    finally:
        disk.__exit__(None, None, None)


async def fill(db: Database) -> None:
    async with db.write() as session:
        rows = [{"key": f"secret {number}", "value": number} for number in range(50_000)]
        await session.execute(sa.insert(Meta), rows)


def test_postgresql_is_reached_through_its_async_driver_and_sqlite_is_the_default(
    tmp_path: Path,
) -> None:
    assert database_url(Settings(data_dir=tmp_path)) == f"sqlite+aiosqlite:///{tmp_path}/ktizo.db"
    for given_url in ("postgresql://u:p@h/d", "postgres://u:p@h/d", "postgresql+psycopg://u:p@h/d"):
        settings = Settings(database_url=given_url)
        assert database_url(settings) == "postgresql+asyncpg://u:p@h/d"
