"""`ktizo simulate` beside a browser: its words, and how to sign in to its dashboard."""

import re
import signal
import subprocess
import sys
from pathlib import Path
from threading import Thread

from playwright.sync_api import Page, expect

from .conftest import BUILT

DASHBOARD = re.compile(r"^dashboard\s+(http://\S+)$")
SIGN_IN = re.compile(r"^sign in\s+(\S+) / (\S+)$")


class Simulation:
    """One run of it, that stays until `end`."""

    def __init__(self, *arguments: str) -> None:
        program = Path(sys.executable).with_name("ktizo")
        command = [str(program), "simulate", "--speed", "4", "--stay", *arguments]
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={
                "PATH": "/usr/bin:/bin:/usr/sbin",
                "PYTHONUNBUFFERED": "1",
                "KTIZO_FRONTEND_DIR": str(BUILT),
            },
        )
        self.lines: list[str] = []
        try:
            self.url = self._read(DASHBOARD)[1]
            self.name, self.password = self._read(SIGN_IN).groups()
        except BaseException:
            self.process.kill()
            self.process.communicate()
            raise
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

    def sign_in(self, page: Page) -> None:
        """Sign in as its operator."""
        page.goto(f"{self.url}/sign-in")
        page.get_by_label("Name").fill(self.name)
        page.get_by_label("Password", exact=True).fill(self.password)
        page.get_by_role("button", name="Sign in", exact=True).click()
        expect(page.get_by_text("live", exact=True)).to_be_visible()

    def end(self) -> None:
        """End it as Ctrl-C does; it pulls every plug. Twice is the same as once."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(60)
        self._reading.join(10)
        if self.process.stdout is not None:
            self.process.stdout.close()
