"""`ktizo servers …`: what people see, and following a server until its machine runs."""

import json
from typing import Any

import pytest
from httpx import Response

from cli.recorded import as_person, bodies, flat, run, server, wire

__all__ = ["as_person", "wire"]
DELIVERED = server(stage="delivered", status="ready", step="delivered; waiting for its machine")

PRICE_MONTHLY = {"currency": "EUR", "hourly": None, "monthly": "99", "setup": "49.5"}


def machine(state: str, step: str) -> dict[str, Any]:
    told = {"device_id": 3, "device_state": state, "hostname": "web-1", "step": step}
    return DELIVERED | told


def test_servers_are_a_table_with_what_is_wrong_with_them(wire, as_person):
    lost = server(id=8, stage="unsure", problem="nobody knows\x1b[31m", price=None, addresses=[])
    asked = wire.get("/servers").mock(Response(200, json={"servers": [server(), lost], "total": 9}))
    done = run("servers", "list", "--account", "lat", "--stage", "ordered", "--stage", "unsure")
    assert done.exit_code == 0, done.output
    shown = flat(done.stdout)
    assert (
        "7 web-1 lat ordered c2 NYC 198.51.100.7 0.18 USD an hour the provider makes it ready"
        in shown
    )
    assert "8 web-1 lat unsure c2 NYC - - nobody knows?[31m" in shown
    assert "2 of 9 shown" in shown
    url = asked.calls.last.request.url
    assert url.params.get_list("stage") == ["ordered", "unsure"]


def test_a_server_is_shown_with_its_machine_and_for_programs_as_the_api_has_it(wire, as_person):
    found = machine("running", "Talos runs") | {"price": PRICE_MONTHLY}
    wire.get("/servers/7").mock(Response(200, json=found))
    shown = flat(run("servers", "show", "7").stdout)
    for words in (
        "server web-1 (7)", "account lat at Latitude.sh", "number there sv_1", "now Talos runs",
        "the provider says ready (deploying)", "machine 3 web-1: running",
        "costs 99 EUR a month, 49.5 EUR once", "ordered by ann,",
    ):  # fmt: skip
        assert words in shown, shown
    assert json.loads(run("servers", "show", "7", "--json").stdout) == found


def test_following_shows_each_step_once_until_its_machine_runs(wire, as_person):
    story = [
        server(),
        DELIVERED,
        DELIVERED,
        machine("pending", "its machine waits for an approval"),
        machine("installing", "Talos is being installed"),
        machine("running", "Talos runs"),
    ]
    wire.get("/servers/7").mock(side_effect=[Response(200, json=one) for one in story])
    done = run("servers", "show", "7", "--follow")
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines() == [
        "ordered: the provider makes it ready",
        "delivered: delivered; waiting for its machine",
        "delivered: its machine waits for an approval",
        "delivered: Talos is being installed",
        "delivered: Talos runs",
    ]


def test_following_a_reinstall_does_not_take_the_machine_of_before_for_the_new_one(wire):
    before = server(device_id=3, device_state="running", stage="ordered")
    wire.post("/servers/7/reinstall").mock(Response(200, json=before))
    after = machine("running", "Talos runs")
    asked = wire.get("/servers/7").mock(
        side_effect=[Response(200, json=before), Response(200, json=after)]
    )
    confirm = ["--confirm", "reinstall web-1 (sv_1)"]
    done = run("servers", "reinstall", "7", *confirm, "--follow", "--json")
    assert (done.exit_code, asked.call_count) == (0, 2)
    assert json.loads(done.stdout)["step"] == "Talos runs"


@pytest.mark.parametrize(
    ("stands", "says"),
    [
        (server(problem="the key is wrong"), "web-1: the key is wrong"),
        (server(stage="refused", step="nothing was ordered"), "web-1: nothing was ordered"),
        (server(stage="gone", step="it is gone"), "web-1: it is gone"),
        (machine("rejected", "its machine was rejected"), "web-1: its machine was rejected"),
        (machine("boot_loop", "look at its machine"), "web-1: look at its machine"),
        (machine("lapsed", "approve it again"), "web-1: approve it again"),
    ],
)
def test_following_ends_with_1_where_something_stands_in_the_way(wire, stands, says: str):
    wire.get("/servers/7").mock(Response(200, json=stands))
    done = run("servers", "show", "7", "--follow", "--json")
    assert (done.exit_code, json.loads(done.stdout)) == (1, stands)
    assert says in done.stderr


def test_what_a_person_has_to_do_is_shown_while_following(wire, as_person):
    waits = server(pending="pay the invoice")
    done = machine("running", "Talos runs")
    wire.get("/servers/7").mock(side_effect=[Response(200, json=waits), Response(200, json=done)])
    shown = run("servers", "show", "7", "--follow").stdout
    assert "the provider makes it ready; you have to: pay the invoice" in shown


def test_whoever_stops_watching_stops_nothing_else(wire, as_person, monkeypatch):
    def impatient(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("ktizo.cli.server_views.time.sleep", impatient)
    done = run("servers", "show", "7", "--follow")
    assert done.exit_code == 130
    assert "Ktizo goes on without you; see `ktizo servers show 7`" in done.stderr


def test_each_change_goes_out_as_the_api_has_it(wire, as_person):
    answer = Response(200, json=server())
    power = wire.post("/servers/7/power").mock(answer)
    refresh = wire.post("/servers/7/refresh").mock(answer)
    adopt = wire.post("/servers/adopt").mock(Response(201, json=server()))
    forget = wire.post("/servers/7/forget").mock(Response(204))
    reinstall = wire.post("/servers/7/reinstall").mock(answer)
    confirm = ["--confirm", "reinstall web-1 (sv_1)", "--approve", "--minutes", "30"]
    for command in (
        ["power", "7", "reboot"], ["refresh", "7"], ["adopt", "lat", "sv_9"], ["forget", "7"],
        ["reinstall", "7", *confirm],
    ):  # fmt: skip
        assert run("servers", *command).exit_code == 0, command
    assert bodies(power) == [{"action": "reboot"}]
    assert bodies(adopt) == [{"account": "lat", "vendor_id": "sv_9"}]
    approve = {"lease_minutes": 30}
    assert bodies(reinstall) == [{"confirm": "reinstall web-1 (sv_1)", "approve": approve}]
    assert refresh.called
    assert forget.called
    assert run("servers", "power", "7", "explode").exit_code == 2
    assert run("servers", "show", "0").exit_code == 2


def test_what_the_provider_has_is_listed_ktizos_or_not(wire, as_person):
    found = {
        "vendor_id": "sv_9", "name": "old", "status": "ready", "raw_status": "on", "plan": "",
        "region": "NYC", "addresses": ["198.51.100.9"], "macs": [], "server_id": None,
    }  # fmt: skip
    wire.get("/provider-accounts/lat/servers").mock(Response(200, json=[found]))
    shown = flat(run("servers", "found", "lat").stdout)
    assert "sv_9 old ready (on) - NYC 198.51.100.9 -" in shown
