"""What people do to a rented server: reinstall, give back, switch, adopt, forget."""

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from integration.house import until
from ktizo.nodes.simulated import SimulatedDisk, Where
from ktizo.providers import store
from ktizo.providers.audited import OURSELVES
from provisioning.clouds import Clouds, Vendor, base_of
from provisioning.test_story import approved, got_to, ordered, rented, runs

pytestmark = pytest.mark.anyio

EVERY = ["latitude", "vultr", "hetzner", "ovh", "cherry", "scaleway", "digitalocean"]
DOLLARS = {"latitude", "vultr", "digitalocean"}


async def delivered(clouds: Clouds, name: str) -> tuple[Vendor, dict[str, Any]]:
    """A server that the provider calls ready."""
    vendor = await clouds.vendor(name)
    await clouds.add_account(name, currency="USD" if name in DOLLARS else "EUR")
    server = await clouds.order(vendor)
    return vendor, await clouds.until_server(
        server["id"], lambda one: one["stage"] == "delivered" and one["vendor_id"]
    )


async def test_a_reinstall_closes_the_old_path_and_opens_a_new_one(clouds: Clouds):
    vendor, server_id = await ordered(clouds, "latitude")
    machine = await rented(clouds, vendor, server_id)
    machine.power_on()
    await got_to(machine, Where.HELD)
    await approved(clouds, server_id, machine.hardware.disks[0].name)
    await runs(clouds, vendor, server_id)
    (old,) = vendor.boot_urls
    server = await clouds.server(server_id)
    wrong = await clouds.api("POST", f"servers/{server_id}/reinstall", 422, json={"confirm": "x"})
    assert wrong["detail"]["confirm"] == server["echo_reinstall"]
    assert (await clouds.server(server_id))["device_state"] in {"installed", "running"}
    await clouds.api(
        "POST", f"servers/{server_id}/reinstall", json={"confirm": server["echo_reinstall"]}
    )
    assert len(vendor.boot_urls) == 2
    async with httpx.AsyncClient(trust_env=False) as stranger:
        assert (await stranger.get(old)).status_code == 404
        assert (await stranger.get(vendor.boot_urls[-1])).status_code == 200
    # Whatever it was allowed before: it waits for a new decision.
    assert (await clouds.server(server_id))["device_state"] == "pending"
    await machine.power_off()
    again = clouds.machine(
        vendor.machine_at, base_of(vendor.boot_urls[-1]), hardware=fresh(machine.hardware)
    )
    again.power_on()
    await got_to(again, Where.HELD)
    assert again.node.wiped == []
    assert len(vendor.double.orders) == 1


def fresh(hardware: Any) -> Any:
    """Return the same machine with the empty disks that its vendor left."""
    return replace(hardware, disks=(SimulatedDisk(),))


@pytest.mark.parametrize("name", EVERY)
async def test_giving_back_needs_the_echo_is_asked_once_and_closes_the_path(
    clouds: Clouds, name: str
):
    vendor, server = await delivered(clouds, name)
    wrong = await clouds.api(
        "POST", f"servers/{server['id']}/delete", 422, json={"confirm": server["name"]}
    )
    assert wrong["detail"]["confirm"] == server["echo_delete"]
    assert "providers.delete_server" not in [one["action"] for one in await clouds.audit()]
    given = await clouds.api(
        "POST", f"servers/{server['id']}/delete", json={"confirm": server["echo_delete"]}
    )
    if name == "ovh":  # it mails a token first
        assert given["pending"]
        assert given["stage"] == "delivered"
        return
    assert given["stage"] in {"ending", "gone"}
    lines = [one["action"] for one in await clouds.audit()]
    assert lines.count("providers.delete_server") == 1
    if vendor.boot_urls:
        async with httpx.AsyncClient(trust_env=False) as stranger:
            assert (await stranger.get(vendor.boot_urls[-1])).status_code == 404


@pytest.mark.parametrize("name", ["latitude", "vultr", "cherry"])
async def test_a_server_that_vanishes_at_its_provider_is_said_to_be_gone(clouds: Clouds, name: str):
    vendor, server = await delivered(clouds, name)
    await aged(clouds, server["id"])
    lost(vendor, server["vendor_id"], listed=False)
    await until("it is gone", lambda: gone(clouds, server["id"]))
    await clouds.api("POST", f"servers/{server['id']}/forget", 204)
    await clouds.api("GET", f"servers/{server['id']}", 404)
    assert len(vendor.double.orders) == 1


@pytest.mark.parametrize("listed", [True, False])
async def test_one_not_found_does_not_make_a_server_gone_that_may_cost(
    clouds: Clouds, listed: bool
):
    vendor, server = await delivered(clouds, "latitude")
    if listed:  # an old one that one route does not find; or a young one that none finds yet
        await aged(clouds, server["id"])
    lost(vendor, server["vendor_id"], listed=listed)
    before = len(vendor.asked)

    async def asked_again() -> Any:
        return len(vendor.asked) >= before + 6

    await until("it was asked several times", asked_again, within_s=30)
    assert (await clouds.server(server["id"]))["stage"] == "delivered"
    await clouds.api("POST", f"servers/{server['id']}/forget", 409)


def lost(vendor: Vendor, vendor_id: str, *, listed: bool) -> None:
    """Let the vendor answer 404 for this server, and leave it in its list or not."""
    original, number = vendor.double.answer, vendor_id.split("/")[-1]

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "GET" and number in request.url.path:
            return httpx.Response(404, json={"errors": [], "error": "not found", "message": "gone"})
        if request.method == "GET" and not listed and LISTS.search(request.url.path):
            nothing = {"data": [], "bare_metals": [], "instances": [], "meta": {}}
            return httpx.Response(200, json=[] if "/projects/" in request.url.path else nothing)
        return original(request)

    vendor.double.answer = answer  # type: ignore[method-assign]


LISTS = re.compile(r"/(servers|bare-metals|instances)$")


async def aged(clouds: Clouds, server_id: int) -> None:
    """Let a server have been ordered an hour ago."""
    async with clouds.state.db.write() as session:
        row = await store.server(session, server_id)
        row.created_at -= timedelta(hours=1)


async def gone(clouds: Clouds, server_id: int) -> Any:
    seen = await clouds.server(server_id)
    return seen if seen["stage"] == "gone" else None


async def test_a_reinstall_that_is_refused_leaves_a_running_node_what_it_was(clouds: Clouds):
    vendor, server_id = await ordered(clouds, "latitude")
    machine = await rented(clouds, vendor, server_id)
    machine.power_on()
    await got_to(machine, Where.HELD)
    await approved(clouds, server_id, machine.hardware.disks[0].name)
    before = await runs(clouds, vendor, server_id)
    original = vendor.double.answer

    def refuse(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/reinstall"):
            error = {"code": "REINSTALL_UNAVAILABLE", "status": "422", "detail": "not now"}
            return httpx.Response(422, json={"errors": [error]})
        return original(request)

    vendor.double.answer = refuse  # type: ignore[method-assign]
    body = {"confirm": before["echo_reinstall"]}
    refused = await clouds.office.post(f"servers/{server_id}/reinstall", json=body)
    assert refused.status_code in {409, 422}
    after = await clouds.server(server_id)
    assert after["device_state"] in {"installed", "running"}
    assert after["stage"] == before["stage"]
    async with httpx.AsyncClient(trust_env=False) as firmware:
        assert (await firmware.get(vendor.boot_urls[0])).status_code == 200


async def test_what_may_cost_is_not_forgotten(clouds: Clouds):
    _vendor, server = await delivered(clouds, "latitude")
    refused = await clouds.api("POST", f"servers/{server['id']}/forget", 409)
    assert refused["code"] == "still_there"
    refused = await clouds.api("DELETE", "provider-accounts/latitude", 409)
    assert refused["code"] == "account_in_use"


async def test_a_server_somebody_else_ordered_is_adopted_and_nothing_is_done_to_it(clouds: Clouds):
    vendor, server = await delivered(clouds, "latitude")
    await clouds.api(
        "POST", f"servers/{server['id']}/delete", json={"confirm": server["echo_delete"]}
    )
    order = vendor.order()
    theirs = await clouds.state.clients.of(await _row(clouds, "latitude"), OURSELVES).create_server(
        vendor.wanted, vendor.wanted.regions[0]
    )
    vendor.double.deliver()
    (found,) = [
        one
        for one in await clouds.api("GET", "provider-accounts/latitude/servers")
        if one["vendor_id"] == theirs.id
    ]
    assert found["server_id"] is None
    before = len(vendor.asked)
    body = {"account": order["account"], "vendor_id": theirs.id}
    adopted = await clouds.api("POST", "servers/adopt", 201, json=body)
    assert adopted["device_id"] is None
    assert {one.method for one in vendor.asked[before:]} == {"GET"}
    again = await clouds.api("POST", "servers/adopt", 409, json=body)
    assert again["code"] == "server_exists"


async def _row(clouds: Clouds, name: str) -> Any:
    async with clouds.state.db.read() as session:
        return await store.account(session, name)


@pytest.mark.parametrize("name", ["latitude", "vultr", "cherry", "scaleway", "digitalocean"])
async def test_power_is_switched_and_noted(clouds: Clouds, name: str):
    vendor, server = await delivered(clouds, name)
    await clouds.api("POST", f"servers/{server['id']}/power", json={"action": "reboot"})
    lines = [one["action"] for one in await clouds.audit()]
    assert "providers.power" in lines
    assert "providers.server_power_reboot" in lines
    assert len(vendor.double.orders) == 1


async def test_a_provider_that_is_away_is_waited_for_and_said(clouds: Clouds):
    vendor, server = await delivered(clouds, "latitude")
    vendor.double.away = 1000

    async def said() -> Any:
        seen = await clouds.server(server["id"])
        return seen if "503" in seen["step"] + seen["problem"] else None

    await until("it says why", said, within_s=20)
    vendor.double.away = 0

    async def well() -> Any:
        seen = await clouds.server(server["id"])
        return seen if not seen["problem"] and "503" not in seen["step"] else None

    await until("it goes on", well, within_s=40)


async def test_wrong_credentials_are_asked_once_and_stand_in_the_list(clouds: Clouds):
    vendor, server = await delivered(clouds, "hetzner")
    vendor.double.refuse_credentials = True

    async def said() -> Any:
        return (await clouds.server(server["id"]))["problem"]

    await until("a person is told", said, within_s=20)
    asked = len(vendor.asked)
    for _ in range(5):
        await clouds.api("POST", f"servers/{server['id']}/refresh", 502)
    assert len(vendor.asked) == asked, "Hetzner blocks an address that tries again"


async def test_hardware_that_is_rented_again_is_the_new_server_and_waits_for_a_new_approval(
    clouds: Clouds,
):
    vendor, first_id = await ordered(clouds, "latitude")
    machine = await rented(clouds, vendor, first_id)
    machine.power_on()
    await got_to(machine, Where.HELD)
    met = await clouds.until_server(first_id, lambda one: one["device_id"])
    await machine.power_off()
    await clouds.api("POST", f"servers/{first_id}/delete", json={"confirm": met["echo_delete"]})
    await clouds.until_server(first_id, lambda one: one["stage"] == "gone")
    assert (await clouds.server(first_id))["device_id"] is None
    vendor.wanted = replace(vendor.wanted, name="cp-2")
    second = await clouds.order(vendor)
    again = await rented(clouds, vendor, second["id"])
    assert again.hardware.macs == machine.hardware.macs
    again.power_on()
    await got_to(again, Where.HELD)
    back = await clouds.until_server(second["id"], lambda one: one["device_id"])
    assert (back["device_id"], back["device_state"]) == (met["device_id"], "pending")
    assert again.node.wiped == []
