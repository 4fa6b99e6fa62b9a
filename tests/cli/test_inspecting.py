"""`ktizo devices inspect …`: what an operator types, and what stands on the screen."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

from ktizo.cli import devices, inspecting, show

EMPTY = {"state": "none", "asked_by": None, "asked_at": None, "expires_at": None,
         "schematic": None, "version": None, "boots": 0, "findings": None}  # fmt: skip
ASKED = {**EMPTY, "state": "asked", "asked_by": "ann", "expires_at": "2026-01-01T13:00:00Z",
         "schematic": "3" * 64, "version": "v1.12.11"}  # fmt: skip
DISK = {"name": "/dev/sda", "size_bytes": 480_103_981_056, "model": "SSD\x1b[31m", "serial": "S1",
        "wwid": "naa.5002538e40b5cc1a", "transport": "sata", "rotational": False,
        "readonly": False, "install_disk": "wwid:naa.5002538e40b5cc1a",
        "holds": ["Windows (NTFS)"], "volumes": []}  # fmt: skip
FINDINGS = {"at": "2026-01-01T12:05:00Z", "address": "10.0.0.50", "pin": "c2hh", "cores": 8,
            "talos_version": "v1.12.11", "manufacturer": "ACME", "product": "R1", "serial": "SN",
            "uuid": "u", "cpus": ["Xeon"], "memory_mib": 65536, "cards": [], "disks": [DISK],
            "warnings": ["/dev/sda holds Windows"]}  # fmt: skip
DONE = {**EMPTY, "state": "done", "findings": FINDINGS}
Run = Callable[..., Result]


class Ktizo:
    """Answers the next questions in turn, and remembers them."""

    def __init__(self) -> None:
        self.answers: list[dict[str, Any]] = []
        self.asked: list[tuple[str, str, Any]] = []

    def request(self, method: str, url: str, *, json: Any = None, **_: Any) -> httpx.Response:
        path = httpx.URL(url).path.removeprefix("/api/v1")
        if path == "/devices/7":
            return httpx.Response(200, json={"id": 7, "hostname": None, "macs": []})
        self.asked.append((method, path, json))
        return httpx.Response(200, json=self.answers.pop(0))


@pytest.fixture
def ktizo(monkeypatch: pytest.MonkeyPatch) -> Ktizo:
    found = Ktizo()
    monkeypatch.setenv("KTIZO_TOKEN", "ktizo_x")
    monkeypatch.setattr(httpx, "request", found.request)
    monkeypatch.setattr(show, "wants_json", lambda asked: asked)
    monkeypatch.setattr(inspecting.time, "sleep", lambda _: None)
    return found


def run(*arguments: str) -> Result:
    return CliRunner().invoke(devices.app, list(arguments))


def test_asking_says_what_happens_next(ktizo: Ktizo):
    ktizo.answers = [ASKED]
    done = run("inspect", "7", "--version", "1.12.11", "--minutes", "30")
    assert done.exit_code == 0, done.output
    assert ktizo.asked == [
        ("POST", "/devices/7/inspect", {"version": "1.12.11", "minutes": 30}),
    ]
    assert "it begins with its next network boot" in done.output
    assert "333333333333/v1.12.11" in done.output


def test_waiting_ends_with_what_was_found(ktizo: Ktizo):
    steps = [{**ASKED, "state": state} for state in ("booting", "booting", "looking")]
    ktizo.answers = [ASKED, *steps, DONE]
    done = run("inspect", "7", "--wait")
    assert done.exit_code == 0, done.output
    assert done.stderr.splitlines() == [
        inspecting.STEPS[s] for s in ("asked", "booting", "looking")
    ]
    flat = " ".join(done.stdout.split())
    for said in ("/dev/sda", "480.1 GB", "Windows", "wwid:naa", "warning: /dev/sda holds Windows"):
        assert said in flat, done.stdout
    assert "\x1b[31m" not in done.stdout


def test_waiting_for_what_was_taken_back_ends_with_an_error(ktizo: Ktizo):
    ktizo.answers = [ASKED, EMPTY]
    done = run("inspect", "7", "--wait")
    assert (done.exit_code, "nothing was found" in done.stderr) == (1, True)


def test_it_can_be_taken_back_and_shown(ktizo: Ktizo):
    ktizo.answers = [EMPTY, DONE]
    assert run("inspect", "7", "--cancel").exit_code == 0
    shown = run("inspection", "7", "--json")
    assert json.loads(shown.stdout) == DONE
    path = "/devices/7/inspection"
    assert ktizo.asked == [("DELETE", path, None), ("GET", path, None)]
