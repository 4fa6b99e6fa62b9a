"""A `ktizo serve` with the built dashboard, its people, and machines that knock like firmware."""

import re
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from cli.conftest import Box, free_port
from images.factory_double import FACTORY, STORE, FactoryDouble

FRONTEND = Path(__file__).parents[2] / "frontend"
OFFICE = "192.0.2.10"  # where people's browsers are; test addresses of RFC 5737
# No secret: these people live as long as a test.
PASSWORDS = {name: f"{name}-has-a-long-password" for name in ("ada", "omar", "vera")}
ROLES = {"ada": "admin", "omar": "operator", "vera": "viewer"}
_SET_UP = re.compile(r"(http://\S+/setup)#token=(\S+)")


@dataclass(frozen=True)
class Hardware:
    """What a machine's firmware says of it."""

    mac: str
    vendor: str = "Dell Inc."
    product: str = "PowerEdge R650"
    serial: str = "7K3XQ53"
    uuid: str = ""
    platform: str = "efi"
    arch: str = "x86_64"
    address: str = "10.20.0.50"

    @property
    def fields(self) -> dict[str, str]:
        """The query boot.ipxe makes of it."""
        said = {
            "mac": self.mac.replace(":", "-"),
            "arch": self.arch,
            "platform": self.platform,
            "uuid": self.uuid,
        }
        marks = {"vendor": self.vendor, "product": self.product, "serial": self.serial}
        return said | {f"{name}_hex": text.encode().hex() for name, text in marks.items()}


@dataclass
class Served(Box):
    """One Ktizo of these tests. Set-up and machines use plain HTTP, as anybody would."""

    token: str = ""  # an administrator's
    sessions: dict[str, str] = field(default_factory=dict)  # cookie values, by name

    @property
    def set_up_link(self) -> tuple[str, str]:
        """The link it printed: the page, and the token after the #."""
        found = _SET_UP.search(self.log.read_text())
        assert found is not None, self.log.read_text()
        return found[1], found[2]

    def api(self, method: str, path: str, expect: int = 200, **options: Any) -> Any:
        """Ask the JSON API as administrator."""
        headers = {"Authorization": f"Bearer {self.token or self.first_token()}"}
        answer = httpx.request(
            method, f"{self.url}/api/v1/{path}", headers=headers, timeout=30, **options
        )
        assert answer.status_code == expect, (method, path, answer.status_code, answer.text)
        return answer.json() if answer.content else None

    def populate(self) -> None:
        """Make the people, unless the data folder came with them."""
        if not self.api("GET", "people")["people"]:
            _, token = self.set_up_link
            body = {"token": token, "name": "ada", "password": PASSWORDS["ada"]}
            answer = httpx.post(f"{self.url}/api/v1/setup", json=body)
            assert answer.is_success, answer.text
            for name in ("omar", "vera"):
                person = {"name": name, "role": ROLES[name], "password": PASSWORDS[name]}
                self.api("POST", "people", 201, json=person)

    def session(self, name: str) -> str:
        """Return the cookie of a signed-in person; one session per person, made when wanted."""
        if name not in self.sessions:
            body = {"name": name, "password": PASSWORDS[name]}
            # Each from a place of their own: an address has ten tries a minute.
            headers = {"X-Forwarded-For": OFFICE + str(len(self.sessions))}
            answer = httpx.post(f"{self.url}/api/v1/session", json=body, headers=headers)
            assert answer.is_success, answer.text
            self.sessions[name] = answer.cookies["ktizo_session"]
        return self.sessions[name]

    def knock(self, machine: Hardware, path: str = "/boot/menu.ipxe") -> str:
        """Ask what to boot as iPXE on `machine` does; returns the script."""
        answer = httpx.get(
            self.url + path,
            params=machine.fields,
            headers={"X-Forwarded-For": machine.address},
        )
        assert answer.status_code == 200, answer.text
        return answer.text

    def device(self, mac: str) -> dict[str, Any]:
        """Return the machine with this MAC, as soon as it is recorded."""
        end = time.monotonic() + 20
        while time.monotonic() < end:
            found = self.api("GET", "devices", params={"q": mac})["items"]
            if found:
                one: dict[str, Any] = found[0]
                return one
        raise AssertionError(f"{mac} was never recorded")

    def seen(self, *machines: Hardware) -> list[int]:
        """Let machines knock; returns their numbers."""
        for one in machines:
            self.knock(one)
        return [self.device(one.mac)["id"] for one in machines]


@contextmanager
def serve(folder: Path, grown: Path | None = None, **settings: str) -> Iterator[Served]:
    """Run a Ktizo in `folder`; `grown` is a data folder to begin with."""
    if grown is not None:
        shutil.copytree(grown, folder / "data")
    extra = {
        "KTIZO_TRUSTED_PROXIES": "127.0.0.1",  # so that machines and people have addresses
        "KTIZO_MACHINE_RATE_LIMIT": "1000000/minute",
        **settings,
    }
    port = int(settings.get("KTIZO_PORT") or free_port())
    box = Served(folder, port, extra=extra)
    if grown is not None:
        box.token = (grown / "cli.token").read_text().strip()
    try:
        box.start()
        yield box
    finally:
        if box.process is not None:
            box.stop()


@contextmanager
def factory() -> Iterator[tuple[FactoryDouble, str]]:
    """Run an Image Factory on loopback; yields it and its address."""
    port = free_port()
    home = f"http://127.0.0.1:{port}"
    double = FactoryDouble(hosts={FACTORY: home, STORE: f"http://localhost:{port}"})
    config = uvicorn.Config(double, port=port, log_level="critical", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield double, home
    finally:
        server.should_exit = True
        thread.join(10)
