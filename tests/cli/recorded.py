"""A Ktizo of recorded answers with one rented server, and the command in this process."""

import json
from typing import Any

import pytest
import respx
from httpx import Response
from typer.testing import CliRunner

from ktizo.cli import confirming, server_views
from ktizo.cli.main import app

URL = "http://192.0.2.1:8000"
ECHO = "order web-1: c2 in NYC or ASH for 0.18 USD an hour"
PRICE = {"currency": "USD", "hourly": "0.18", "monthly": None, "setup": "0"}
REACHED = {"ok": True, "url": "http://boot.example.org", "problem": "", "certain": False}
PREVIEW = {
    "price": PRICE, "lines": ["NYC: 0.18 USD an hour"], "checked": True, "echo": ECHO,
    "allowed": True, "refusal": "", "reachability": REACHED, "warnings": ["it bills by the day"],
}  # fmt: skip
WISH = ["--account", "lat", "--name", "web-1", "--plan", "c2", "--region", "NYC", "--region", "ASH"]
SENT: dict[str, Any] = {
    "account": "lat", "name": "web-1", "plan": "c2", "regions": ["NYC", "ASH"], "ssh_keys": [],
    "options": {}, "approve": None,
}  # fmt: skip


def server(**more: Any) -> dict[str, Any]:
    return {
        "id": 7, "account_id": 1, "account": "lat", "provider": "latitude", "title": "Latitude.sh",
        "capabilities": [], "name": "web-1", "vendor_id": "sv_1", "stage": "ordered",
        "status": "provisioning", "raw_status": "deploying", "plan": "c2", "region": "NYC",
        "regions": ["NYC", "ASH"], "ssh_keys": [], "options": {},
        "addresses": ["198.51.100.7"], "macs": [], "price": PRICE,
        "pending": "", "problem": "", "step": "the provider makes it ready", "device_id": None,
        "device_state": None, "hostname": None, "approve": None, "ordered_by": "ann",
        "created_at": "2026-11-21T10:00:00Z", "asked_at": None, "ended_at": None,
        "echo_reinstall": "reinstall web-1 (sv_1)", "echo_delete": "delete web-1 (sv_1)", **more,
    }  # fmt: skip


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("KTIZO_URL", URL)
    monkeypatch.setenv("KTIZO_TOKEN", "ktizo_x")
    monkeypatch.setattr(server_views, "POLL_S", 0)
    with respx.mock(base_url=f"{URL}/api/v1", assert_all_called=False) as wire:
        wire.post("/servers/preview").mock(Response(200, json=PREVIEW))
        wire.get("/servers/7").mock(Response(200, json=server()))
        yield wire


@pytest.fixture
def as_person(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ktizo.cli.show.wants_json", lambda asked: asked)
    monkeypatch.setattr(confirming, "at_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", "400")


def run(*arguments: str, typed: str = ""):
    return CliRunner().invoke(app, list(arguments), input=typed)


def bodies(route: Any) -> list[Any]:
    return [json.loads(call.request.content) for call in route.calls]


def flat(text: str) -> str:
    return " ".join(text.split())


def refused(status: int, code: str, message: str = "no") -> Response:
    return Response(status, json={"code": code, "message": message})
