"""`ktizo serve` as an operator starts it: a process of its own on a loopback port."""

import asyncio
import os
import socket
import sys
from pathlib import Path
from typing import Any, Self

import httpx

from integration.house import until

KTIZO = Path(sys.executable).with_name("ktizo")
START_S = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Served:
    """One appliance on one data folder; it can be killed and started again."""

    def __init__(self, folder: Path, server: str = "granian", **changes: str) -> None:
        self.data, self.port = folder / "data", free_port()
        chosen = {
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "DATA_DIR": str(self.data),
            "COMPILED_DIR": str(folder / "compiled"),
            "LOADERS_DIR": str(folder / "loaders"),
            "SERVER": server,
            "MACHINE_RATE_LIMIT": "1000000/minute",
            **changes,
        }
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("KTIZO_")}  # noqa: TID251
        self._environment = inherited | {f"KTIZO_{k}": v for k, v in chosen.items()}
        self._log = folder / "serve.log"
        self._process: asyncio.subprocess.Process | None = None
        self.http = httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{self.port}", timeout=30, trust_env=False
        )

    @property
    def log(self) -> str:
        """What it printed so far."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    async def start(self) -> Self:
        """Start, and wait until it says that it is well."""
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                KTIZO, "serve", env=self._environment, stdout=log, stderr=log
            )
        await until(f"ktizo serve is well:\n{self.log}", self._well, within_s=START_S)
        token = (self.data / "cli.token").read_text().strip()
        self.http.headers["Authorization"] = f"Bearer {token}"
        return self

    async def _well(self) -> bool:
        assert self._process is not None
        assert self._process.returncode is None, self.log
        try:
            health = (await self.http.get("/api/v1/health")).json()
        except httpx.TransportError:
            return False
        return bool(health["status"] == "ok")

    async def kill(self) -> None:
        """As a power cut would: no chance to write anything."""
        assert self._process is not None
        self._process.kill()
        await self._process.wait()

    async def stop(self) -> int:
        """Ask it to end; its exit code."""
        assert self._process is not None
        if self._process.returncode is None:
            self._process.terminate()
        async with asyncio.timeout(30):
            return await self._process.wait()

    async def close(self) -> None:
        """End for good."""
        await self.http.aclose()
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def api(self, method: str, path: str, expect: int = 200, **options: Any) -> Any:
        answer = await self.http.request(method, f"/api/v1/{path}", **options)
        assert answer.status_code == expect, (method, path, answer.status_code, answer.text)
        return answer.json() if answer.content else None

    async def raw(self, request: bytes, *, within_s: float = 2.0) -> bytes:
        """Send bytes as they are and return whatever comes back before the connection ends."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        found = b""
        try:
            async with asyncio.timeout(within_s):
                writer.write(request)
                await writer.drain()
                while data := await reader.read(65536):
                    found += data
                    if complete(found):
                        break
        except (ConnectionError, TimeoutError):
            pass  # a server may hang up on nonsense
        finally:
            writer.transport.abort()
        return found


def complete(answer: bytes) -> bool:
    """Say whether a whole answer with a length is there."""
    head, found, body = answer.partition(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return bool(found) and len(body) >= int(line.partition(b":")[2])
    return False
