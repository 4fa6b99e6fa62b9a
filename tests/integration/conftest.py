"""What the tests of the whole appliance share."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.databases import KINDS
from integration.house import House, open_house, settings_in
from ktizo.boot.builtin import BUILTIN
from ktizo.core import clock as wall_clock

OpenHouse = Callable[..., AbstractAsyncContextManager[House]]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def grown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A data folder after its first start, with every file the profiles name, and its token."""
    folder = tmp_path_factory.mktemp("grown")

    async def first_start() -> str:
        async with open_house(folder) as house:
            for profile in BUILTIN:
                await house.stock(profile)
            return house.token

    return settings_in(folder).data_dir, asyncio.run(first_start())


@pytest.fixture(params=KINDS)
def database_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def opened(tmp_path: Path, grown: tuple[Path, str]) -> OpenHouse:
    """Open a house on SQLite with settings of your own: `async with opened(max_pending=2)`."""

    def open_(**changes: Any) -> AbstractAsyncContextManager[House]:
        return open_house(tmp_path, grown=grown, **changes)

    return open_


@pytest.fixture
async def house(
    tmp_path: Path, grown: tuple[Path, str], database_kind: str
) -> AsyncIterator[House]:
    """A running Ktizo with default settings, on each database."""
    async with open_house(tmp_path, database_kind, grown=grown) as house:
        yield house


class Clock:
    """The wall clock of the whole program, moved by hand."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def __call__(self) -> datetime:
        return _REAL_NOW() + self._ahead

    def forward(self, **by: float) -> None:
        """Let time pass: `forward(minutes=10)`."""
        self._ahead += timedelta(**by)


_REAL_NOW = wall_clock.utc_now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Put a clock that can be moved in the place of every `utc_now` of the program."""
    moved = Clock()
    for name, module in list(sys.modules.items()):
        if name.startswith("ktizo.") and getattr(module, "utc_now", None) is _REAL_NOW:
            monkeypatch.setattr(module, "utc_now", moved)
    return moved


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The whole app a time: left out of `make check`."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.slow)
