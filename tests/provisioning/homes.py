"""A Ktizo in memory that knows vendors: their doubles stand where their APIs would be.

Machines ask from any address; what Ktizo asks at its own public URL comes back to it.
"""

import contextlib
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx

from integration.house import House, Told, empty_postgres, settings_in
from ktizo.core.http import Http
from ktizo.providers import store
from providers import plumbing
from provisioning.clouds import HOST, PUBLIC, SETTINGS, Vendor, base_of, resolve

URL = f"http://{HOST}:8000"
LAN, RENTED, STRANGER = "10.0.0.50", "198.51.100.7", "203.0.113.66"
DOLLARS = {"latitude", "vultr", "digitalocean"}


class Home(House):
    """`vendors`: by name; each has a double that remembers what it was asked."""

    def __init__(self, settings: Any, token: str = "") -> None:
        super().__init__(settings, token)
        self.vendors: dict[str, Vendor] = {}
        self.resolve = resolve

    async def _life(self, started: Any) -> None:
        """Plug everything in before anything runs, at every start."""
        self.state.site.resolve, self.state.site.pace = self.resolve, 0.05
        self.state.clients.sleep = _no_time
        self.state.site.http = Http(
            tries=1, transport=httpx.ASGITransport(self.app, client=(PUBLIC, 40_000))
        )
        self._plug()
        await super()._life(started)

    def _plug(self) -> None:
        self.state.clients.transports = {
            name: httpx.MockTransport(vendor.handle) for name, vendor in self.vendors.items()
        }

    async def vendor(self, name: str) -> Vendor:
        """Put a vendor's double in place."""
        case = await plumbing.make(name)
        made = self.vendors[name] = Vendor(name, case.double, case.wanted, RENTED)
        self._plug()
        return made

    async def account(self, vendor: str = "latitude", expect: int = 201, **more: Any) -> Any:
        """Add an account that knows the double's credentials; several may share one double."""
        body = {
            "provider": vendor,
            "name": vendor,
            "settings": SETTINGS[vendor],
            "max_hourly": "10",
            "max_setup": "500",
            "currency": "USD" if vendor in DOLLARS else "EUR",
        }
        return await self.api("POST", "provider-accounts", expect, json=body | more)

    async def order(self, vendor: Vendor, expect: int = 201, **more: Any) -> Any:
        """Preview, and order what was shown."""
        shown = await self.api("POST", "servers/preview", json=vendor.order(**more))
        body = vendor.order(confirm=shown["echo"], **more)
        return await self.api("POST", "servers", expect, json=body)

    async def rent(self, name: str = "cherry", **more: Any) -> tuple[Vendor, dict[str, Any], str]:
        """Order a server; returns it and its boot path, as `/boot/at/...`.

        Cherry Servers tells no network cards: whoever asks first is the server.
        """
        vendor = self.vendors.get(name) or await self.vendor(name)
        accounts = await self.api("GET", "provider-accounts")
        if not any(one["name"] == name for one in accounts):
            await self.account(name)
        server = await self.order(vendor, **more)
        return vendor, server, base_of(vendor.boot_urls[-1]).removeprefix(URL)

    async def ask(self, path: str, mac: str, *, address: str = RENTED, **fields: str) -> Told:
        """Ask under a boot path as boot.ipxe does; an empty path is the LAN's."""
        return await self.knock(mac, address=address, path=f"{path}/boot/menu.ipxe", **fields)

    async def row(self, server_id: int) -> Any:
        async with self.state.db.read() as session:
            return await store.server(session, server_id)

    async def change(self, server_id: int, **fields: Any) -> None:
        """Change a server's row by hand."""
        async with self.state.db.write() as session:
            row = await store.server(session, server_id)
            for name, value in fields.items():
                setattr(row, name, value)
            await store.save_server(session, row)

    async def client_of(self, role: str) -> httpx.AsyncClient:
        """Return a client of the API with a token of that role."""
        made = await self.api("POST", "tokens", 201, json={"name": role, "scope": role})
        return self._client("10.0.0.3", {"Authorization": f"Bearer {made['token']}"})


async def _no_time(_seconds: float) -> None:
    return


@contextlib.asynccontextmanager
async def open_home(
    folder: Path, kind: str = "sqlite", *, grown: tuple[Path, str], **changes: Any
) -> AsyncIterator[Home]:
    """Give a Ktizo that runs in memory; `grown` is a data folder to begin with, and its token."""
    settings = settings_in(folder, kind, **{"public_url": URL, **changes})
    token = ""
    if kind == "postgresql":
        await empty_postgres(settings)
    else:
        shutil.copytree(grown[0], settings.data_dir)
        token = grown[1]
    home = Home(settings, token)
    await home.open()
    try:
        yield home
    finally:
        await home.close()
