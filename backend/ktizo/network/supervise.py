"""Keeping dnsmasq as it should be: running with the newest file that works, or not at all."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from ktizo.core.errors import KtizoError
from ktizo.core.files import ensure_dir
from ktizo.network import leftover, ports, privileges
from ktizo.network.check import Verdict, find_program, syntax
from ktizo.network.child import Child
from ktizo.network.conf import ConfFile
from ktizo.network.errors import DnsmasqRefusedConfig
from ktizo.network.lan import Mode
from ktizo.network.plan import Places

log = logging.getLogger(__name__)

STEADY_S = 60.0  # up this long, and a later death counts as the first one again


def backoff_s(failures: int) -> float:
    """Return how long to wait before the next start: 0.5, 1, 2 ... 30 seconds."""
    return min(30.0, 0.5 * 2.0 ** min(failures, 6))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What should run: the whole file, and what is said of it. `notes`: for people."""

    conf: str
    server_address: str
    interface: str
    mode: Mode
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Status:
    """How the child is. `restarts`: since it was last told what to run."""

    running: bool = False
    pid: int | None = None
    since: datetime | None = None
    restarts: int = 0
    last_error: str | None = None
    interface: str | None = None
    mode: Mode | None = None
    notes: tuple[str, ...] = ()


class Supervisor:
    """The one owner of the dnsmasq child and of compiled/dnsmasq/. Everything happens in turn."""

    def __init__(
        self,
        places: Places,
        *,
        program: str = "dnsmasq",
        on_line: Callable[[str], None] = lambda _line: None,
        on_change: Callable[[Status], None] = lambda _status: None,
        backoff: Callable[[int], float] = backoff_s,
        start_timeout_s: float = 10.0,
        grace_s: float = 0.3,
    ) -> None:
        self.places = places
        self.status = Status()
        self.base: str | None = None  # how machines reach Ktizo by the stored LAN, as http://...
        self.changing = asyncio.Lock()  # held by whoever changes dnsmasq and database together
        self._program, self._on_line, self._on_change = program, on_line, on_change
        self._backoff, self._start_timeout_s, self._grace_s = backoff, start_timeout_s, grace_s
        self._conf = ConfFile(places.conf)
        self._turn = asyncio.Lock()
        self._child: Child | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._held: Wanted | None = None  # what the keeper keeps up

    async def check(self, conf: str) -> Verdict:
        """Ask dnsmasq whether it can read `conf`; nothing that runs is touched."""
        async with self._turn:
            return await self._check(conf)

    async def apply(self, wanted: Wanted) -> None:
        """Run with `wanted`, or, when it does not come up, go on as before and raise."""
        async with self._turn:
            if self._runs(wanted):
                return
            await self._require(wanted)
            before = self._held
            await self._halt()
            try:
                await asyncio.to_thread(self._conf.promote, wanted.conf)
                await self._launch(wanted)
            except BaseException:
                await self._roll_back(before)
                raise
            self._hold(wanted)

    async def resume(self, wanted: Wanted) -> None:
        """Run with `wanted`, trying until it works; for the start of Ktizo. Raises no KtizoError.

        A cable that is plugged in later, or a port that comes free, then needs no operator.
        """
        async with self._turn:
            if self._runs(wanted):
                return
            await self._halt()
            try:
                await self._require(wanted)
                await self._launch(wanted)
            except KtizoError as error:
                self.failed(error.message)
            self._hold(wanted)

    async def stop(self) -> None:
        """End dnsmasq, also one that a killed Ktizo left behind, and leave it so."""
        async with self._turn:
            await self._halt()
            await leftover.end(self.places.state_file, self.places.conf)
            self._tell(Status())

    def failed(self, message: str) -> None:
        """Show `message` as what is wrong with the LAN service."""
        if message != self.status.last_error:
            log.error("LAN service: %s", message)
        self._tell(replace(self.status, running=False, pid=None, since=None, last_error=message))

    # What follows runs with the turn taken, or inside the keeper.

    def _runs(self, wanted: Wanted) -> bool:
        # Starting again for nothing would cut off whoever is fetching a loader.
        return self.status.running and wanted == self._held and self._conf.holds(wanted.conf)

    async def _check(self, conf: str) -> Verdict:
        program = find_program(self._program)
        return await syntax(program, await asyncio.to_thread(self._conf.to_check, conf))

    async def _require(self, wanted: Wanted) -> None:
        await asyncio.to_thread(privileges.require, find_program(self._program))
        verdict = await self._check(wanted.conf)
        if not verdict.ok:
            raise DnsmasqRefusedConfig(f"dnsmasq cannot read its configuration: {verdict.says}")

    async def _launch(self, wanted: Wanted) -> None:
        program = find_program(self._program)
        await leftover.end(self.places.state_file, self.places.conf)
        await asyncio.to_thread(ensure_dir, self.places.lease_file.parent, 0o700)
        await asyncio.to_thread(self._conf.put, wanted.conf)
        pxe = wanted.mode is Mode.PROXY  # only then it opens port 4011 as well
        shared = await asyncio.to_thread(ports.require_free, wanted.server_address, pxe=pxe)
        child = await Child.start(program, self.places.conf, self._on_line)
        try:
            await asyncio.to_thread(leftover.note, child.pid, self.places.state_file)
            await child.ready(timeout_s=self._start_timeout_s, grace_s=self._grace_s)
        except BaseException:
            await self._end(child)
            raise
        self._child = child
        self._tell(
            replace(
                self.status,
                running=True,
                pid=child.pid,
                since=child.since,
                interface=wanted.interface,
                mode=wanted.mode,
                notes=(*wanted.notes, *shared),
            )
        )
        log.info("dnsmasq runs (pid %s)", child.pid)

    def _hold(self, wanted: Wanted) -> None:
        self._held = wanted
        self._keeper = asyncio.create_task(self._keep(wanted), name="dnsmasq keeper")

    async def _keep(self, wanted: Wanted) -> None:
        """Start it again whenever it dies, each time a little later."""
        loop, failures = asyncio.get_running_loop(), 0
        while True:
            if self._child is not None:
                began = loop.time()
                await self._child.gone()
                failures = 0 if loop.time() - began > STEADY_S else failures + 1
                self.failed(f"dnsmasq ended: {self._child.words()}")
                self._child = None
            await asyncio.sleep(self._backoff(failures))
            try:
                await self._launch(wanted)
            except Exception as error:  # noqa: BLE001 - supervision itself must not end
                failures += 1
                self.failed(str(error))
            else:
                self._tell(replace(self.status, restarts=self.status.restarts + 1))

    async def _halt(self) -> None:
        keeper, self._keeper, self._held = self._keeper, None, None
        if keeper is not None:
            keeper.cancel()
            await asyncio.wait({keeper})
        child, self._child = self._child, None
        if child is not None:
            await self._end(child)
        self._tell(Status())

    async def _end(self, child: Child) -> None:
        await child.stop()
        await asyncio.to_thread(leftover.forget, self.places.state_file)

    async def _roll_back(self, before: Wanted | None) -> None:
        try:
            if before is None:
                await asyncio.to_thread(self._conf.restore)
            else:
                await self._launch(before)
        except KtizoError as error:
            self.failed(f"what ran before does not come up any more: {error.message}")
        if before is not None:
            self._hold(before)

    def _tell(self, status: Status) -> None:
        self.status = status
        self._on_change(status)
