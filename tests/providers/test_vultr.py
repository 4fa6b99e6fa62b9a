"""What is peculiar to Vultr; the rest is in test_contract.py."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, cast

import httpx
import pytest

from ktizo.providers.base import PowerAction, Server, Status
from ktizo.providers.errors import (
    CredentialsRefused,
    Gone,
    OutOfStock,
    ProviderError,
    Rejected,
    Unsupported,
)
from ktizo.providers.guard import echo_of_order
from ktizo.providers.http import Answer
from ktizo.providers.vultr import wire

from .cases_vultr import make, make_instance, make_silent
from .contract import Case
from .double_vultr import INSTANCE_PLAN, METAL_PLAN, PASSWORD, VultrDouble, error

pytestmark = pytest.mark.anyio
AGAIN = "http://ktizo.example/again"


@pytest.fixture
async def case() -> AsyncIterator[Case]:
    made = await make()
    yield made
    await made.client.close()


@pytest.fixture
async def virtual() -> AsyncIterator[Case]:
    made = await make_instance()
    yield made
    await made.client.close()


def double(case: Case) -> VultrDouble:
    return cast(VultrDouble, case.double)


async def delivered(case: Case) -> Server:
    quote = await case.client.price_of(case.wanted)
    server = await case.guard().create(case.wanted, echo_of_order(case.wanted, quote))
    return await case.guard().wait_ready(server.id, timeout_s=60)


def writes(case: Case) -> list[tuple[str, str, Any]]:
    return [
        (one.method, one.url.path, json.loads(one.content) if one.content else None)
        for one in case.double.requests
        if one.method != "GET"
    ]


async def test_bare_metal_is_ordered_as_custom_with_the_chain_url(case: Case) -> None:
    case.wanted = replace(case.wanted, ssh_keys=("k1",), options={"persistent_pxe": True})
    await delivered(case)
    assert writes(case) == [
        (
            "POST",
            "/v2/bare-metals",
            {
                "region": "ams",
                "plan": METAL_PLAN,
                "os_id": 159,
                "ipxe_chain_url": "http://ktizo.example/boot/u/3f9d",
                "label": "cp-1",
                "hostname": "cp-1",
                "tags": ["ktizo-4f1c9a"],
                "activation_email": False,
                "enable_ipv6": False,
                "sshkey_id": ["k1"],
                "persistent_pxe": True,
            },
        )
    ]


async def test_an_instance_is_ordered_where_instances_are(virtual: Case) -> None:
    server = await delivered(virtual)
    [(method, path, body)] = writes(virtual)
    assert (method, path) == ("POST", "/v2/instances")
    assert (body["os_id"], body["plan"]) == (159, INSTANCE_PLAN)
    assert "persistent_pxe" not in body
    assert server.id.startswith("vm/")
    assert server.raw_status == "active, running, ok"


async def test_persistent_pxe_is_not_for_instances(virtual: Case) -> None:
    virtual.wanted = replace(virtual.wanted, options={"persistent_pxe": True})
    with pytest.raises(Rejected, match="bare metal only"):
        await virtual.client.price_of(virtual.wanted)


async def test_an_option_that_nobody_knows_orders_nothing(case: Case) -> None:
    with pytest.raises(Rejected, match="colour"):
        await case.client.price_of(replace(case.wanted, options={"colour": 1}))


@pytest.mark.parametrize("plan", [METAL_PLAN, "bm/", "xx/vbm", "", "bm/vbm-of-yesterday"])
async def test_a_plan_of_no_kind_orders_nothing(case: Case, plan: str) -> None:
    with pytest.raises(Rejected, match="catalogue"):
        await case.client.price_of(replace(case.wanted, plan=plan))


async def test_a_reinstall_names_the_chain_url_and_then_reinstalls(case: Case) -> None:
    server = await delivered(case)
    told = await case.client.reinstall_ipxe(server.id, AGAIN)
    path = f"/v2/bare-metals/{server.id.removeprefix('bm/')}"
    assert writes(case)[1:] == [
        ("PATCH", path, {"ipxe_chain_url": AGAIN}),
        ("POST", f"{path}/reinstall", None),
    ]
    assert double(case).reinstalls == [(server.id.removeprefix("bm/"), AGAIN)]
    assert told.status is Status.PROVISIONING
    assert told.id == server.id


async def test_another_operating_system_is_reinstalled_by_the_patch_alone(case: Case) -> None:
    server = await delivered(case)
    theirs = server.id.removeprefix("bm/")
    double(case).servers[theirs]["os_id"] = 2136
    await case.client.reinstall_ipxe(server.id, AGAIN)
    patch = {"os_id": 159, "ipxe_chain_url": AGAIN}
    assert writes(case)[1:] == [("PATCH", f"/v2/bare-metals/{theirs}", patch)]
    assert double(case).reinstalls == [(theirs, AGAIN)]


async def test_an_instance_cannot_be_reinstalled_and_nothing_is_sent(virtual: Case) -> None:
    server = await delivered(virtual)
    before = len(writes(virtual))
    with pytest.raises(Unsupported, match="order it again"):
        await virtual.client.reinstall_ipxe(server.id, AGAIN)
    assert len(writes(virtual)) == before


async def test_what_an_availability_does_not_have_is_not_asked_for(case: Case) -> None:
    case.double.sold_out = {"ams"}
    with pytest.raises(OutOfStock, match="ams"):
        await case.client.create_server(case.wanted, "ams")
    assert writes(case) == []


async def test_what_is_sold_out_after_the_look_is_out_of_stock() -> None:
    case = await make_silent()
    case.double.sold_out = {"ams"}
    with pytest.raises(OutOfStock):
        await case.client.create_server(case.wanted, "ams")
    assert len(writes(case)) == 1
    await case.client.close()


async def test_a_region_that_is_not_there_any_more_does_not_hide_the_catalogue(case: Case) -> None:
    original = double(case).answer

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v2/regions/ewr/availability":
            return error(404, "Invalid region")
        return original(request)

    double(case).answer = answer  # type: ignore[method-assign]
    plans = {one.id: one for one in await case.client.plans()}
    stock = {one.region: one.in_stock for one in plans[f"bm/{METAL_PLAN}"].offers}
    assert stock == {"ams": True, "ewr": None}


async def test_bare_metal_without_an_address_is_not_ready(case: Case) -> None:
    server = await case.client.create_server(case.wanted, "ams")
    assert server.status is Status.PROVISIONING
    case.double.deliver()
    told = await case.client.get_server(server.id)
    assert (told.raw_status, told.status) == ("active", Status.PROVISIONING)
    case.double.deliver()
    assert (await case.client.get_server(server.id)).status is Status.READY


async def test_servers_of_both_kinds_are_in_one_list(case: Case) -> None:
    await case.client.create_server(case.wanted, "ams")
    await case.client.create_server(replace(case.wanted, plan=f"vm/{INSTANCE_PLAN}"), "ams")
    assert [one.id[:3] for one in await case.client.list_servers()] == ["bm/", "vm/"]


async def test_both_kinds_are_in_the_catalogue_with_what_is_left(case: Case) -> None:
    case.double.sold_out = {"ewr"}
    plans = {one.id: one for one in await case.client.plans()}
    metal = plans[f"bm/{METAL_PLAN}"]
    assert (metal.kind, metal.cores, metal.memory_gib) == ("metal", 4, 32)
    assert metal.disks == "2x 240 GB SSD"
    assert {one.region: one.in_stock for one in metal.offers} == {"ams": True, "ewr": False}
    assert plans[f"vm/{INSTANCE_PLAN}"].kind == "vm"
    small = plans["vm/vc2-1c-0.5gb"]
    assert not small.talos
    with pytest.raises(Rejected, match="1 GiB"):
        await case.client.price_of(replace(case.wanted, plan=small.id))


async def test_the_price_is_by_the_hour(case: Case) -> None:
    quote = await case.client.price_of(case.wanted)
    assert (str(quote.price.hourly), quote.price.currency) == ("0.164", "USD")
    assert quote.lines == ("ams: 0.164 USD an hour, at most 120 USD a month",)


async def test_the_default_password_never_leaves_the_answer(case: Case) -> None:
    server = await delivered(case)
    assert any(PASSWORD in str(one) for one in double(case).servers.values())
    assert PASSWORD not in repr(server)


async def test_power_in_their_words(case: Case) -> None:
    server = await delivered(case)
    for action in PowerAction:
        await case.client.power(server.id, action)
    assert double(case).actions == ["start", "halt", "reboot"]


async def test_a_server_is_deleted_once(case: Case) -> None:
    server = await delivered(case)
    assert (await case.client.delete_server(server.id)).status is Status.DELETING
    assert (await case.client.delete_server(server.id)).status is Status.GONE
    assert len(double(case).deletes) == 1


@pytest.mark.parametrize("server_id", ["", "bm/", "bm/..", "vm/../account", "xx/1", "bm/a\n"])
async def test_an_id_cannot_leave_its_path(case: Case, server_id: str) -> None:
    with pytest.raises(Gone):
        await case.client.get_server(server_id)
    with pytest.raises(Gone):
        await case.client.power(server_id, PowerAction.ON)
    assert (await case.client.delete_server(server_id)).status is Status.GONE
    assert case.double.requests == []


async def test_pages_are_followed_by_cursor(case: Case) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        cursor = request.url.params.get("cursor")
        following = {None: "b", "b": "c", "c": ""}[cursor]
        row = {"id": f"key-{cursor}", "name": "n", "ssh_key": "ssh-ed25519 A"}
        links = {"next": following, "prev": ""}
        return httpx.Response(200, json={"ssh_keys": [row], "meta": {"links": links}})

    double(case).answer = answer  # type: ignore[method-assign]
    assert [one.id for one in await case.client.ssh_keys()] == ["key-None", "key-b", "key-c"]


async def test_pages_that_never_end_are_an_error(case: Case) -> None:
    pages = iter(range(10_000))

    def answer(request: httpx.Request) -> httpx.Response:
        links = {"next": f"n{next(pages)}"}
        return httpx.Response(200, json={"ssh_keys": [], "meta": {"links": links}})

    double(case).answer = answer  # type: ignore[method-assign]
    with pytest.raises(ProviderError, match="pages"):
        await case.client.ssh_keys()


@pytest.mark.parametrize("noun", ["bare_metal", "baremetal"])
def test_both_names_of_the_answer_are_read(noun: str) -> None:
    answer = Answer(202, {}, json.dumps({noun: {"id": "a"}}))
    assert wire.one_of(answer, wire.METAL.one) == {"id": "a"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (2199756823533, ("02:00:2b:b9:5b:ed",)),
        (0, ()),
        (-1, ()),
        (2**48, ()),
        (True, ()),
        ("02002c75d3ed", ()),
        (None, ()),
        (1, ("00:00:00:00:00:01",)),
    ],
)
def test_a_mac_is_a_whole_number(value: Any, expected: tuple[str, ...]) -> None:
    assert wire.mac(value) == expected


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"status": "pending"}, Status.PROVISIONING),
        ({"status": "resizing"}, Status.PROVISIONING),
        ({"status": "suspended"}, Status.FAILED),
        ({"status": "active", "main_ip": "0.0.0.0"}, Status.PROVISIONING),
        ({"status": "active", "main_ip": "192.0.2.1"}, Status.READY),
        ({"status": "active", "main_ip": "192.0.2.1", "power_status": "stopped"}, Status.OFF),
        (
            {"status": "active", "main_ip": "192.0.2.1", "server_status": "locked"},
            Status.PROVISIONING,
        ),
        ({"status": "something new"}, Status.UNKNOWN),
        ({}, Status.UNKNOWN),
    ],
)
def test_an_instance_in_our_words(told: dict[str, Any], expected: Status) -> None:
    assert wire.server(wire.INSTANCE, told).status is expected


def test_bare_metal_has_no_power_status() -> None:
    told = {"status": "active", "main_ip": "192.0.2.1", "power_status": "stopped"}
    assert wire.server(wire.METAL, told).status is Status.READY


@pytest.mark.parametrize(
    ("status", "text", "expected"),
    [
        (400, "plan is not available in the selected region", OutOfStock),
        (400, "Plan is not available in the selected location", OutOfStock),
        (400, "Please upload select a valid ISO or specify a valid iPXE Chain URL", Rejected),
        (403, "Unauthorized IP address", CredentialsRefused),
        (400, "Invalid plan chosen.", type(None)),
        (500, "out of stock", type(None)),
    ],
)
def test_an_error_by_its_text(status: int, text: str, expected: type) -> None:
    assert type(wire.error_of(Answer(status, {}, error(status, text).text))) is expected


def test_a_key_that_may_not_order_says_so() -> None:
    assert wire.account({"name": "n", "acls": ["subscriptions_view"]}).detail
    assert not wire.account({"name": "n", "acls": ["provisioning"]}).detail
