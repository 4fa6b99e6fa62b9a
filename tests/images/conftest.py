"""What the tests of this room share: a database, a factory, and the room's routes as an app."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.databases import KINDS, fresh_database
from core.web import app_with, client_of
from images.factory_double import FACTORY, RELEASES, FactoryDouble
from images.wire import Wire
from ktizo.accounts.api import require_token
from ktizo.accounts.tokens import Actor
from ktizo.core.db import Database
from ktizo.core.http import Http
from ktizo.core.settings import Settings
from ktizo.core.writer import Writer
from ktizo.events import store as events
from ktizo.events.kinds import EVERYTHING
from ktizo.images.api import router
from ktizo.images.resume import Images, open_images


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


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        data_dir=tmp_path,
        compiled_dir=tmp_path / "compiled",
        factory_url=f"http://{FACTORY}",
        releases_url=f"http://{RELEASES}",
    )


@pytest.fixture
def factory() -> FactoryDouble:
    return FactoryDouble()


class Naps:
    """Stands for asyncio.sleep: notes how long, and wakes up at once, or when told to."""

    def __init__(self) -> None:
        self.taken: list[float] = []
        self.wake = asyncio.Event()
        self.fell_asleep = asyncio.Event()
        self.wake.set()

    async def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)
        self.fell_asleep.set()
        await self.wake.wait()


@pytest.fixture
def naps() -> Naps:
    """Between the tries of one request."""
    return Naps()


@pytest.fixture
def rests() -> Naps:
    """Between the tries of a file of the mirror; nobody wakes up by itself."""
    rests = Naps()
    rests.wake.clear()
    return rests


@pytest.fixture
async def http(factory: FactoryDouble, naps: Naps) -> AsyncIterator[Http]:
    client = Http(transport=Wire(factory), sleep=naps)
    yield client
    await client.close()


@pytest.fixture
def used() -> set[str]:
    """What rooms to the left say is in use."""
    return set()


@pytest.fixture
async def room(
    settings: Settings, db: Database, writer: Writer, http: Http, rests: Naps, used: set[str]
) -> AsyncIterator[Images]:
    async def in_use(_: Any) -> set[str]:
        return used

    opened = open_images(settings, db, writer, in_use, http=http, sleep=rests)
    yield opened
    await opened.stop()


@pytest.fixture
async def api(
    db: Database, writer: Writer, settings: Settings, room: Images
) -> AsyncIterator[httpx.AsyncClient]:
    app = app_with(router, settings=settings, db=db, writer=writer, images=room)
    app.dependency_overrides[require_token] = lambda: Actor("somebody", "admin", 1)
    async with client_of(app) as client:
        yield client


@pytest.fixture
def told(db: Database, writer: Writer) -> Any:
    """Return a function that gives the data of every event of a kind."""

    async def of(kind: str) -> list[dict[str, Any]]:
        assert await writer.flush()
        async with db.read() as session:
            found = await events.between(session, 0, None, EVERYTHING, 1000)
        return [event.data for event in found if event.kind == kind]

    return of


def files_in(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder, by path."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def stored(data_dir: Path) -> set[str]:
    """Return the checksums of what is in place, each verified."""
    blobs = files_in(data_dir / "assets" / "sha256")
    for path, content in blobs.items():
        assert path.endswith(hashlib.sha256(content).hexdigest())
    return {path.rpartition("/")[2] for path in blobs}
