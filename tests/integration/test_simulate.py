"""A simulated fleet from power-on to Ready, as `ktizo simulate` plays it."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from ktizo.cli.simulation.appliance import Appliance
from ktizo.cli.simulation.killing import PHASES, Kills, UnknownPhase
from ktizo.cli.simulation.office import Office
from ktizo.cli.simulation.story import Story, own_ktizo
from ktizo.cli.simulation.wish import Wish
from ktizo.nodes.simulated import Stage

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

SMALL = Wish(control_planes=3, workers=2, speed=20)
WITHIN_S = 240
Ours = tuple[Appliance, Office]


@pytest.fixture
async def ours(tmp_path: Path) -> AsyncIterator[Ours]:
    async with own_ktizo(tmp_path) as found:
        yield found


async def play(ours: Ours, wish: Wish) -> list[str]:
    """Play it to its end; everything promised was kept. Returns what was said."""
    appliance, office = ours
    said: list[str] = []
    story = Story(wish, said.append)
    try:
        async with asyncio.timeout(WITHIN_S):
            promises = await story.run(office, appliance.url, appliance)
        assert [one for one in promises if not one.kept] == [], said
        assert story.fleet is not None
        members = story.fleet.machines[: wish.control_planes + wish.workers]
        assert {one.node.stage for one in members} == {Stage.RUNNING}
        assert (await office.get("audit/verify"))["ok"]
    finally:
        await story.close()
    return said


async def test_a_fleet_comes_from_power_on_to_ready(ours: Ours):
    await play(ours, SMALL)
    assert ours[0].starts == 1


async def test_it_does_when_every_machine_is_looked_at_first_and_its_disk_pinned(ours: Ours):
    await play(ours, replace(SMALL, inspect=True))


async def test_killed_in_every_phase_it_still_does_and_nothing_happens_twice(ours: Ours):
    said = await play(ours, replace(SMALL, kill=("all",)))
    assert ours[0].starts == len(PHASES)  # all but `inspecting`, and the first start
    assert sum("killed with -9" in line for line in said) == len(PHASES) - 1


async def test_killed_in_every_phase_with_inspections_too(ours: Ours):
    await play(ours, replace(SMALL, kill=("all",), inspect=True))
    assert ours[0].starts == len(PHASES) + 1


def test_a_phase_nobody_knows_is_refused():
    with pytest.raises(UnknownPhase, match="lunch"):
        Kills(["seen", "lunch"], inspect=False)
    with pytest.raises(UnknownPhase, match="--inspect"):
        Kills(["inspecting"], inspect=False)


async def run_command(*words: str, until: str = "", told: signal.Signals | None = None) -> str:
    """Run `ktizo simulate`; with `until` send `told` at that line. Returns what it printed."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ktizo", "simulate", *words),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    printed = ""
    async with asyncio.timeout(WITHIN_S):
        while line := (await process.stdout.readline()).decode():
            printed += line
            if until and until in line and told is not None:
                process.send_signal(told)
        code = await process.wait()
    return f"{printed}exit {code}\n"


async def test_one_command_shows_it_and_says_how_to_sign_in():
    printed = await run_command("--control-planes", "1", "--workers", "1", "--speed", "30")
    assert "dashboard  http://127.0.0.1:" in printed
    assert "sign in    demo / " in printed
    assert printed.count("kept    ") == 6, printed
    assert printed.endswith("exit 0\n"), printed


async def test_it_stays_until_somebody_interrupts_it():
    printed = await run_command(
        *("--control-planes", "1", "--workers", "0", "--speed", "30", "--stay"),
        until="Ctrl-C ends it",
        told=signal.SIGINT,
    )
    assert printed.endswith("exit 0\n"), printed
    assert "Traceback" not in printed


@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM])
async def test_interrupted_before_the_end_it_is_no_success(told: signal.Signals):
    printed = await run_command("--workers", "1", until="are switched on", told=told)
    assert printed.endswith("exit 130\n"), printed
    assert "Traceback" not in printed


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--kill", "lunch"], "no such phase: lunch"),
        (["--kill", "inspecting"], "needs --inspect"),
        (["--url", "http://192.0.2.1:8000"], "loopback"),
        (["--url", "http://127.0.0.1:1", "--kill", "all"], "not for --url"),
    ],
)
async def test_what_cannot_be_played_is_said_before_anything_begins(words: list[str], says: str):
    printed = await run_command(*words)
    assert says in printed
    assert printed.endswith("exit 2\n"), printed


async def test_it_plays_on_a_ktizo_that_runs_already(ours: Ours, monkeypatch: pytest.MonkeyPatch):
    appliance, office = ours
    await play(ours, replace(SMALL, control_planes=1, workers=1))
    monkeypatch.setenv("KTIZO_TOKEN", appliance.token)
    printed = await run_command(
        *("--url", appliance.url, "--control-planes", "1", "--workers", "1"),
        *("--speed", "30", "--cluster", "second"),
    )
    assert printed.endswith("exit 0\n"), printed
    assert {one["name"] for one in await office.get("clusters")} == {"simulated", "second"}
