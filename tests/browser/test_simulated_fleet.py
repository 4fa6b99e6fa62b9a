"""The whole story in one command, as a person watches it: `ktizo simulate` in a real browser."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import Browser, Page, expect

from .conftest import BUILT
from .look import WAIT_MS

NODES = 23
STORY_MS = 240_000
DASHBOARD = re.compile(r"^dashboard\s+(http://\S+)$")
SIGN_IN = re.compile(r"^sign in\s+(\S+) / (\S+)$")


class Simulation:
    """`ktizo simulate`, its words, and how to sign in to its dashboard."""

    def __init__(self, *arguments: str) -> None:
        program = Path(sys.executable).with_name("ktizo")
        command = [str(program), "simulate", "--speed", "4", "--stay", *arguments]
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={"PATH": "/usr/bin:/bin:/usr/sbin", "KTIZO_FRONTEND_DIR": str(BUILT)},
        )
        self.lines: list[str] = []
        self.url = self._read(DASHBOARD)[1]
        self.name, self.password = self._read(SIGN_IN).groups()
        # Nobody reads on; a full pipe would stop it.
        self._reading = Thread(target=self._read_on, daemon=True)
        self._reading.start()

    def _read(self, wanted: re.Pattern[str]) -> re.Match[str]:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip())
            if found := wanted.match(line.rstrip()):
                return found
        raise AssertionError(self.lines)

    def _read_on(self) -> None:
        assert self.process.stdout is not None
        self.lines += [line.rstrip() for line in self.process.stdout]

    def end(self) -> None:
        """End it as Ctrl-C does; it pulls every plug."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(60)
        self._reading.join(10)


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
    page.goto(f"{simulation.url}/sign-in")
    page.get_by_label("Name").fill(simulation.name)
    page.get_by_label("Password", exact=True).fill(simulation.password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_text("live", exact=True)).to_be_visible()
    page.goto(f"{simulation.url}/clusters/simulated")
    steps = page.get_by_role("list", name="Steps").first
    expect(steps.get_by_role("listitem").first).to_be_visible(timeout=STORY_MS)
    # Nothing is loaded anew from here on: what changes comes by itself, over a Ktizo that is
    # killed with -9 and comes back.
    expect(page.get_by_text("It is up: your way in")).to_be_visible(timeout=STORY_MS)
    health = page.get_by_role("region", name="Health")
    expect(health).to_contain_text(f"{NODES} of {NODES} nodes ready", timeout=WAIT_MS)
    expect(health).to_contain_text("3 with a vote")
    assert [line for line in simulation.lines if "killed with -9 at `bootstrapping`" in line]
    assert not [line for line in simulation.lines if line.startswith("BROKEN")], simulation.lines
