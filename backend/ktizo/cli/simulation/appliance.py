"""`ktizo serve` as a child process on loopback, which can be killed and started again."""

import asyncio
import os
import socket
import sys
from asyncio.subprocess import Process
from pathlib import Path

import httpx

START_S = 60.0
POLL_S = 0.1
GRACE_S = 20.0
LOG_LINES = 30


class ApplianceFailed(Exception):
    """Ktizo does not start, or has ended by itself; the message has the end of its log."""


class Appliance:
    """One Ktizo on one folder."""

    def __init__(self, folder: Path, port: int = 0) -> None:
        self.data = folder / "data"
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.starts = 0
        self._log = folder / "serve.log"
        chosen = {
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "BASE_URL": self.url,
            "DATA_DIR": str(self.data),
            "COMPILED_DIR": str(folder / "compiled"),
            "LOADERS_DIR": str(folder / "loaders"),  # none: these machines bring their own iPXE
            "UNKNOWN_MACHINES": "hold",
            "MACHINE_RATE_LIMIT": "100000/minute",
            "EVENT_SINK_PORT": str(free_port()),
            "KERNEL_LOG_PORT": str(free_port()),
        }
        # A child gets its parent's variables, except what an operator set for another Ktizo.
        own = os.environ  # noqa: TID251
        inherited = {name: value for name, value in own.items() if not name.startswith("KTIZO_")}
        self._environment = inherited | {f"KTIZO_{name}": value for name, value in chosen.items()}
        self._process: Process | None = None

    @property
    def token(self) -> str:
        """The administrator's token of this box."""
        return (self.data / "cli.token").read_text().strip()

    async def start(self) -> None:
        """Start, and wait until it says that it is well; raises ApplianceFailed."""
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "ktizo", "serve"),
                env=self._environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is ours to pass on
            )
        self.starts += 1
        async with httpx.AsyncClient(base_url=self.url, trust_env=False) as http:
            try:
                async with asyncio.timeout(START_S):
                    while not await self._well(http):  # noqa: ASYNC110 - another process
                        await asyncio.sleep(POLL_S)
            except TimeoutError:
                raise ApplianceFailed(f"Ktizo is not well:\n{self.last_words}") from None

    async def _well(self, http: httpx.AsyncClient) -> bool:
        self.look_alive()
        try:
            health = (await http.get("/api/v1/health")).json()
        except httpx.TransportError:
            return False
        return bool(health.get("status") == "ok")

    def look_alive(self) -> None:
        """Raise ApplianceFailed when the process has ended and nobody asked it to."""
        if self._process is not None and self._process.returncode is not None:
            code = self._process.returncode
            raise ApplianceFailed(f"Ktizo ended by itself with {code}:\n{self.last_words}")

    @property
    def last_words(self) -> str:
        """The end of its log."""
        lines = self._log.read_text(errors="replace").splitlines() if self._log.exists() else []
        return "\n".join(lines[-LOG_LINES:])

    async def kill(self) -> None:
        """kill -9, as a power cut would: no chance to write anything."""
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.kill()
            await process.wait()

    async def close(self) -> None:
        """Ask it to end, and insist when it does not."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), GRACE_S)
        except TimeoutError:
            await self.kill()


def free_port() -> int:
    """Return a TCP port nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
