"""A whole Ktizo in memory, and everyone who talks to it: machines, and the office.

The app runs as a server would run it (ASGI, its own lifespan, real migrations, real files); only
the sockets are left out.
"""

import asyncio
import contextlib
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import httpx
import sqlalchemy as sa

from integration import ipxe
from ktizo.app import create_app
from ktizo.core.db import Base
from ktizo.core.gate import Gate
from ktizo.core.settings import Settings
from ktizo.nodes.live import Ports

POSTGRES = os.environ.get("KTIZO_TEST_POSTGRES")  # noqa: TID251 - a setting of the tests, not ours
OFFICE = "10.0.0.2"
BASE = "http://ktizo.test:8000"
START_S = 30

MAC, OTHER_MAC = "52:54:00:aa:bb:01", "52:54:00:aa:bb:02"
UUID_A = "5f3c1d2e-0000-4000-8000-00000000000a"
UUID_B = "5f3c1d2e-0000-4000-8000-00000000000b"


async def until(
    what: str, condition: Callable[[], Awaitable[Any]], *, within_s: float = 10.0
) -> Any:
    """Wait until `condition` is true and return what it gave; AssertionError naming `what` else."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            while not (found := await condition()):
                await asyncio.sleep(0.01)
            return found
    raise AssertionError(f"never happened within {within_s} s: {what}")


@dataclass(frozen=True)
class Told:
    """What a machine was told."""

    status: int
    text: str

    @property
    def installer(self) -> bool:
        """It was given a kernel."""
        return self.status == 200 and ipxe.loads_a_kernel(self.text)

    @property
    def disk(self) -> ipxe.Disk:
        """The "boot from disk" script it was told; anything else is a failed test."""
        assert self.status == 200, self
        found = ipxe.read_disk(self.text)
        assert found is not None, self.text
        return found

    @property
    def first_word(self) -> str:
        """What the script says of itself: a rule, `hold`, `menu`, or the name of a profile."""
        return self.text.splitlines()[1].partition(": ")[2]

    def line(self, command: str) -> str:
        """Return the one line that begins with `command`."""
        found = [one for one in self.text.splitlines() if one.startswith(f"{command} ")]
        assert len(found) == 1, self.text
        return found[0]

    @property
    def ticket_paths(self) -> list[str]:
        """Paths of configs and proofs in the kernel's command line."""
        urls = [word.rpartition("=")[2] for word in self.line("kernel").split()]
        return [u.removeprefix(BASE) for u in urls if "/configs/" in u or "/done/" in u]


class House:
    """One appliance. `office` is an administrator's client; `at(address)` a machine's."""

    def __init__(self, settings: Settings, token: str = "") -> None:
        self.settings, self.token = settings, token
        self.announced: list[str] = []
        self.app: Gate
        self.office: httpx.AsyncClient
        self._clients: dict[str, httpx.AsyncClient] = {}
        self._stop: asyncio.Event
        self._started: asyncio.Future[None]
        self._task: asyncio.Task[None] | None = None

    @property
    def state(self) -> Any:
        return self.app.state

    @property
    def started(self) -> bool:
        """A server would begin to listen now."""
        return self._started.done()

    async def open(self, *, wait: bool = True) -> Self:
        """Start. With `wait` False the start may still be trying: the database is away."""
        self.app = create_app(self.settings, announce=self.announced.append)
        self.state.live.ports = Ports("", None, None)  # sockets are left out
        self._stop = asyncio.Event()
        self._started = started = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._life(started))
        if wait:
            async with asyncio.timeout(START_S):
                await started
            self.token = self.token or self.announced[0].rpartition(" ")[2]
        self.office = self._client(OFFICE, {"Authorization": f"Bearer {self.token}"})
        return self

    async def _life(self, started: "asyncio.Future[None]") -> None:
        asked = False

        async def receive() -> dict[str, Any]:
            nonlocal asked
            if not asked:
                asked = True
                return {"type": "lifespan.startup"}
            await self._stop.wait()
            return {"type": "lifespan.shutdown"}

        async def send(message: dict[str, Any]) -> None:
            if message["type"].endswith(".failed") and not started.done():
                started.set_exception(AssertionError(message["message"]))
            elif not started.done():
                started.set_result(None)

        scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}
        try:
            await self.app(scope, receive, send)
        finally:
            started.cancel()

    async def close(self) -> None:
        """End as on SIGTERM."""
        for client in [self.office, *self._clients.values()]:
            await client.aclose()
        self._clients.clear()
        if self._task is not None:
            self._stop.set()
            if not self.started:
                self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
            await asyncio.gather(self._started, return_exceptions=True)

    async def restart(self, **changes: Any) -> None:
        """End, and start again on the same data; `changes` are settings."""
        await self.close()
        if changes:
            self.settings = self.settings.model_copy(update=changes)
        await self.open()

    def _client(
        self, address: str, headers: dict[str, str], *, raise_faults: bool = False
    ) -> httpx.AsyncClient:
        # A server answers 500 when the app raises; so does this transport, and tests look for it.
        transport = httpx.ASGITransport(
            self.app, raise_app_exceptions=raise_faults, client=(address, 40_000)
        )
        return httpx.AsyncClient(transport=transport, base_url=BASE, headers=headers)

    def at(self, address: str) -> httpx.AsyncClient:
        """Return the client of the machine at `address`."""
        if address not in self._clients:
            self._clients[address] = self._client(address, {})
        return self._clients[address]

    # Machines

    async def knock(
        self,
        mac: str = MAC,
        *,
        address: str = "10.0.0.50",
        path: str = "/boot/menu.ipxe",
        **fields: str,
    ) -> Told:
        """Ask as boot.ipxe does: this MAC, and what else is in `fields`."""
        asked = {"mac": mac.replace(":", "-"), "arch": "x86_64", "platform": "pcbios", **fields}
        answer = await self.at(address).get(path, params=asked)
        return Told(answer.status_code, answer.text)

    async def see(self, mac: str = MAC, **fields: str) -> int:
        """Let a machine knock until it is recorded, and return its number."""
        await self.knock(mac, **fields)
        await self.flush()
        return (await self.device(mac))["id"]

    async def flush(self) -> None:
        """Wait until what was noted is in the database."""
        writer = self.state.writer
        assert await writer.flush(), writer.last_error
        assert writer.dropped == 0, "history was lost"

    # The office

    async def api(self, method: str, path: str, expect: int = 200, **options: Any) -> Any:
        """Ask the JSON API as administrator; any other status than `expect` is a failed test."""
        answer = await self.office.request(method, f"/api/v1/{path}", **options)
        assert answer.status_code == expect, (method, path, answer.status_code, answer.text)
        return answer.json() if answer.content else None

    async def devices(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.api("GET", "devices?sort=id&limit=1000"))["items"]
        return found

    async def device(self, key: str | int = MAC) -> dict[str, Any]:
        """Return a machine by number, or by one of its MACs."""
        if isinstance(key, int):
            found: dict[str, Any] = await self.api("GET", f"devices/{key}")
            return found
        (found,) = [one for one in await self.devices() if key in one["macs"]]
        return found

    async def act(self, device_id: int, what: str, expect: int = 200, **body: Any) -> Any:
        return await self.api("POST", f"devices/{device_id}/{what}", expect, json=body)

    async def approve(self, device_id: int, expect: int = 200, **body: Any) -> Any:
        return await self.act(device_id, "approve", expect, **body)

    async def put_file(self, profile: str, name: str, content: bytes = b"bytes of a file") -> None:
        path = f"/api/v1/boot/profiles/{profile}/assets/{name}"
        answer = await self.office.put(path, content=content)
        assert answer.status_code in {200, 201}, answer.text

    async def stock(self, profile: str = "debian") -> str:
        """Upload every file `profile` names; returns its name."""
        for name in (await self.api("GET", f"boot/profiles/{profile}"))["missing"]:
            await self.put_file(profile, name, f"{profile}/{name}".encode())
        return profile

    async def ready(self, mac: str = MAC, profile: str = "debian", **fields: str) -> int:
        """Bring a machine to where its next boot installs `profile`; returns its number."""
        await self.stock(profile)
        device_id = await self.see(mac, **fields)
        await self.approve(device_id, profile=profile)
        return device_id

    async def events(self, *kinds: str) -> list[dict[str, Any]]:
        await self.flush()
        events = (await self.api("GET", "events/recent?limit=1000"))["events"]
        return [one for one in events if not kinds or one["kind"] in kinds]

    async def audit(self, **words: str) -> list[dict[str, Any]]:
        """Return audit lines, oldest first."""
        await self.flush()
        found = await self.api("GET", "audit", params={"limit": "1000", **words})
        return found["entries"][::-1]

    async def explain(self, mac: str = MAC, **fields: str) -> dict[str, Any]:
        asked = {"mac": mac, "arch": "x86_64", "platform": "pcbios", **fields}
        found: dict[str, Any] = await self.api("GET", "boot/explain", params=asked)
        return found

    async def dump(self) -> dict[str, list[tuple[Any, ...]]]:
        """Return every row of every table."""
        async with self.state.db.read() as session:
            return {
                table.name: sorted(map(tuple, await session.execute(sa.select(table))), key=repr)
                for table in Base.metadata.sorted_tables
                if not table.name.startswith("test_")  # of other tests in this process
            }


def settings_in(folder: Path, kind: str = "sqlite", **changes: Any) -> Settings:
    """Return settings of a Ktizo that lives in `folder`."""
    return Settings(
        data_dir=folder / "data",
        compiled_dir=folder / "compiled",
        loaders_dir=folder / "loaders",
        database_url=POSTGRES if kind == "postgresql" else None,
        # The machines here are only addresses: nobody is to be dialled.
        **{"machine_rate_limit": "1000000/minute", "node_port": 0, **changes},
    )


async def empty_postgres(settings: Settings) -> None:
    """Throw away what an earlier test left in the database of the tests."""
    from ktizo.core.db import Database

    database = Database(settings)
    try:
        async with database.writing.begin() as connection:
            await connection.execute(sa.text("DROP SCHEMA public CASCADE"))
            await connection.execute(sa.text("CREATE SCHEMA public"))
    finally:
        await database.close()


@contextlib.asynccontextmanager
async def open_house(
    folder: Path, kind: str = "sqlite", *, grown: tuple[Path, str] | None = None, **changes: Any
) -> AsyncIterator[House]:
    """Give a running Ktizo in `folder`.

    `grown`: a data folder after its first start, and its administrator's token. Copied, it saves
    each test the migrations; tests of the first start leave it out.
    """
    settings = settings_in(folder, kind, **changes)
    token = ""
    if kind == "postgresql":
        await empty_postgres(settings)
    elif grown is not None:
        shutil.copytree(grown[0], settings.data_dir)
        token = grown[1]
    house = House(settings, token)
    await house.open()
    try:
        yield house
    finally:
        await house.close()
