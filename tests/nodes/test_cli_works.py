"""`ktizo works`, `ktizo nodes` and changes to running clusters, on recorded answers."""

import json
from typing import Any

import pytest
import respx
from httpx import Response
from typer.testing import CliRunner

from ktizo.cli import works
from ktizo.cli.main import app

URL = "http://192.0.2.1:8000"
STEP = {"name": "a", "title": "First", "state": "todo", "said": "", "device_id": None, "at": None}
NODE = {
    "device_id": 7,
    "hostname": "cp-1",
    "role": "controlplane",
    "cluster_id": 1,
    "cluster": "prod",
    "state": "running",
    "since": "2026-11-21T10:00:00Z",
    "address": "192.0.2.11",
    "ready": True,
    "unmet": [],
    "talos_version": "v1.12.11",
    "schematic": None,
    "drift": [{"what": "config", "intended": "aa", "found": "bb"}],
    "trouble": None,
    "answered_at": "2026-11-21T10:00:00Z",
}


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(works, "POLL_S", 0)


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("KTIZO_URL", URL)
    monkeypatch.setenv("KTIZO_TOKEN", "ktizo_x")
    with respx.mock(base_url=f"{URL}/api/v1", assert_all_called=False) as wire:
        wire.get("/devices", params={"q": "cp-1"}).mock(
            Response(200, json={"items": [{"id": 7, "hostname": "cp-1", "macs": []}]})
        )
        yield wire


def run(*arguments: str):
    return CliRunner().invoke(app, list(arguments))


def work(state: str = "running", step: str = "todo", said: str = "") -> dict[str, Any]:
    return {
        "id": 3,
        "cluster_id": 1,
        "cluster": "prod",
        "kind": "upgrade_talos",
        "params": {},
        "state": state,
        "steps": [STEP | {"state": step, "said": said}],
        "said": said if state == "stopped" else "",
        "asked_by": "ada",
        "asked_at": "2026-11-21T10:00:00Z",
        "updated_at": "2026-11-21T10:00:00Z",
        "ended_at": None,
    }


def bodies(route: Any) -> list[Any]:
    return [json.loads(call.request.content) for call in route.calls]


def test_waiting_shows_the_steps_as_they_go_each_word_once(wire):
    wire.post("/clusters/prod/bring-up").mock(Response(200, json=work()))
    wire.get("/works/3").mock(
        side_effect=[
            Response(200, json=work(step="doing", said="1 of 3 answer")),
            Response(200, json=work(step="doing", said="1 of 3 answer")),
            Response(200, json=work(state="done", step="done", said="3 of 3 answer")),
        ]
    )
    done = run("clusters", "bring-up", "prod", "--wait")
    assert done.exit_code == 0, done.output
    assert done.output.splitlines() == ["> First: 1 of 3 answer", "+ First: 3 of 3 answer"]


def test_a_work_that_stopped_while_waited_for_is_exit_code_1(wire):
    stopped = work(state="stopped", step="failed", said="cp-2 has not come back")
    wire.post("/clusters/prod/upgrade-talos").mock(Response(200, json=work()))
    wire.get("/works/3").mock(Response(200, json=stopped))
    done = run("clusters", "upgrade-talos", "prod", "v1.13.9", "--wait")
    assert done.exit_code == 1
    assert "upgrade talos stopped: cp-2 has not come back" in done.output


def test_what_is_asked_for_goes_out_as_the_api_has_it(wire):
    answer = Response(200, json=work())
    asked = {
        what: wire.post(f"/clusters/prod/{what}").mock(answer)
        for what in (
            "bring-up",
            "upgrade-talos",
            "upgrade-kubernetes",
            "apply-config",
            "remove-member",
        )
    }
    for arguments in (
        ("bring-up", "prod", "--first", "cp-1"),
        ("upgrade-talos", "prod", "v1.13.9", "--schematic", "a" * 64),
        ("upgrade-kubernetes", "prod", "1.36.3"),
        ("apply-config", "prod", "--node", "cp-1", "--mode", "staged"),
        ("remove-member", "prod", "cp-1", "--confirm", "cp-1", "--force"),
    ):
        assert run("clusters", *arguments).exit_code == 0, arguments
    assert bodies(asked["bring-up"]) == [{"first": 7}]
    assert bodies(asked["upgrade-talos"]) == [{"version": "v1.13.9", "schematic": "a" * 64}]
    assert bodies(asked["upgrade-kubernetes"]) == [{"version": "1.36.3"}]
    assert bodies(asked["apply-config"]) == [{"device_ids": [7], "mode": "staged"}]
    assert bodies(asked["remove-member"]) == [
        {"device_id": 7, "confirm": "cp-1", "wipe": "system-disk", "force": True}
    ]


def test_works_are_listed_retried_followed_and_abandoned(wire):
    wire.get("/works").mock(Response(200, json=[work()]))
    wire.get("/clusters/prod/works").mock(Response(200, json=[work(step="doing")]))
    wire.get("/works/3").mock(Response(200, json=work(state="done", step="done")))
    retried = wire.post("/works/3/retry").mock(Response(200, json=work()))
    given_up = wire.post("/works/3/abandon").mock(Response(200, json=work(state="abandoned")))
    assert json.loads(run("works", "list").output)[0]["id"] == 3
    assert run("works", "list", "prod").exit_code == 0
    assert run("works", "show", "3").exit_code == 0
    assert run("works", "retry", "3", "--follow").output == "+ First\n"
    assert run("works", "abandon", "3").exit_code == 0, "giving up is no failure"
    assert retried.called
    assert given_up.called


def test_a_cluster_that_is_not_healthy_is_exit_code_1(wire):
    found = {
        "bootstrapped": True,
        "etcd": [],
        "quorum": 2,
        "etcd_healthy": False,
        "nodes_ready": 1,
        "nodes": 3,
        "healthy": False,
        "problems": ["cp-2 was never reached"],
    }
    wire.get("/clusters/prod/health").mock(Response(200, json=found))
    assert run("clusters", "health", "prod").exit_code == 1
    wire.get("/clusters/prod/health").mock(Response(200, json=found | {"healthy": True}))
    assert run("clusters", "health", "prod").exit_code == 0


def test_nodes_are_shown_and_ordered_about(wire, monkeypatch):
    monkeypatch.setattr("ktizo.cli.show.wants_json", lambda asked: asked)
    wire.get("/nodes").mock(Response(200, json=[NODE]))
    wire.get("/nodes/7").mock(Response(200, json=NODE))
    service = {"id": "etcd", "state": "Running", "healthy": True, "health_message": ""}
    wire.get("/nodes/7/services").mock(Response(200, json=[service]))
    plan = {"device_id": 7, "differs": True, "diff": "+a", "mode": "no-reboot", "said": "x"}
    wire.get("/nodes/7/config-plan").mock(Response(200, json=plan | {"warnings": ["careful"]}))
    order = wire.post("/nodes/7/order").mock(Response(200, json=NODE))
    assert "cp-1" in run("nodes", "list").output
    assert "config is bb, not aa" in run("nodes", "show", "cp-1").output
    assert "etcd" in run("nodes", "services", "cp-1").output
    shown = run("nodes", "plan", "cp-1").output
    assert "+a" in shown
    assert "careful" in shown
    assert run("nodes", "reboot", "cp-1", "--power-cycle").exit_code == 0
    assert run("nodes", "shutdown", "cp-1", "--force").exit_code == 0
    assert bodies(order) == [
        {"order": "powercycle", "force": False},
        {"order": "shutdown", "force": True},
    ]


def test_works_are_shown_to_people_in_words(wire, monkeypatch):
    monkeypatch.setattr("ktizo.cli.show.wants_json", lambda asked: asked)
    stopped = work(state="stopped", step="failed", said="cp-2 has not come back")
    wire.get("/works").mock(Response(200, json=[stopped]))
    wire.get("/works/3").mock(Response(200, json=stopped))
    assert "stopped" in run("works", "list").output
    shown = run("works", "show", "3").output
    assert "3: upgrade talos of prod" in shown
    assert "! First: cp-2 has not come back" in shown
