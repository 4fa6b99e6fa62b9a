"""Full disks, locked and missing databases, bugs: the office hears why, machines boot disks."""

import asyncio
import contextlib
import shutil
import sqlite3
import subprocess
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa

from core.disks import small_disk
from integration.conftest import Clock, OpenHouse
from integration.house import MAC, OTHER_MAC, POSTGRES, House, open_house, settings_in, until
from integration.test_approvals import done_path
from ktizo.boot import render
from ktizo.core.errors import Unavailable

# On a broken file SQLAlchemy forgets to close a connection whose first PRAGMA fails; the garbage
# collector does it, a test later, with a warning.
pytestmark = [
    pytest.mark.anyio,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
UNKNOWN = "52:54:00:00:00:99"


async def pragma(house: House, text: str) -> Any:
    """Set something on the one connection that writes."""
    async with house.state.db.writing.connect() as connection:
        return (await connection.exec_driver_sql(f"PRAGMA {text}")).scalar()


async def refused(house: House, method: str, path: str, statuses: set[int], **options: Any) -> str:
    """The office is told no, with a code and a sentence."""
    answer = await house.office.request(method, f"/api/v1/{path}", **options)
    assert answer.status_code in statuses, (answer.status_code, answer.text)
    body = answer.json()
    assert body["code"] not in {"", "internal_error"}
    assert "SELECT" not in body["message"]
    assert "INSERT" not in body["message"]
    return f"{body['code']}: {body['message']}"


async def only_disks(house: House, rule: str) -> None:
    """Every machine, known or not, boots from its disk for this reason."""
    for mac in (MAC, OTHER_MAC, UNKNOWN):
        for choice in ({}, {"choice": "debian"}):
            assert (await house.knock(mac, **choice)).disk.rule == rule
    answer = await house.at("10.0.0.50").get("/boot/boot.ipxe")
    assert answer.status_code == 200


# The disk is full


async def test_on_a_full_disk_nothing_is_installed_and_the_office_is_told(opened: OpenHouse):
    async with opened() as house:
        device_id = await house.ready()
        await house.flush()
        pages = await pragma(house, "page_count")
        await pragma(house, f"max_page_count={pages}")
        note = {"notes": "x" * 4000}
        said = ""
        for _ in range(20):  # until the free pages are used up
            answer = await house.office.patch(f"/api/v1/devices/{device_id}", json=note)
            if answer.status_code != 200:
                said = answer.text
                break
        assert answer.status_code == 507, said
        assert answer.json()["code"] == "insufficient_storage"
        for _ in range(50):
            house.state.writer.put(*some_history())
        assert not await house.state.writer.flush()
        assert (await house.knock()).disk.rule == "cannot_record"
        assert (await house.knock(UNKNOWN)).disk.rule == "unknown"
        assert (await house.api("GET", "health"))["status"] == "degraded"
        assert (await house.device())["id"] == device_id, "reading goes on"
        await pragma(house, "max_page_count=1073741823")
        await house.flush()
        assert (await house.api("GET", "health"))["status"] == "ok"
        assert (await house.knock()).installer
        assert (await house.api("GET", "audit/verify"))["ok"]


def some_history() -> tuple[Any, object, Any]:
    from ktizo.events.kinds import Event
    from ktizo.events.record import EventSink

    event = Event(id=0, at=datetime.now(UTC), kind="x", data={"text": "x" * 3000})
    return EventSink(), object(), event


@pytest.mark.root
async def test_on_a_real_full_disk_machines_still_boot_and_nothing_is_lost(
    tmp_path: Path, grown: tuple[Path, str]
):
    try:
        disk = contextlib.ExitStack()
        folder = disk.enter_context(small_disk(tmp_path / "disk", 3000))
    except (subprocess.CalledProcessError, OSError):
        pytest.skip("needs root: mounting a small disk")
    with disk:
        async with open_house(folder, grown=grown) as house:
            await house.ready()
            await house.flush()
            ballast = house.settings.data_dir / "ballast"
            fill(ballast)
            for number in range(300):
                await house.knock(f"52:54:00:00:{number // 256:02x}:{number % 256:02x}")
                if number % 50 == 0:
                    await house.state.writer.flush()
            assert not house.state.writer.healthy
            assert (await house.knock()).disk.rule == "cannot_record"
            said = await refused(
                house, "POST", "devices", {507, 503}, json={"mac": "52:54:00:00:99:99"}
            )
            assert "free" in said
            answer = await house.office.put(
                "/api/v1/boot/profiles/debian/assets/more", content=b"x" * 100_000
            )
            assert (answer.status_code, answer.json()["code"]) == (507, "insufficient_storage")
            ballast.unlink()
            await house.flush()
            assert len(await house.devices()) >= 300, "what was noted meanwhile is there"
            assert (await house.knock()).installer
            assert (await house.api("GET", "audit/verify"))["ok"]


def fill(path: Path) -> None:
    with contextlib.suppress(OSError), path.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)


# The database is locked


@contextlib.contextmanager
def locked(house: House) -> Iterator[None]:
    """Another program has the database for itself."""
    other = sqlite3.connect(house.settings.data_dir / "ktizo.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


async def test_while_the_database_is_locked_nothing_is_installed_and_nothing_waits(
    opened: OpenHouse,
):
    async with opened() as house:
        device_id = await house.ready()
        await house.flush()
        await pragma(house, "busy_timeout=50")
        with locked(house):
            told = await asyncio.wait_for(house.knock(UNKNOWN), 1)
            assert told.disk.rule == "unknown"
            assert not await house.state.writer.flush()
            assert (await house.knock()).disk.rule == "cannot_record"
            said = await refused(house, "POST", f"devices/{device_id}/reject", {503})
            assert "locked" in said
            assert (await house.device())["state"] == "approved", "reading goes on"
        await house.flush()
        assert (await house.knock()).installer
        assert await house.device(UNKNOWN), "what was noted meanwhile is there"


async def test_a_proof_that_cannot_be_kept_is_not_confirmed(opened: OpenHouse):
    async with opened() as house:
        await house.ready()
        path = await done_path(house)
        await house.flush()
        await pragma(house, "busy_timeout=50")
        with locked(house):
            answer = await house.at("10.0.0.50").post(path)
            assert (answer.status_code, answer.text.partition(":")[0]) == (503, "unavailable")
        assert (await house.device())["state"] == "installing"
        assert (await house.at("10.0.0.50").post(path)).status_code == 200


# The database is gone, or is none


async def test_when_the_database_file_is_gone_machines_boot_their_disks(opened: OpenHouse):
    async with opened() as house:
        await house.ready()
        assert (await house.knock()).installer
        config, done = await done_path_parts(house)
        await house.flush()
        file = house.settings.data_dir / "ktizo.db"
        away = file.rename(file.with_suffix(".away"))
        await only_disks(house, "database_down")
        machine = house.at("10.0.0.50")
        for path in (config, done, "/boot/assets/debian/linux"):
            answer = await machine.get(path)
            assert (answer.status_code, answer.text.partition(":")[0]) == (503, "unavailable"), path
        away.rename(file)
        assert (await house.knock()).installer


async def test_when_the_database_file_is_gone_the_office_is_told(opened: OpenHouse):
    """Not "done": a decision written to a file that is deleted is lost at the next start."""
    async with opened() as house:
        device_id = await house.see()
        file = house.settings.data_dir / "ktizo.db"
        for name in ("ktizo.db", "ktizo.db-wal", "ktizo.db-shm"):
            file.with_name(name).unlink(missing_ok=True)
        await refused(house, "POST", f"devices/{device_id}/approve", {503, 507}, json={})


async def done_path_parts(house: House) -> tuple[str, str]:
    done = await done_path(house)
    (config,) = (await house.knock()).ticket_paths
    return config, done


@contextlib.asynccontextmanager
async def started_without_database(
    folder: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> AsyncIterator[House]:
    """A Ktizo whose database is `content` when it starts."""
    monkeypatch.setattr("ktizo.app.RETRY_S", 0.05)
    settings = settings_in(folder)
    (folder / "data").mkdir()
    (folder / "data" / "ktizo.db").write_bytes(content)
    house = await House(settings, "ktizo_" + "A" * 43).open(wait=False)
    try:
        yield house
    finally:
        await house.close()


@pytest.mark.parametrize(
    "content", [b"this is no database" * 500, b"SQLite format 3\0" + b"\xff" * 8000]
)
async def test_with_a_broken_database_at_start_machines_boot_their_disks_and_the_office_is_told(
    content: bytes,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
):
    async with started_without_database(tmp_path, monkeypatch, content) as house:

        async def complained() -> bool:
            return "cannot start yet" in caplog.text

        await until("the log says that it cannot start", complained)
        await only_disks(house, "database_down")
        assert (await house.office.get("/api/v1/health")).json()["status"] == "degraded"
        await refused(house, "GET", "devices", {503})
        await refused(house, "POST", "devices", {503}, json={"mac": MAC})


async def test_it_starts_by_itself_once_the_database_is_repaired(
    tmp_path: Path, grown: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
):
    async with started_without_database(tmp_path, monkeypatch, b"broken" * 1000) as house:
        assert (await house.knock()).disk.rule == "database_down"
        shutil.copy(grown[0] / "ktizo.db", house.settings.data_dir / "new.db")
        (house.settings.data_dir / "new.db").replace(house.settings.data_dir / "ktizo.db")

        async def healthy() -> bool:
            return bool((await house.office.get("/api/v1/health")).json()["status"] == "ok")

        await until("it has started", healthy)
        house.office.headers["Authorization"] = f"Bearer {grown[1]}"
        assert (await house.knock(OTHER_MAC)).disk.rule == "unknown"
        await house.flush()
        assert len(await house.devices()) == 2, "who knocked while it was away is known too"


async def test_an_empty_database_file_is_a_first_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    async with started_without_database(tmp_path, monkeypatch, b"") as house:

        async def announced() -> bool:
            return bool(house.announced)

        await until("the first token is shown", announced)
        assert (await house.knock()).disk.rule == "unknown"


async def test_a_database_of_a_newer_ktizo_is_left_alone_and_machines_boot_their_disks(
    tmp_path: Path, grown: tuple[Path, str], monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
):  # fmt: skip
    newer = tmp_path / "newer.db"
    shutil.copy(grown[0] / "ktizo.db", newer)
    with contextlib.closing(sqlite3.connect(newer)) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
        database.commit()
    content = newer.read_bytes()
    async with started_without_database(tmp_path, monkeypatch, content) as house:

        async def complained() -> bool:
            return "cannot start yet" in caplog.text

        await until("the log says that it cannot start", complained, within_s=5)
        assert (await house.knock()).status == 200


async def test_the_first_token_is_shown_even_when_the_start_fails_half_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """It is made once and stored hashed: not shown then, it is never shown."""
    monkeypatch.setattr("ktizo.app.RETRY_S", 0.02)
    house = House(settings_in(tmp_path))
    failures = iter([Unavailable("the database does not answer")])

    from ktizo.events.stream import Broker

    start = Broker.start

    async def failing_once(self: Broker, *, poll_s: float | None = None) -> None:
        for failure in failures:
            raise failure
        await start(self, poll_s=poll_s)

    monkeypatch.setattr(Broker, "start", failing_once)
    await house.open(wait=False)
    try:

        async def ready() -> bool:
            return bool(house.state.ready)

        await until("it has started", ready)

        async def announced() -> bool:
            return bool(house.announced)

        await until("the administrator's token is shown", announced, within_s=1)
    finally:
        await house.close()


# History cannot be written, bugs, and other folders


async def test_when_history_cannot_be_written_an_approved_machine_gets_no_installer(
    house: House, monkeypatch: pytest.MonkeyPatch
):
    await house.ready()
    await house.flush()
    await house.knock(UNKNOWN)

    @contextlib.asynccontextmanager
    async def fails() -> AsyncIterator[Any]:
        raise Unavailable("the database does not answer")
        yield

    monkeypatch.setattr(house.state.writer, "_transaction", fails)
    assert not await house.state.writer.flush()
    told = (await house.knock()).disk
    assert told.rule == "cannot_record"
    assert told.reason == "Ktizo cannot write its history, so it lets nothing be installed"
    assert (await house.explain())["rule"] == "cannot_record"
    assert (await house.device())["lease"]["offers"] == 0
    monkeypatch.undo()
    await house.flush()
    assert (await house.knock()).installer


@pytest.mark.parametrize(
    "where",
    [
        "ktizo.boot.answer.Answerer.answer",
        "ktizo.boot.answer.decide",
        "ktizo.boot.machine.front.parse",
        "ktizo.boot.render.script",
        "ktizo.boot.machine.front.Front.base",
    ],
)
async def test_a_bug_of_ours_ends_on_the_machines_own_disk(
    where: str, opened: OpenHouse, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    async with opened() as house:
        await house.ready()

        def bug(*_args: Any, **_kwargs: Any) -> Any:
            raise ZeroDivisionError("a bug")

        monkeypatch.setattr(where, bug)
        told = await house.knock()
        assert (told.status, told.text) == (200, render.LAST_RESORT.decode())
        assert "could not be answered" in caplog.text
        monkeypatch.undo()
        assert (await house.knock()).installer


@pytest.mark.parametrize("name", ["compiled", "compiled/tftp"])
async def test_with_a_compiled_folder_that_cannot_be_written_machines_are_served_all_the_same(
    name: str, tmp_path: Path, grown: tuple[Path, str]
):
    blocked = tmp_path / name
    blocked.parent.mkdir(exist_ok=True, parents=True)
    blocked.write_text("a file where a folder should be")
    async with open_house(tmp_path, grown=grown) as house:
        await house.ready()
        assert (await house.knock()).installer
        assert (await house.at("10.0.0.50").get("/boot/loaders/ipxe.efi")).status_code == 404
        status = await house.api("GET", "network/status")
        assert "cannot write" in str(status), status


@pytest.mark.root
async def test_with_a_read_only_compiled_folder_the_office_is_told_and_machines_are_served(
    tmp_path: Path, grown: tuple[Path, str]
):
    compiled, loaders = tmp_path / "compiled", tmp_path / "loaders"
    compiled.mkdir()
    loaders.mkdir()
    (loaders / "ipxe.efi").write_bytes(b"MZ" * 100)
    options = ["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(compiled)]
    if subprocess.run(options, check=False, capture_output=True).returncode:
        pytest.skip("needs root: mounting a read-only folder")
    try:
        async with open_house(tmp_path, grown=grown) as house:
            await house.ready()
            assert (await house.knock()).installer
            status = await house.api("GET", "network/status")
            assert "Read-only" in str(status), status
    finally:
        subprocess.run(["umount", str(compiled)], check=True)


async def test_a_file_that_is_gone_from_the_disk_is_a_404_with_a_code(opened: OpenHouse):
    async with opened() as house:
        await house.ready()
        for file in (house.settings.data_dir / "assets" / "sha256").rglob("*"):
            if file.is_file():
                file.unlink()
        answer = await house.at("10.0.0.50").get("/boot/assets/debian/linux")
        assert (answer.status_code, answer.text.partition(":")[0]) == (404, "asset_altered")
        assert (await house.knock()).installer, "the script fails its kernel and goes to the disk"


async def test_time_that_jumps_back_opens_nothing(opened: OpenHouse, clock: Clock):
    async with opened() as house:
        device_id = await house.ready()
        clock.forward(days=30)
        assert (await house.knock()).disk.rule == "no_lease"
        await house.act(device_id, "reject")
        clock.forward(days=-60)
        assert (await house.knock()).disk.rule == "rejected"


# PostgreSQL goes away


class Cable:
    """A socket between Ktizo and PostgreSQL that can be pulled out."""

    def __init__(self, folder: Path) -> None:
        real = parse_qs(urlsplit(POSTGRES or "").query)["host"][0]
        self._real = Path(real) / ".s.PGSQL.5432"
        self._folder = folder
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        return str(POSTGRES).partition("?")[0] + f"?host={self._folder}"

    async def plug_in(self) -> None:
        path = self._folder / ".s.PGSQL.5432"
        self._server = await asyncio.start_unix_server(self._carry, path)

    async def pull_out(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in list(self._open):
            writer.transport.abort()
        (self._folder / ".s.PGSQL.5432").unlink(missing_ok=True)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await asyncio.open_unix_connection(self._real)
        self._open |= {writer, there[1]}
        await asyncio.gather(
            self._pump(reader, there[1]), self._pump(there[0], writer), return_exceptions=True
        )

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.transport.abort()


postgres = pytest.mark.skipif(
    "host=" not in (POSTGRES or ""), reason="KTIZO_TEST_POSTGRES names no socket folder"
)


@postgres
async def test_when_postgresql_goes_away_machines_boot_their_disks_and_it_comes_back(
    tmp_path: Path, grown: tuple[Path, str]
):
    cable = Cable(tmp_path)
    await cable.plug_in()
    async with open_house(tmp_path, "postgresql", grown=grown) as house:
        await house.ready()
        await house.flush()
        await house.close()
        house.settings = house.settings.model_copy(update={"database_url": secret(cable.url)})
        await house.open()
        assert (await house.knock()).installer
        await cable.pull_out()
        await only_disks(house, "database_down")
        await refused(house, "GET", "devices", {503})
        await refused(house, "POST", "devices", {503}, json={"mac": UNKNOWN})
        assert not await house.state.writer.flush()
        await cable.plug_in()
        await house.flush()
        assert (await house.knock()).installer
        assert (await house.api("GET", "audit/verify"))["ok"]
        await house.close()
        await cable.pull_out()


@postgres
async def test_without_postgresql_at_start_machines_boot_their_disks_until_it_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    from integration.house import empty_postgres

    monkeypatch.setattr("ktizo.app.RETRY_S", 0.05)
    await empty_postgres(settings_in(tmp_path, "postgresql"))
    cable = Cable(tmp_path)
    settings = settings_in(tmp_path).model_copy(update={"database_url": secret(cable.url)})
    house = await House(settings, "ktizo_" + "A" * 43).open(wait=False)
    try:

        async def complained() -> bool:
            return "cannot start yet" in caplog.text

        await until("the log says that it cannot start", complained, within_s=5)
        assert (await house.knock()).disk.rule == "database_down"
        await refused(house, "GET", "devices", {503})
        await cable.plug_in()

        async def announced() -> bool:
            return bool(house.announced)

        await until("it has started", announced)
        assert (await house.knock()).disk.rule == "unknown"
    finally:
        await house.close()
        with contextlib.suppress(AssertionError):
            await cable.pull_out()


def secret(url: str) -> Any:
    from pydantic import SecretStr

    return SecretStr(url)


async def test_both_databases_hold_the_same_tables(house: House):
    """What these tests prove on SQLite is proved of the same tables on PostgreSQL."""
    async with house.state.db.read() as session:
        connection = await session.connection()
        names = await connection.run_sync(lambda sync: set(sa.inspect(sync).get_table_names()))
    assert {"devices", "device_macs", "leases", "events", "audit_entries", "core_meta"} <= names


async def test_a_database_that_breaks_while_it_runs_lets_nothing_be_installed(opened: OpenHouse):
    """History that cannot be written is kept and tried again, never dropped as if it were bad."""
    async with opened() as house:
        await house.ready()
        await house.flush()
        file = house.settings.data_dir / "ktizo.db"
        with contextlib.closing(sqlite3.connect(file)) as other:
            other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        whole = file.read_bytes()
        file.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
        await house.state.db.writing.dispose()
        await house.knock(UNKNOWN)
        assert not await house.state.writer.flush()
        assert house.state.writer.dropped == 0
        assert not house.state.writer.healthy
        assert not (await house.knock()).installer
        await refused(house, "POST", "devices", {503}, json={"mac": UNKNOWN})
        file.write_bytes(whole)
        await house.state.db.writing.dispose()
        assert await house.state.writer.flush()
