"""A supervisor to try things on, with the real dnsmasq under it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from ktizo.network.lan import Mode
from ktizo.network.plan import Places
from ktizo.network.supervise import Status, Supervisor, Wanted

from .samples import a_full_lan, a_lan, rendered
from .wire import SERVER

PATIENCE_S = 20


def filled(places: Places) -> Places:
    places.tftp.mkdir(parents=True)
    places.data.mkdir(mode=0o700)
    (places.tftp / "undionly.kpxe").write_bytes(b"loader" * 1000)
    return places


class Bench:
    """A supervisor, everything it said of itself, and a way to wait for it."""

    def __init__(
        self,
        places: Places,
        *,
        program: str = "dnsmasq",
        tap: Callable[[str], None] = lambda _line: None,
    ) -> None:
        self.lines: list[str] = []
        self._tap = tap
        self._news = asyncio.Event()
        self.dnsmasq = Supervisor(
            places,
            program=program,
            on_line=self._line,
            on_change=self._change,
            backoff=lambda _failures: 0.01,
            start_timeout_s=5,
            grace_s=0.05,
        )

    def _line(self, line: str) -> None:
        self._tap(line)
        self.lines.append(line)
        self._news.set()

    def _change(self, _status: Status) -> None:
        self._news.set()

    async def until(self, fact: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not fact():
                self._news.clear()
                await self._news.wait()


@asynccontextmanager
async def bench(places: Places, **options: Any) -> AsyncIterator[Bench]:
    it = Bench(places, **options)
    try:
        yield it
    finally:
        await it.dnsmasq.stop()


def proxy(places: Places) -> Wanted:
    conf = rendered(a_lan(), places=places, user="root")
    return Wanted(conf, SERVER, "lan0", Mode.PROXY, ("as root",))


def full(places: Places) -> Wanted:
    return Wanted(rendered(a_full_lan(), places=places, user="root"), SERVER, "lan0", Mode.FULL)


def broken(places: Places, *, tftp: str = "/nowhere") -> Wanted:
    """A file dnsmasq can read and cannot run with."""
    conf = proxy(places).conf.replace(str(places.tftp), tftp)
    return Wanted(conf, SERVER, "lan0", Mode.PROXY)


def alive(pid: int | None) -> bool:
    """Is it running? One that has ended and was not waited for yet has no command line."""
    try:
        return bool(Path("/proc", str(pid), "cmdline").read_bytes())
    except FileNotFoundError:
        return False
