"""`ktizo clusters …` against recorded answers."""

import json

import pytest
import respx
from httpx import Response
from typer.testing import CliRunner

from ktizo.cli.clusters import app

URL = "http://192.0.2.1:8000"
DEVICE = {"id": 7, "hostname": "node-1", "macs": ["52:54:00:00:00:01"]}


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("KTIZO_URL", URL)
    monkeypatch.setenv("KTIZO_TOKEN", "ktizo_x")
    with respx.mock(base_url=f"{URL}/api/v1") as wire:
        yield wire


def run(*arguments: str):
    return CliRunner().invoke(app, list(arguments))


def test_settings_are_given_as_field_and_value(wire):
    route = wire.patch("/clusters/prod").mock(Response(200, json={"name": "prod"}))
    done = run("set", "prod", "kubernetes_version=1.35", 'nameservers=["192.0.2.53"]', "vip=null")
    assert done.exit_code == 0, done.output
    assert json.loads(route.calls[0].request.content) == {
        "kubernetes_version": "1.35",
        "nameservers": ["192.0.2.53"],
        "vip": None,
    }
    assert run("set", "prod", "nonsense").exit_code == 2
    assert run("set", "prod", "vip={").exit_code == 2


def test_a_machine_is_previewed_by_its_name(wire):
    wire.get("/devices").mock(Response(200, json={"items": [DEVICE]}))
    found = {"config": "machine: {}\n", "warnings": []}
    wire.get("/clusters/devices/7/preview").mock(Response(200, json=found))
    assert run("preview", "node-1").output == "machine: {}\n"
    exact = wire.post("/clusters/devices/7/preview").mock(Response(200, json=found))
    assert run("preview", "node-1", "--reason", "a drill").exit_code == 0
    assert exact.calls[0].request.url.params["reason"] == "a drill"


def test_secrets_are_written_for_their_owner_alone(wire, tmp_path):
    yaml = {"content-type": "application/yaml"}
    wire.post("/clusters/prod/secrets/export").mock(Response(200, text="a: b\n", headers=yaml))
    out = tmp_path / "secrets.yaml"
    done = run("secrets", "export", "prod", "--reason", "a drill", "--out", str(out))
    assert done.exit_code == 0, done.output
    assert out.read_text() == "a: b\n"
    assert out.stat().st_mode & 0o777 == 0o600
    assert run("secrets", "export", "prod").exit_code == 2, "a reason is needed"


def test_a_refusal_is_one_line_and_an_exit_code(wire):
    body = {"code": "cluster_not_found", "message": "there is no cluster x"}
    wire.get("/clusters/x").mock(Response(404, json=body))
    assert run("show", "x").exit_code == 5
