"""What the tests of this room share: a LAN in network namespaces, seen from the appliance."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from ktizo.network.plan import Places
from lab.net import LabError, Lan

from .bench import filled
from .netns import skip_without_rights, standing_on


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "lan_of_namespaces" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.enable_socket)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def lan_of_namespaces() -> Iterator[Lan]:
    skip_without_rights()
    with ExitStack() as exits:
        try:
            made = exits.enter_context(Lan())
        except LabError as error:
            pytest.skip(f"network namespaces cannot be made here: {error}")
        exits.enter_context(standing_on(made, "appliance"))
        yield made


@pytest.fixture
def lan(lan_of_namespaces: Lan) -> Lan:
    """A LAN with a router, a probe, and the appliance, which is where the test runs."""
    return lan_of_namespaces


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return filled(Places(tmp_path / "compiled", tmp_path / "data"))
