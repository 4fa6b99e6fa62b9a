"""Chromium, people's browsers, and the Ktizo they look at. Where it cannot be, a reason."""

import asyncio
import os
import shutil
import threading
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from .history import make_history
from .look import WAIT_MS, Looks
from .racks import SimulatedRack, racked
from .served import FRONTEND, Served, factory, serve

HERE = Path(__file__).parent
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
# A build elsewhere may be tested too; by default the one `make setup` leaves.
BUILT = Path(os.environ.get("KTIZO_FRONTEND_DIR") or FRONTEND / "dist")  # noqa: TID251 - of the tests


def why_not() -> str | None:
    """Return why nothing can be tested here."""
    if CHROMIUM is None:
        return "chromium is missing: apt-get install chromium"
    if not (BUILT / "index.html").exists():
        return f"the dashboard is not built in {BUILT}: make setup (needs Node.js 20)"
    return None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what runs in a browser; pictures are drawn only when somebody wants them."""
    reason = why_not()
    drawing = os.environ.get("KTIZO_SCREENSHOTS")  # noqa: TID251 - of the tests
    left_out = []
    for item in [one for one in items if HERE in one.path.parents]:
        item.add_marker(pytest.mark.browser)
        if reason:
            item.add_marker(pytest.mark.skip(reason=f"browser: {reason}"))
        if item.path.name.startswith("test_pictures") and not drawing:
            left_out.append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [one for one in items if one not in left_out]


@pytest.fixture(scope="package")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One Chromium for all tests of this folder; each test gets a context of its own in it."""
    home = tmp_path_factory.mktemp("chromium")
    arguments = ["--disable-dev-shm-usage", "--font-render-hinting=none"]
    if os.getuid() == 0:
        arguments.append("--no-sandbox")  # Chromium refuses root otherwise
    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=arguments,
            env={"HOME": str(home), "PATH": os.defpath},
        )
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a Ktizo with two weeks behind it."""
    folder = tmp_path_factory.mktemp("grown")
    made: list[Any] = []

    def run() -> None:
        made.append(asyncio.run(make_history(folder)))

    # Playwright keeps an event loop in this thread.
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert made, "the two weeks could not be made"
    return folder / "data"


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A Ktizo nobody has set up."""
    with serve(tmp_path_factory.mktemp("empty"), KTIZO_FRONTEND_DIR=str(BUILT)) as box:
        yield box


@pytest.fixture(scope="module")
def young(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A Ktizo with its people, and no machine."""
    with serve(tmp_path_factory.mktemp("young"), KTIZO_FRONTEND_DIR=str(BUILT)) as box:
        box.populate()
        yield box


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory, grown: Path) -> Iterator[Served]:
    """A Ktizo with people, machines, clusters, images, and two weeks of history."""
    folder = tmp_path_factory.mktemp("lived")
    with factory() as (_, url):
        settings = {
            "KTIZO_FACTORY_URL": url,
            "KTIZO_FRONTEND_DIR": str(BUILT),
            "KTIZO_BASE_URL": "http://10.20.0.5:8000",  # what scripts say, in pictures too
        }
        with serve(folder, grown, **settings) as box:
            yield box


@pytest.fixture(scope="module")
def rack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedRack]:
    """A Ktizo with people and a cluster, and a simulated machine beside it, switched off."""
    with racked(tmp_path_factory.mktemp("racked"), BUILT) as rack:
        yield rack


@pytest.fixture
def looks(chromium: Browser) -> Generator[Looks, None, None]:
    """Browsers of people; at the end of the test none may have met an error."""
    all_of_them = Looks(chromium)
    yield all_of_them
    all_of_them.close()


Visit = Callable[..., Page]


@pytest.fixture
def visit(looks: Looks) -> Visit:
    """Return a function that opens a page of a Ktizo: `visit(box, "/machines", "ada")`."""
    return looks.visit
