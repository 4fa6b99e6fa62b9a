"""A simulated machine beside a real `ktizo serve`: it boots by HTTP and speaks Talos' wire."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.conftest import free_port
from ktizo.cli.simulation import build
from ktizo.nodes.simulated.firmware import API_PORT, SimulatedMachine
from ktizo.nodes.simulated.fleet import Fleet, Pace

from .served import Served, serve

VERSION = "v1.12.11"
FROM_A_CEPH = 3  # its number in the racks: two disks of a Ceph, and a small one with nothing on it
WAIT_S = 60


@dataclass
class SimulatedRack:
    """One machine, and the Ktizo it asks. It lives in a loop of its own: Playwright has ours."""

    box: Served
    fleet: Fleet
    loop: asyncio.AbstractEventLoop
    cluster: str = "demo"

    @property
    def machine(self) -> SimulatedMachine:
        """The only one."""
        return self.fleet.machines[0]

    def power_on(self) -> None:
        """Press its button."""
        self._run(self._press())

    async def _press(self) -> None:
        self.fleet.power_on()

    def close(self) -> None:
        """Pull the plug."""
        self._run(self.fleet.close())

    def _run(self, what: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(what, self.loop).result(WAIT_S)


@contextmanager
def racked(folder: Path, frontend: Path) -> Iterator[SimulatedRack]:
    """Run a Ktizo with a build in its mirror and a cluster, and a machine that is switched off."""
    port = free_port()
    settings = {
        "KTIZO_PORT": str(port),
        "KTIZO_BASE_URL": f"http://127.0.0.1:{port}",
        "KTIZO_FRONTEND_DIR": str(frontend),
        "KTIZO_UNKNOWN_MACHINES": "hold",
        "KTIZO_EVENT_SINK_PORT": str(free_port()),
        "KTIZO_KERNEL_LOG_PORT": str(free_port()),
        "KTIZO_NODE_PORT": str(API_PORT),
    }
    build.write(folder / "data", VERSION)
    with serve(folder, None, **settings) as box:
        box.populate()
        taken = {"path": build.FOLDER, "schematic": build.SCHEMATIC, "version": VERSION}
        assert box.api("POST", "images/mirror/import", json=taken)["refused"] == []
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever, daemon=True)
        thread.start()
        fleet = Fleet(box.url, 1, pace=Pace(speed=8.0), first=FROM_A_CEPH)
        rack = SimulatedRack(box, fleet, loop)
        body = {
            "name": rack.cluster,
            "endpoint": f"https://{rack.machine.host}:6443",
            "talos_version": VERSION,
            "schematic": build.SCHEMATIC,
        }
        box.api("POST", "clusters", 201, json=body)
        try:
            yield rack
        finally:
            rack.close()
            loop.call_soon_threadsafe(loop.stop)
            thread.join(WAIT_S)
            loop.close()
