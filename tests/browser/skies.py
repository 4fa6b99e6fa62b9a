"""A Ktizo with vendors' doubles behind it, for browsers. It lives in a loop of its own."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provisioning.clouds import Clouds, Vendor, open_clouds

from .served import Served

WAIT_S = 60


@dataclass
class Sky:
    """The Ktizo people look at, and the vendors it asks."""

    box: Served
    clouds: Clouds
    loop: asyncio.AbstractEventLoop

    def run(self, what: Coroutine[Any, Any, Any]) -> Any:
        """Do something where the doubles live."""
        return asyncio.run_coroutine_threadsafe(what, self.loop).result(WAIT_S)

    def vendor(self, name: str) -> Vendor:
        """Put a vendor's double in place."""
        made: Vendor = self.run(self.clouds.vendor(name))
        return made

    def add_account(self, name: str, **more: Any) -> dict[str, Any]:
        """Add an account whose name is its provider's."""
        made: dict[str, Any] = self.run(self.clouds.add_account(name, **more))
        return made


@contextmanager
def skied(folder: Path, frontend: Path) -> Iterator[Sky]:
    """Run a Ktizo with its people and without any account."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def run(what: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(what, loop).result(WAIT_S)

    # People and machines have addresses of their own, as behind a proxy.
    settings = {"frontend_dir": frontend, "trusted_proxies": "127.0.0.1"}
    opened = open_clouds(folder, **settings)
    clouds = run(opened.__aenter__())
    try:
        box = Served(folder, clouds.port, token=clouds.token)
        box.log.write_text("\n".join(clouds.announced))
        box.populate()
        yield Sky(box, clouds, loop)
    finally:
        run(opened.__aexit__(None, None, None))
        loop.call_soon_threadsafe(loop.stop)
        thread.join(WAIT_S)
        loop.close()
