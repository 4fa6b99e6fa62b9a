"""A real `ktizo serve` on loopback, and the real command beside it."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

KTIZO = Path(sys.executable).with_name("ktizo")
START_S = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Box:
    """One Ktizo on this machine. `env` is what a shell on it would have."""

    folder: Path
    port: int = field(default_factory=free_port)
    extra: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[str] | None = None

    @property
    def env(self) -> dict[str, str]:
        return {
            "PATH": os.environ.get("PATH", ""),  # noqa: TID251 - of the tests
            "KTIZO_HOST": "127.0.0.1",
            "KTIZO_PORT": str(self.port),
            "KTIZO_DATA_DIR": str(self.folder / "data"),
            "KTIZO_COMPILED_DIR": str(self.folder / "compiled"),
            # Servers of several workers run side by side, and no machine of theirs is a node.
            "KTIZO_EVENT_SINK_PORT": "0",
            "KTIZO_KERNEL_LOG_PORT": "0",
            "KTIZO_NODE_PORT": "0",
            **self.extra,
        }

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        return self.folder / "serve.log"

    def start(self) -> None:
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [KTIZO, "serve"], env=self.env, stdout=log, stderr=log, text=True
            )
        end = time.monotonic() + START_S
        while time.monotonic() < end and self.process.poll() is None:
            try:
                if httpx.get(f"{self.url}/api/v1/health").json()["status"] == "ok":
                    return
            except httpx.HTTPError:
                pass
            self.process.poll()
        raise AssertionError(f"did not start: {self.log.read_text()}")

    def stop(self, number: int = signal.SIGTERM) -> int:
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(30)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [KTIZO, *arguments], env=self.env, capture_output=True, text=True, timeout=60
        )

    def json(self, *arguments: str) -> Any:
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def script(self, mac: str, **fields: str) -> str:
        return httpx.get(f"{self.url}/boot/menu.ipxe", params={"mac": mac, **fields}).text

    def first_token(self) -> str:
        found = re.search(r"shown only this once: (ktizo_\S+)", self.log.read_text())
        assert found is not None
        return found[1]


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    box = Box(tmp_path_factory.mktemp("box"))
    box.start()
    yield box
    box.stop()
