"""One running dnsmasq: started, listened to, ended. It knows nothing of restarts."""

import asyncio
import contextlib
import logging
import re
from collections import deque
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from ktizo.core.clock import utc_now
from ktizo.network.check import ENVIRONMENT
from ktizo.network.errors import DnsmasqDidNotStart, DnsmasqMissing

log = logging.getLogger(__name__)

STOP_S = 5.0
_PREFIX = re.compile(r"^dnsmasq(?:-\w+)?(?:\[\d+\])?: ")
_NOISE = re.compile(r"FAILED to start up|compile time options|^sent size|^$")


class Child:
    """A dnsmasq process of ours. Every line it logs goes to `on_line` as it comes."""

    def __init__(self, process: asyncio.subprocess.Process, on_line: Callable[[str], None]) -> None:
        self._process = process
        self._on_line = on_line
        self._said: deque[str] = deque(maxlen=20)
        self._up = asyncio.Event()
        self._end = asyncio.create_task(self._follow(), name="dnsmasq")
        self.pid = process.pid
        self.since: datetime = utc_now()

    @classmethod
    async def start(cls, program: Path, conf: Path, on_line: Callable[[str], None]) -> "Child":
        """Run dnsmasq in the foreground with `conf`."""
        try:
            process = await asyncio.create_subprocess_exec(
                program,
                "-k",
                "-C",
                conf,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
                env=ENVIRONMENT,
                # Ctrl-C on a terminal goes to the whole group; we end dnsmasq ourselves, in order.
                start_new_session=True,
            )
        except OSError as error:
            raise DnsmasqMissing(f"cannot run {program}: {error.strerror}") from error
        return cls(process, on_line)

    async def ready(self, *, timeout_s: float, grace_s: float) -> None:
        """Return once it says "started" and is still there `grace_s` later.

        Raises DnsmasqDidNotStart with its own words.
        """
        up = asyncio.create_task(self._up.wait())
        try:
            await asyncio.wait(
                {up, self._end}, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED
            )
            if self._up.is_set():
                await asyncio.wait({self._end}, timeout=grace_s)
        finally:
            up.cancel()
        if self._end.done():
            raise DnsmasqDidNotStart(f"dnsmasq did not stay up: {self.words()}")
        if not self._up.is_set():
            raise DnsmasqDidNotStart(f"dnsmasq did not come up in {timeout_s:.0f} s")

    async def gone(self) -> None:
        """Return when the process has ended and its last line was read."""
        await asyncio.shield(self._end)

    async def stop(self) -> None:
        """End it: SIGTERM, then SIGKILL. Safe to call twice, or on one that has died."""
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        done, _ = await asyncio.wait({self._end}, timeout=STOP_S)
        if not done:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await asyncio.wait({self._end})

    def words(self) -> str:
        """Return why it ended, as far as it said something an operator can use."""
        code = self._process.returncode
        if code is not None and code < 0:
            return f"it was ended by signal {-code}"
        useful = [text for text in self._said if not _NOISE.search(text)]
        return useful[-1] if useful else "it said nothing"

    async def _follow(self) -> None:
        stderr = self._process.stderr
        while stderr is not None:
            try:
                raw = await stderr.readline()
            except ValueError:  # a line longer than the reader's buffer; none of dnsmasq's is
                continue
            if not raw:
                break
            self._take(raw.decode(errors="replace").rstrip())
        await self._process.wait()

    def _take(self, line: str) -> None:
        text = _PREFIX.sub("", line)
        self._said.append(text)
        if text.startswith("started, version"):
            self._up.set()
        # What dnsmasq says of itself is rare and for the operator; of machines, much and for us.
        log.log(logging.DEBUG if line.startswith("dnsmasq-") else logging.INFO, "%s", line)
        try:
            self._on_line(line)
        except Exception:  # the listener's bug must not stop the LAN
            log.exception("a line of dnsmasq could not be handled")
