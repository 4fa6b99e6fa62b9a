"""What is peculiar to Elastic Metal: zones, two statuses, pages, typed errors, rescue."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from ktizo.providers.base import PowerAction, RescueLogin, Rescuer, SshKey, Status
from ktizo.providers.errors import (
    CredentialsRefused,
    Failed,
    Forbidden,
    Gone,
    NotYet,
    OutOfStock,
    ProviderAway,
    ProviderError,
    Rejected,
    Unsupported,
)
from ktizo.providers.scaleway import rescue, wire
from ktizo.providers.scaleway.client import ScalewayClient
from ktizo.providers.scaleway.declaration import ZONES, ScalewaySettings

from .cases_scaleway import SECRET, UNKNOWN_ID, make
from .contract import Case
from .double_scaleway import PROJECT, RESCUE_PASSWORD, ScalewayDouble, error
from .plumbing import always, answering

pytestmark = pytest.mark.anyio

ID = "0c3b1f2a-0000-4000-8000-000000000000"
KEY = SshKey("11111111-2222-4333-8444-666666666666", "ktizo")


@pytest.fixture
async def case() -> AsyncIterator[Case]:
    made = await make()
    yield made
    await made.client.close()


def vendor(case: Case) -> ScalewayDouble:
    assert isinstance(case.double, ScalewayDouble)
    return case.double


def client_of(case: Case) -> ScalewayClient:
    assert isinstance(case.client, ScalewayClient)
    return case.client


async def delivered(case: Case) -> str:
    order = await case.client.create_server(case.wanted, case.region)
    return (await case.guard().wait_ready(order.id, timeout_s=3600)).id


# --- ordering


async def test_an_order_is_bare_tagged_and_in_the_project(case: Case) -> None:
    server = await case.client.create_server(case.wanted, "nl-ams-1")
    assert case.double.orders == [
        {
            "offer_id": "e36f7e1d-0f08-4a6b-9b07-6a6d2ff4a2d0",
            "project_id": PROJECT,
            "name": "node1",
            "description": "ordered by Ktizo",
            "tags": [case.wanted.tag],
        }
    ]
    zone, _, uuid = server.id.partition("/")
    assert zone == server.region == "nl-ams-1"
    assert uuid in vendor(case).servers
    assert server.status is Status.ORDERED
    assert server.addresses == ("51.159.1.1", "2001:bc8:1200::1")  # the main one first


async def test_a_catalogue_that_says_empty_costs_no_order(case: Case) -> None:
    case.double.sold_out = {"fr-par-2"}
    vendor(case).stale_stock = False
    with pytest.raises(OutOfStock):
        await case.client.create_server(case.wanted, "fr-par-2")
    assert all(one.method == "GET" for one in case.double.requests)


async def test_an_order_in_a_zone_that_is_not_searched_is_refused(case: Case) -> None:
    wanted = replace(case.wanted, regions=("pl-waw-2",))
    for ask in (case.client.price_of(wanted), case.client.create_server(wanted, "pl-waw-2")):
        with pytest.raises(Rejected, match="not one of the account's zones"):
            await ask
    assert case.double.requests == []


async def test_options_are_refused(case: Case) -> None:
    with pytest.raises(Rejected):
        await case.client.price_of(replace(case.wanted, options={"monthly": True}))


async def test_the_quote_is_the_dearest_zone(case: Case) -> None:
    quote = await case.client.price_of(case.wanted)
    assert quote.price.hourly == Decimal("0.092")
    assert quote.price.currency == "EUR"
    assert quote.lines == ("fr-par-2: 0.088 EUR an hour", "nl-ams-1: 0.092 EUR an hour")
    with pytest.raises(OutOfStock):
        await case.client.price_of(replace(case.wanted, plan="EM-NONE"))


async def test_an_order_that_turns_out_to_be_out_of_stock_failed(case: Case) -> None:
    server = await case.client.create_server(case.wanted, case.region)
    vendor(case).servers[server.id.partition("/")[2]]["status"] = "out_of_stock"
    with pytest.raises(Failed, match="out_of_stock"):
        await case.guard().wait_ready(server.id, timeout_s=60)


async def test_ready_means_the_server_and_its_installation(case: Case) -> None:
    vendor(case).install = {"os_id": ID, "hostname": "x", "status": "to_install"}
    server = await case.client.create_server(case.wanted, case.region)
    seen: list[tuple[str, Status]] = []
    while not seen or seen[-1][1] is not Status.READY:
        told = await case.client.get_server(server.id)
        seen.append((told.raw_status, told.status))
        case.double.deliver()
    assert seen == [
        ("ordered/to_install", Status.ORDERED),
        ("delivering/to_install", Status.PROVISIONING),
        ("ready/to_install", Status.PROVISIONING),
        ("ready/installing", Status.PROVISIONING),
        ("ready/completed", Status.READY),
    ]


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"status": "ready", "install": None}, Status.READY),
        ({"status": "ready"}, Status.READY),
        ({"status": "ready", "install": {"status": "error"}}, Status.FAILED),
        ({"status": "ready", "install": {"status": "unknown"}}, Status.UNKNOWN),
        ({"status": "ready", "boot_type": "rescue"}, Status.RESCUE),
        ({"status": "stopped", "boot_type": "rescue"}, Status.OFF),
        ({"status": "locked"}, Status.FAILED),
        ({"status": "deleting"}, Status.DELETING),
        ({"status": "resetting"}, Status.PROVISIONING),
        ({"status": "brand new word"}, Status.UNKNOWN),
        ({"status": None}, Status.UNKNOWN),
    ],
)
def test_two_statuses_are_one(given: dict[str, Any], status: Status) -> None:
    assert wire.status_of(given) is status


# --- zones, pages, ids


async def test_servers_of_every_zone_and_page_are_listed(case: Case) -> None:
    vendor(case).page_size = 2
    for number in range(5):
        one = replace(case.wanted, name=f"node{number}", tag=f"t{number}")
        await case.client.create_server(one, ("fr-par-2", "nl-ams-1")[number == 4])
    found = await case.client.list_servers()
    assert sorted(one.name for one in found) == [f"node{number}" for number in range(5)]
    assert {one.id.partition("/")[0] for one in found} == {"fr-par-2", "nl-ams-1"}
    asked = [one for one in case.double.requests if one.url.path.endswith("/servers")]
    assert all(one.url.params["project_id"] == PROJECT for one in asked if one.method == "GET")


async def test_a_zone_that_is_away_is_an_error_and_no_short_list(case: Case) -> None:
    original = vendor(case).answer

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(503) if "nl-ams-1" in request.url.path else original(request)

    vendor(case).answer = answer  # type: ignore[method-assign]
    with pytest.raises(ProviderAway):
        await case.client.list_servers()


async def test_a_list_that_never_ends_is_an_error(case: Case) -> None:
    page = {"total_count": 10**9, "servers": [{"id": ID}]}
    answering(case, always(200, json.dumps(page)))
    with pytest.raises(ProviderError, match="does not end"):
        await case.client.list_servers()


@pytest.mark.parametrize(
    "given",
    ["", "nope", ID, f"fr-par-2/{ID}/reboot", "fr-par-2/..", f"../x/{ID}", f"fr-par-2/{ID}\n"],
)
async def test_an_id_that_is_none_is_gone_and_never_in_a_path(case: Case, given: str) -> None:
    for ask in (
        case.client.get_server(given),
        case.client.delete_server(given),
        case.client.power(given, PowerAction.OFF),
        rescue.enter(client_of(case).api, given),
    ):
        with pytest.raises(Gone):
            await ask
    assert case.double.requests == []


def test_zones_are_read_from_a_variable_or_a_list() -> None:
    base = {"secret_key": SECRET, "project_id": PROJECT}
    assert ScalewaySettings.model_validate(base).zones == ZONES
    one = ScalewaySettings.model_validate({**base, "zones": "fr-par-2"})
    assert one.zones == ("fr-par-2",)
    assert SECRET not in repr(one)
    for wrong in ("", "paris", ["fr-par-2/x"], []):
        with pytest.raises(ValidationError):
            ScalewaySettings.model_validate({**base, "zones": wrong})


# --- the catalogue


async def test_plans_are_offers_of_the_same_name_with_a_price_per_zone(case: Case) -> None:
    case.double.sold_out = {"nl-ams-1"}
    vendor(case).stale_stock = False
    [plan] = await case.client.plans()
    assert plan.id == "EM-A115X-SSD"
    assert (plan.cores, plan.memory_gib) == (4, 32)
    assert plan.disks == "1000 GB SSD, 1000 GB SSD"
    assert [(one.region, one.in_stock) for one in plan.offers] == [
        ("fr-par-2", True),
        ("nl-ams-1", False),
    ]
    assert plan.talos
    assert "SSH" in plan.why
    assert [one.name for one in await case.client.regions()] == ["Paris 2", "Amsterdam 1"]


@pytest.mark.parametrize(
    ("given", "amount"),
    [
        ({"currency_code": "EUR", "units": 0, "nanos": 88_000_000}, Decimal("0.088")),
        ({"currency_code": "EUR", "units": 30, "nanos": 0}, Decimal(30)),
        ({"currency_code": "EUR", "units": 1, "nanos": None}, Decimal(1)),
        ({"currency_code": "EUR", "units": -1, "nanos": 0}, None),
        ({"currency_code": "EUR", "units": "1", "nanos": 0}, None),
        ({"units": 1}, None),
        (None, None),
    ],
)
def test_money_is_units_and_nanos(given: Any, amount: Decimal | None) -> None:
    found = wire.amount(given)
    assert (found and found[1]) == amount


# --- errors


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (error(403, "quotas_exceeded", details=[]), Rejected),
        (error(403, "permissions_denied", details=[]), CredentialsRefused),
        (error(409, "transient_state"), NotYet),
        (error(412, "precondition_failed"), NotYet),
        (error(400, "out_of_stock"), OutOfStock),
        (error(423, "resource_locked"), Rejected),
        (error(410, "resource_expired"), Gone),
        (error(400, "invalid_arguments", details=[]), Rejected),
        (error(409, "a new word"), NotYet),
        (error(503, "out_of_stock"), ProviderAway),  # nothing is known from a server's own fault
    ],
)
async def test_errors_are_sorted_by_type(
    case: Case, answer: httpx.Response, kind: type[Exception]
) -> None:
    answering(case, lambda _request, _original: answer)
    with pytest.raises(kind):
        await case.client.get_server(UNKNOWN_ID)


async def test_a_key_that_may_not_see_ssh_keys_is_still_good(case: Case) -> None:
    vendor(case).sees_keys = False
    with pytest.raises(Forbidden, match="SSHKeysFullAccess"):
        await case.client.ssh_keys()
    assert await case.client.list_servers() == []


async def test_the_secret_key_is_sent_and_the_access_key_never(case: Case) -> None:
    await case.client.check()
    [request] = case.double.requests
    assert request.headers["x-auth-token"] == SECRET
    assert "authorization" not in request.headers


# --- giving back and power


async def test_a_server_is_given_back_once(case: Case) -> None:
    server_id = await delivered(case)
    first = await case.client.delete_server(server_id)
    second = await case.client.delete_server(server_id)
    case.double.deliver()
    third = await case.client.delete_server(server_id)
    assert [first.status, second.status, third.status] == [
        Status.DELETING,
        Status.DELETING,
        Status.GONE,
    ]
    assert sum(one.method == "DELETE" for one in case.double.requests) == 1


async def test_a_server_that_is_still_delivered_cannot_be_given_back_yet(case: Case) -> None:
    server = await case.client.create_server(case.wanted, case.region)
    with pytest.raises(NotYet):
        await case.client.delete_server(server.id)


async def test_power_has_three_verbs(case: Case) -> None:
    server_id = await delivered(case)
    for action in (PowerAction.OFF, PowerAction.ON, PowerAction.REBOOT):
        await case.client.power(server_id, action)
        case.double.deliver()
    sent = [one.url.path.rpartition("/")[2] for one in case.double.requests if one.method == "POST"]
    assert sent[-3:] == ["stop", "start", "reboot"]


# --- rescue


def reboots(case: Case) -> list[dict[str, Any]]:
    asked = [one for one in case.double.requests if one.url.path.endswith("/reboot")]
    return [json.loads(one.content) for one in asked]


async def test_the_way_into_the_rescue_system_and_out_again(case: Case) -> None:
    server_id = await delivered(case)
    client: Rescuer = client_of(case)  # mypy: every verb is there
    mark = await client.enter_rescue(server_id, KEY)
    assert await client.rescue_login(server_id, mark) is None  # still "ready", and its disk
    case.double.deliver()
    assert await client.rescue_login(server_id, mark) is None  # starting
    case.double.deliver()
    login = await client.rescue_login(server_id, mark)
    assert login == RescueLogin(address="51.159.1.1", user="em-rescue", host_keys=())
    assert (await client.get_server(server_id)).status is Status.RESCUE
    await client.boot_from_disk(server_id)
    ready = await case.guard().wait_ready(server_id, timeout_s=600, left=Status.RESCUE)
    assert ready.status is Status.READY
    await client.boot_from_disk(server_id)  # it boots its disk: nothing is restarted
    assert reboots(case) == [
        {"boot_type": "rescue", "ssh_key_ids": [KEY.id]},
        {"boot_type": "normal"},
    ]


async def test_the_rescue_system_that_ran_before_is_not_the_one_that_was_started(
    case: Case,
) -> None:
    server_id = await delivered(case)
    client = client_of(case)
    first = await client.enter_rescue(server_id, KEY)
    case.double.deliver()
    case.double.deliver()
    second = await client.enter_rescue(server_id, KEY)
    assert await client.rescue_login(server_id, second) is None
    assert await client.rescue_login(server_id, first) is not None
    case.double.deliver()
    case.double.deliver()
    assert await client.rescue_login(server_id, second) is not None


async def test_a_server_that_fails_or_is_given_back_boots_no_rescue_system(case: Case) -> None:
    server_id = await delivered(case)
    client = client_of(case)
    mark = await client.enter_rescue(server_id, KEY)
    vendor(case).servers[server_id.partition("/")[2]]["status"] = "error"
    with pytest.raises(Failed):
        await client.rescue_login(server_id, mark)
    with pytest.raises(Gone):
        await client.rescue_login(UNKNOWN_ID, mark)


async def test_a_rescue_system_without_a_user_is_an_error_and_no_guess(case: Case) -> None:
    server_id = await delivered(case)
    client = client_of(case)
    mark = await client.enter_rescue(server_id, KEY)
    case.double.deliver()
    case.double.deliver()
    one = vendor(case).servers[server_id.partition("/")[2]]
    one["rescue_server"] = {"password": RESCUE_PASSWORD}
    with pytest.raises(Failed, match="how to log in"):
        await client.rescue_login(server_id, mark)
    assert RESCUE_PASSWORD not in repr(await rescue.look(client.api, server_id))


async def test_a_server_that_is_off_is_not_switched_on_to_boot_from_its_disk(case: Case) -> None:
    server_id = await delivered(case)
    one = vendor(case).servers[server_id.partition("/")[2]]
    one.update(status="stopped", boot_type="rescue")
    await case.client.boot_from_disk(server_id)
    assert reboots(case) == []
    await case.client.power(server_id, PowerAction.ON)
    assert json.loads(case.double.requests[-1].content) == {"boot_type": "normal"}


async def test_a_reinstall_is_refused_with_the_way_out(case: Case) -> None:
    with pytest.raises(Unsupported, match="rescue system"):
        await case.client.reinstall_ipxe(UNKNOWN_ID, case.wanted.boot_url)
