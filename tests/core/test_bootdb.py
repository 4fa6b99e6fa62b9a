import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.databases import fresh_database, settings_for
from ktizo.core import sqlite
from ktizo.core.bootdb import PooledBootReader, SqliteBootReader, boot_reader
from ktizo.core.db import Base, Database, Meta, UtcDateTime, bump_boot_version
from ktizo.core.errors import Unavailable

pytestmark = pytest.mark.anyio

NOON = datetime(2026, 11, 21, 12, 0, 0, 5, tzinfo=UTC)
VALUE = sa.select(Meta.value).where(Meta.key == sa.bindparam("wanted"))


class Sample(Base):
    """A row with every type of column that is not stored as itself."""

    __tablename__ = "test_samples"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    data: Mapped[Any] = mapped_column(sa.JSON, nullable=True)
    flag: Mapped[bool]
    text: Mapped[str]


async def put(db: Database, key: str, value: int) -> None:
    async with db.write() as session:
        await session.merge(Meta(key=key, value=value))


async def test_rows_come_typed_as_the_orm_would_type_them(db: Database) -> None:
    samples = [
        Sample(id=1, at=NOON, data={"a": [1, None]}, flag=True, text="Küche ' --"),
        Sample(id=2, at=None, data=None, flag=False, text=""),
        Sample(id=3, at=NOON, data=[], flag=False, text="x"),
    ]
    async with db.write() as session:
        session.add_all(samples)
    statement = sa.select(
        Sample.id, Sample.at, Sample.data, Sample.flag, Sample.text.label("t")
    ).order_by(Sample.id)
    reader = boot_reader(db)
    assert await reader.rows(statement, {}) == [
        (1, NOON, {"a": [1, None]}, True, "Küche ' --"),
        (2, None, None, False, ""),
        (3, NOON, [], False, "x"),
    ]
    reader.close()


async def test_a_statement_may_hold_values_of_its_own_beside_its_parameters(db: Database) -> None:
    for number in range(5):
        await put(db, f"k{number}", number)
    reader = boot_reader(db)
    statement = (
        sa.select(Meta.key)
        .where(Meta.value >= sa.bindparam("least"), Meta.key != "k3")
        .order_by(Meta.value)
        .limit(2)
    )
    assert await reader.rows(statement, {"least": 2}) == [("k2",), ("k4",)]
    assert await reader.rows(statement, {"least": 4}) == [("k4",)]
    reader.close()


async def test_a_parameter_is_never_read_as_sql(db: Database) -> None:
    await put(db, "a", 1)
    reader = boot_reader(db)
    assert await reader.rows(VALUE, {"wanted": "' OR 1=1 --"}) == []
    assert await reader.rows(VALUE, {"wanted": "a"}) == [(1,)]
    reader.close()


async def test_the_version_grows_when_what_a_machine_would_be_told_may_have_changed(
    db: Database,
) -> None:
    reader = boot_reader(db)
    assert await reader.version() == 0
    for expected in (1, 2):
        async with db.write() as session:
            await bump_boot_version(session)
        assert await reader.version() == expected
    await put(db, "something else", 1)
    assert await reader.version() == 2
    reader.close()


async def test_one_look_serves_a_turn_of_the_loop_and_the_next_turn_looks_again(
    sqlite_db: Database,
) -> None:
    reader = boot_reader(sqlite_db)
    connection = sqlite.module.connect(sqlite_db.path, isolation_level=None)

    def write(number: int) -> None:
        connection.execute("INSERT OR REPLACE INTO core_meta VALUES ('boot_version', ?)", [number])

    told: list[int] = []

    async def ask(number: int) -> None:
        told.append(await reader.version_this_turn())
        write(number)  # somebody else's commit, right after

    # All three came in before anything was written: the first look is current enough for them.
    await asyncio.gather(ask(1), ask(2), ask(3))
    await ask(4)
    assert told == [0, 0, 0, 3]
    await asyncio.sleep(0)
    assert await reader.version_this_turn() == 4
    connection.close()
    reader.close()


async def test_who_comes_in_after_a_look_is_not_served_by_it(sqlite_db: Database) -> None:
    reader = boot_reader(sqlite_db)
    connection = sqlite.module.connect(sqlite_db.path, isolation_level=None)
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    seen: list[int] = []

    async def later() -> None:
        seen.append(await reader.version_this_turn())
        told.set()

    assert await reader.version_this_turn() == 0
    connection.execute("INSERT INTO core_meta VALUES ('boot_version', 9)")
    task = loop.create_task(later())
    await told.wait()
    await task
    assert seen == [9]
    connection.close()
    reader.close()


async def test_a_database_that_is_away_is_looked_for_again_within_the_turn(tmp_path: Path) -> None:
    reader = boot_reader(sqlite_in(tmp_path))
    with pytest.raises(Unavailable):
        await reader.version_this_turn()
    async with fresh_database("sqlite", tmp_path):
        assert await reader.version_this_turn() == 0
    reader.close()


async def test_a_write_that_is_not_committed_is_not_seen(db: Database) -> None:
    reader = boot_reader(db)
    async with db.write() as session:
        await bump_boot_version(session)
        assert await reader.version() == 0
    assert await reader.version() == 1
    reader.close()


async def test_what_another_process_writes_is_seen_by_the_next_call(sqlite_db: Database) -> None:
    reader = boot_reader(sqlite_db)
    assert await reader.version() == 0
    assert await reader.rows(VALUE, {"wanted": "theirs"}) == []
    script = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]);"
        "c.execute(\"INSERT INTO core_meta VALUES ('boot_version', 7), ('theirs', 1)\");"
        "c.commit()"
    )
    other = await asyncio.create_subprocess_exec(sys.executable, "-c", script, str(sqlite_db.path))
    assert await other.wait() == 0
    assert await reader.version() == 7
    assert await reader.rows(VALUE, {"wanted": "theirs"}) == [(1,)]
    reader.close()


async def test_each_database_gets_the_reader_fit_for_it(db: Database) -> None:
    kind = SqliteBootReader if db.is_sqlite else PooledBootReader
    assert isinstance(boot_reader(db), kind)


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def sqlite_in(folder: Path) -> Database:
    return Database(settings_for("sqlite", folder))


async def test_a_missing_file_is_unavailable_until_it_is_there(tmp_path: Path) -> None:
    reader = boot_reader(sqlite_in(tmp_path))
    for _ in range(2):
        with pytest.raises(Unavailable, match="not there"):
            await reader.version()
    assert names_in(tmp_path) == []  # and reading did not make one
    async with fresh_database("sqlite", tmp_path):
        assert await reader.version() == 0
    reader.close()


async def test_a_file_that_disappears_is_unavailable(sqlite_db: Database) -> None:
    reader = boot_reader(sqlite_db)
    assert await reader.version() == 0
    assert sqlite_db.path is not None
    sqlite_db.path.unlink()
    with pytest.raises(Unavailable):
        await reader.rows(VALUE, {"wanted": "x"})


async def test_a_file_that_was_replaced_is_opened_anew(tmp_path: Path) -> None:
    async with fresh_database("sqlite", tmp_path / "old") as old:
        await put(old, "boot_version", 100)
        reader = boot_reader(old)
        assert await reader.version() == 100
    async with fresh_database("sqlite", tmp_path / "new") as new:
        await put(new, "boot_version", 3)
        await put(new, "theirs", 1)
    # As a restore must: a write-ahead log left behind would be played into the new file.
    for name in ("ktizo.db-wal", "ktizo.db-shm"):
        (tmp_path / "old" / name).unlink(missing_ok=True)
    (tmp_path / "new" / "ktizo.db").replace(tmp_path / "old" / "ktizo.db")
    assert await reader.version() == 3
    assert await reader.rows(VALUE, {"wanted": "theirs"}) == [(1,)]
    reader.close()


@pytest.mark.parametrize("content", [b"", b"not a database at all" * 100])
async def test_a_file_that_is_no_database_of_ours_is_unavailable(
    tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "ktizo.db").write_bytes(content)
    reader = boot_reader(sqlite_in(tmp_path))
    with pytest.raises(Unavailable, match="does not answer"):
        await reader.version()
    reader.close()


async def test_a_path_with_odd_characters_is_found(tmp_path: Path) -> None:
    folder = tmp_path / "a b?mode=rw#%41 é"
    async with fresh_database("sqlite", folder) as db:
        reader = boot_reader(db)
        assert await reader.version() == 0
        reader.close()


async def test_the_reader_cannot_write(sqlite_db: Database) -> None:
    reader = SqliteBootReader(sqlite_db)
    with pytest.raises(Unavailable, match="readonly"):
        reader._run("DELETE FROM core_meta", {})
    reader.close()


async def test_closing_twice_and_reading_after_it_is_fine(db: Database) -> None:
    reader = boot_reader(db)
    reader.close()
    reader.close()
    assert await reader.version() == 0
    reader.close()


async def test_a_postgresql_has_no_file_to_read(db: Database) -> None:
    if db.is_sqlite:
        pytest.skip("about PostgreSQL")
    with pytest.raises(ValueError, match="not a SQLite database"):
        SqliteBootReader(db)
