"""The whole story in one command, as a person watches it: `ktizo simulate` in a real browser."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from .look import WAIT_MS
from .simulation import Simulation

NODES = 23
STORY_MS = 240_000


@pytest.fixture
def simulation() -> Iterator[Simulation]:
    found = Simulation("--kill", "bootstrapping")
    try:
        yield found
    finally:
        found.end()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    yield context.new_page()
    context.close()


def test_a_fleet_from_power_on_to_ready_with_a_kill_in_the_middle(
    simulation: Simulation, page: Page
) -> None:
    simulation.sign_in(page)
    page.goto(f"{simulation.url}/clusters/simulated")
    steps = page.get_by_role("list", name="Steps").first
    expect(steps.get_by_role("listitem").first).to_be_visible(timeout=STORY_MS)
    # Nothing is loaded anew from here on: what changes comes by itself, over a Ktizo that is
    # killed with -9 and comes back.
    expect(page.get_by_text("It is up: your way in")).to_be_visible(timeout=STORY_MS)
    health = page.get_by_role("region", name="Health")
    expect(health).to_contain_text(f"{NODES} of {NODES} nodes ready", timeout=WAIT_MS)
    expect(health).to_contain_text("3 with a vote")
    simulation.end()
    assert [line for line in simulation.lines if "killed with -9 at `bootstrapping`" in line]
    assert not [line for line in simulation.lines if line.startswith("BROKEN")], simulation.lines
