"""Vendor doubles plugged into a whole Ktizo that listens on loopback, and the machines they rent.

The app runs in this process, so that a double stands where the vendor's API would be; machines ask
it over real sockets. A double's addresses are replaced by that of the machine that plays it.
"""

import asyncio
import base64
import binascii
import contextlib
import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

import httpx
import uvicorn

from integration.house import until
from integration.served import free_port
from ktizo.app import create_app
from ktizo.cli.simulation import build
from ktizo.cli.simulation.office import Office
from ktizo.core.settings import Settings
from ktizo.nodes.live import Ports
from ktizo.nodes.simulated import SimulatedMachine
from ktizo.nodes.simulated.fleet import free_network
from ktizo.providers.base import Wanted
from providers import (
    cases_hetzner,
    cases_scaleway,
    double_cherry,
    double_digitalocean,
    double_latitude,
    double_ovh_orders,
    double_scaleway,
    double_vultr,
    plumbing,
)
from providers.contract import Double

VERSION = "v1.12.11"
HOST = "ktizo.example"  # what KTIZO_PUBLIC_URL calls this box; see `resolve`
PUBLIC = "93.184.215.14"  # an address of the internet; nothing is ever sent there

# What each double tells as a server's main address.
ADDRESSES = {
    "latitude": "198.51.100.7",
    "vultr": "192.0.2.123",
    "hetzner": "188.40.1.1",
    "ovh": "192.0.2.10",
    "cherry": "5.199.160.10",
    "scaleway": "51.159.1.1",
    "digitalocean": "192.241.165.154",
}
SETTINGS: dict[str, dict[str, Any]] = {
    "latitude": {"api_key": double_latitude.KEY, "project": double_latitude.PROJECT["slug"]},
    "vultr": {"api_key": double_vultr.KEY},
    "hetzner": {"user": "#ws+test", "password": cases_hetzner.SECRET},
    "ovh": {
        "application_key": double_ovh_orders.KEY,
        "application_secret": double_ovh_orders.SECRET,
        "consumer_key": double_ovh_orders.CONSUMER,
    },
    "cherry": {"api_key": double_cherry.KEY, "project_id": str(double_cherry.PROJECT)},
    "scaleway": {
        "secret_key": cases_scaleway.SECRET,
        "project_id": double_scaleway.PROJECT,
        "zones": "fr-par-2, nl-ams-1",
    },
    "digitalocean": {"token": double_digitalocean.TOKEN, "image": "talos-v1.12"},
}
SECRETS = {
    "latitude": "api_key",
    "vultr": "api_key",
    "hetzner": "password",
    "ovh": "application_secret",
    "cherry": "api_key",
    "scaleway": "secret_key",
    "digitalocean": "token",
}
BOOT_URL = re.compile(r"http://[a-z0-9.]+:\d+/boot/at/[A-Za-z0-9_.~-]+/boot/boot\.ipxe")


@dataclass
class Vendor:
    """One provider's double, and the machine that is whatever is ordered there."""

    name: str
    double: Double
    wanted: Wanted
    machine_at: str  # its address on loopback
    asked: list[httpx.Request] = field(default_factory=list)
    replaced: dict[str, str] = field(default_factory=dict)  # more texts of its answers

    async def handle(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = await self.double.handle(request)
        body = answer.content.replace(ADDRESSES[self.name].encode(), self.machine_at.encode())
        for theirs, ours in self.replaced.items():
            body = body.replace(theirs.encode(), ours.encode())
        headers = [(k, v) for k, v in answer.headers.items() if k != "content-length"]
        return httpx.Response(answer.status_code, headers=headers, content=body)

    @property
    def boot_urls(self) -> list[str]:
        """Every boot URL the vendor was given, oldest first; also in base64 and in scripts."""
        found: list[str] = []
        for request in self.asked:
            for text in texts(request.content.decode(errors="replace")):
                found += [one for one in BOOT_URL.findall(text) if one not in found]
        return found

    def order(self, **more: Any) -> dict[str, Any]:
        """Return the body of an order, or of its preview without `confirm`."""
        return {
            "account": self.name,
            "name": self.wanted.name,
            "plan": self.wanted.plan,
            "regions": list(self.wanted.regions),
            "ssh_keys": list(self.wanted.ssh_keys),
            "options": dict(self.wanted.options),
            **more,
        }


def texts(body: str) -> Iterator[str]:
    """Every text in a request's body: as it is, from JSON or a form, and out of base64."""
    yield unquote_plus(body).replace("\\n", "\n")
    for word in re.findall(r"[A-Za-z0-9+/=]{40,}", body):
        with contextlib.suppress(binascii.Error, UnicodeDecodeError):
            yield base64.b64decode(word + "=" * (-len(word) % 4)).decode()


def nobody(request: httpx.Request) -> httpx.Response:
    raise AssertionError(f"nobody is at {request.url}")


async def resolve(host: str) -> Sequence[str]:
    assert host in {HOST, "localhost"}
    return [PUBLIC]


class Clouds:
    """A Ktizo with every vendor's double behind it; `office` is an administrator's client."""

    def __init__(self, folder: Path, **changes: Any) -> None:
        self.port = free_port()
        self.network = free_network()
        self.folder = folder
        self.changes = changes
        self.vendors: dict[str, Vendor] = {}
        self.announced: list[str] = []
        self.token = ""
        self.app: Any
        self.office: httpx.AsyncClient
        self._server: uvicorn.Server
        self._task: asyncio.Task[None]
        self.machines: list[SimulatedMachine] = []

    def settings(self) -> Settings:
        return Settings(
            host="127.0.0.1",
            port=self.port,
            data_dir=self.folder / "data",
            compiled_dir=self.folder / "compiled",
            loaders_dir=self.folder / "loaders",
            public_url=f"http://localhost:{self.port}",
            machine_rate_limit="1000000/minute",
            **self.changes,
        )

    async def vendor(self, name: str) -> Vendor:
        """Put a vendor's double in place; an account of the same name knows its credentials."""
        case = await plumbing.make(name)
        at = f"{self.network}.9.{len(self.vendors) + 1}"
        made = self.vendors[name] = Vendor(name, case.double, case.wanted, at)
        self._plug(name)
        return made

    def _plug(self, name: str) -> None:
        transports = dict(self.state.clients.transports)
        transports[name] = httpx.MockTransport(self.vendors[name].handle)
        self.state.clients.transports = transports

    @property
    def state(self) -> Any:
        return self.app.state

    async def open(self) -> "Clouds":
        self.app = create_app(self.settings(), announce=self.announced.append)
        self.state.live.ports = Ports("", None, None)
        self.state.site.resolve, self.state.site.pace = resolve, 0.05
        self.state.clients.sleep = self._sleep
        # Before anything runs: nothing ever leaves this box.
        self.state.clients.transports = dict.fromkeys(ADDRESSES, httpx.MockTransport(nobody))
        for name in self.vendors:
            self._plug(name)
        config = uvicorn.Config(
            self.app, host="127.0.0.1", port=self.port, log_level="error", lifespan="on"
        )
        self._server = uvicorn.Server(config)
        self._task = asyncio.create_task(self._server.serve())
        await until("Ktizo listens", self._started)
        self.token = self.token or self.announced[0].rpartition(" ")[2]
        self.office = httpx.AsyncClient(
            base_url=f"http://localhost:{self.port}/api/v1/",
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=30,
            trust_env=False,
        )
        return self

    async def _sleep(self, _seconds: float) -> None:
        await asyncio.sleep(0)

    async def _started(self) -> bool:
        assert not self._task.done(), self._task.exception()
        return self._server.started

    async def close(self) -> None:
        await self.office.aclose()
        self._server.should_exit = True
        await self._task

    async def restart(self) -> None:
        """End as on SIGTERM, and start again on the same data."""
        await self.close()
        await self.open()

    async def end(self) -> None:
        """Pull every plug."""
        for machine in self.machines:
            await machine.power_off()
        await self.close()

    # The office

    async def api(self, method: str, path: str, expect: int = 200, **options: Any) -> Any:
        answer = await self.office.request(method, path, **options)
        assert answer.status_code == expect, (method, path, answer.status_code, answer.text)
        return answer.json() if answer.content else None

    async def add_account(self, name: str, **more: Any) -> dict[str, Any]:
        body = {"provider": name, "name": name, "settings": SETTINGS[name]}
        limits = {"max_hourly": "10", "max_setup": "500"}
        made: dict[str, Any] = await self.api(
            "POST", "provider-accounts", 201, json=body | limits | more
        )
        return made

    async def preview(self, vendor: Vendor, expect: int = 200, **more: Any) -> dict[str, Any]:
        found: dict[str, Any] = await self.api(
            "POST", "servers/preview", expect, json=vendor.order(**more)
        )
        return found

    async def order(self, vendor: Vendor, expect: int = 201, **more: Any) -> dict[str, Any]:
        """Preview, and order what was shown."""
        confirm = (await self.preview(vendor, **more))["echo"]
        found: dict[str, Any] = await self.api(
            "POST", "servers", expect, json=vendor.order(confirm=confirm, **more)
        )
        return found

    async def server(self, server_id: int) -> dict[str, Any]:
        found: dict[str, Any] = await self.api("GET", f"servers/{server_id}")
        return found

    async def until_server(
        self, server_id: int, what: Callable[[dict[str, Any]], Any], within_s: float = 30
    ) -> dict[str, Any]:
        """Let time pass at the vendors until a server is as `what` wants it."""
        seen: dict[str, Any] = {}

        async def so() -> dict[str, Any] | None:
            nonlocal seen
            for vendor in self.vendors.values():
                vendor.double.deliver()
            seen = await self.api("POST", f"servers/{server_id}/refresh")
            return seen if what(seen) else None

        try:
            found: dict[str, Any] = await until("the server gets there", so, within_s=within_s)
        except AssertionError:
            raise AssertionError(f"the server never got there: {seen}") from None
        return found

    async def flush(self) -> None:
        assert await self.state.writer.flush(), self.state.writer.last_error

    async def audit(self) -> list[dict[str, Any]]:
        await self.flush()
        lines: list[dict[str, Any]] = (await self.api("GET", "audit?limit=1000"))["entries"][::-1]
        return lines

    async def events(self, *kinds: str) -> list[dict[str, Any]]:
        await self.flush()
        found = (await self.api("GET", "events/recent?limit=1000"))["events"]
        return [one for one in found if not kinds or one["kind"] in kinds]

    # Talos

    async def cluster(self, endpoint: str) -> str:
        """Make a cluster of a build that is in the mirror."""
        build.write(self.folder / "data", VERSION)
        async with Office(f"http://localhost:{self.port}", self.token) as office:
            schematic = await build.take_in(office, VERSION)
        body = {
            "name": "demo",
            "endpoint": f"https://{endpoint}:6443",
            "talos_version": VERSION,
            "schematic": schematic,
        }
        await self.api("POST", "clusters", 201, json=body)
        return schematic

    def machine(self, at: str, base_url: str, **make: Any) -> SimulatedMachine:
        """Return a machine that asks under `base_url`; not switched on yet."""
        made = SimulatedMachine(at, base_url, **make)
        self.machines.append(made)
        return made


def base_of(boot_url: str) -> str:
    """Return what stands before a machine's own paths."""
    return boot_url.removesuffix("/boot/boot.ipxe")


@contextlib.asynccontextmanager
async def open_clouds(folder: Path, **changes: Any) -> AsyncIterator[Clouds]:
    clouds = await Clouds(folder, **changes).open()
    try:
        yield clouds
    finally:
        await clouds.end()
