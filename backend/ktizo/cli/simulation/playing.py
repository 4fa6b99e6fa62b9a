"""The story with everything around it: on a Ktizo of our own, or on one that runs already."""

import asyncio
import signal
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from ktizo.cli import show
from ktizo.cli.client import Client
from ktizo.cli.simulation.appliance import Appliance, ApplianceFailed
from ktizo.cli.simulation.office import Office
from ktizo.cli.simulation.operator import GaveUp
from ktizo.cli.simulation.promises import Promise
from ktizo.cli.simulation.story import Story, own_ktizo, sign_in
from ktizo.cli.simulation.wish import Wish

__all__ = ["ApplianceFailed", "Ended", "GaveUp", "play"]


@dataclass
class Ended:
    """What came of it; empty until the story is over, also when somebody interrupts it."""

    promises: list[Promise] = field(default_factory=list)

    @property
    def well(self) -> bool:
        """Whether it came to its end and every promise was kept."""
        return bool(self.promises) and all(one.kept for one in self.promises)


def say(text: str) -> None:
    """Print a line at once, also into a pipe."""
    show.line(text)
    sys.stdout.flush()


async def play(wish: Wish, ended: Ended, *, url: str, port: int, stay: bool) -> None:
    """Play it and print it; with `stay` leave everything on until somebody interrupts."""
    mine = asyncio.current_task()
    if mine is not None:  # told to end, as by Ctrl-C: Ktizo must not outlive this command
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, mine.cancel)
    if url:
        async with Office(url.rstrip("/"), Client().token()) as office:
            await _tell(Story(wish, say), ended, office, url.rstrip("/"), None, stay=stay)
        return
    with tempfile.TemporaryDirectory(prefix="ktizo-simulate-") as folder:
        async with own_ktizo(Path(folder), port) as (appliance, office):
            name, password = await sign_in(office)
            say(f"dashboard  {appliance.url}")
            say(f"sign in    {name} / {password}")
            story = Story(wish, say)
            await _tell(story, ended, office, appliance.url, appliance, stay=stay)


async def _tell(
    story: Story,
    ended: Ended,
    office: Office,
    url: str,
    appliance: Appliance | None,
    *,
    stay: bool,
) -> None:
    try:
        ended.promises = await story.run(office, url, appliance)
        for one in ended.promises:
            say(f"{'kept  ' if one.kept else 'BROKEN'}  {one.what}: {one.found}")
        if stay:
            say("everything stays on; Ctrl-C ends it")
            await asyncio.Event().wait()
    finally:
        await story.close()
