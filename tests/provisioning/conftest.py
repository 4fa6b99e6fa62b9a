"""What the tests of rented servers share."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from core.databases import KINDS
from core.moved_clock import Clock
from integration.house import open_house, settings_in
from providers.rescue import machine as rescue
from providers.rescue.web import Web
from provisioning.clouds import Clouds, open_clouds
from provisioning.homes import Home, open_home
from provisioning.paths import Rented

OpenHome = Callable[..., AbstractAsyncContextManager[Home]]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def clouds(tmp_path: Path) -> AsyncIterator[Clouds]:
    """A whole Ktizo on loopback, with doubles where vendors would be."""
    async with open_clouds(tmp_path) as made:
        yield made


@pytest.fixture(scope="session")
def grown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A data folder after its first start, and its administrator's token."""
    folder = tmp_path_factory.mktemp("grown")

    async def first_start() -> str:
        async with open_house(folder) as house:
            return house.token

    return settings_in(folder).data_dir, asyncio.run(first_start())


@pytest.fixture
def opened(tmp_path: Path, grown: tuple[Path, str]) -> OpenHome:
    """Open a Ktizo in memory with settings of your own: `async with opened(public_url=None)`."""

    def open_(**changes: Any) -> AbstractAsyncContextManager[Home]:
        return open_home(tmp_path, grown=grown, **changes)

    return open_


@pytest.fixture
async def home(opened: OpenHome) -> AsyncIterator[Home]:
    """A Ktizo in memory that has a public URL."""
    async with opened() as made:
        yield made


@pytest.fixture(params=KINDS)
async def any_home(
    request: pytest.FixtureRequest, tmp_path: Path, grown: tuple[Path, str]
) -> AsyncIterator[Home]:
    """The same on each database."""
    async with open_home(tmp_path, str(request.param), grown=grown) as made:
        yield made


@pytest.fixture
async def rented(any_home: Home) -> Rented:
    """A server that was ordered; its machine has not asked yet."""
    _, server, path = await any_home.rent()
    return any_home, path, server["id"]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The wall clock of the whole program, moved by hand."""
    moved = Clock()
    moved.everywhere(monkeypatch)
    return moved


@pytest.fixture
async def sshd(tmp_path: Path, clouds: Clouds) -> AsyncIterator[rescue.Machine]:
    """A rescue system that runs: a real sshd, where the vendors' doubles say their server is."""
    if rescue.SSHD is None:
        pytest.skip("needs sshd: Debian's openssh-server (scripts/packages.sh)")
    async with Web() as web:
        made = rescue.Machine(tmp_path / "rescue", web.url, f"{clouds.network}.8.1")
        made.start()
        clouds.state.site.rescue = {
            "shell": {"port": made.port},
            "look": {"root": made.root},
            "kexec": {"root": made.root, "places": (str(made.memory),)},
        }
        yield made
        made.stop()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The whole app a time: left out of `make check`."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.slow)
