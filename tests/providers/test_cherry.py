"""What is peculiar to Cherry Servers; what every provider must do is in test_contract.py."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from ktizo.providers.base import PowerAction, Price, Status
from ktizo.providers.cherry import make as make_client
from ktizo.providers.cherry.client import Cherry
from ktizo.providers.cherry.declaration import CherrySettings
from ktizo.providers.errors import (
    Failed,
    Gone,
    OrderUnknown,
    ProviderError,
    Rejected,
    Unsupported,
)

from .cases_cherry import make
from .contract import Case
from .double_cherry import KEY, PLAN, PROJECT, TEAM, CherryDouble

pytestmark = pytest.mark.anyio


async def cherry() -> tuple[Case, CherryDouble]:
    case = await make()
    assert isinstance(case.double, CherryDouble)
    return case, case.double


def client_of(answer: Callable[[httpx.Request], httpx.Response], team: str = "") -> Cherry:
    async def sleep(_seconds: float) -> None: ...

    settings = CherrySettings(api_key=SecretStr(KEY), project_id=PROJECT, team_id=team)
    return make_client(settings, httpx.MockTransport(answer), sleep)


def sent(double: CherryDouble, method: str) -> list[Any]:
    return [json.loads(one.content) for one in double.requests if one.method == method]


async def test_an_order_boots_our_script_and_is_paid_by_the_hour() -> None:
    case, double = await cherry()
    server = await case.client.create_server(case.wanted, case.region)
    script = b"#!ipxe\nchain http://ktizo.example/boot/u/3f9d\n"
    assert double.orders == [
        {
            "project_id": int(PROJECT),
            "plan": PLAN,
            "region": "LT-Siauliai",
            "hostname": "cp-1",
            "image": "custom_ipxe_install",
            "ipxe": base64.b64encode(script).decode(),
            "persist_ipxe": False,
            "cycle": "hourly",
            "spot_market": False,
            "tags": {"ktizo": "ktizo-4f1c9a"},
        }
    ]
    assert server.addresses == ("5.199.160.10", "10.168.93.5")
    assert server.price == Price("EUR", hourly=Decimal("0.4232"))
    assert (server.plan, server.region) == (PLAN, "LT-Siauliai")
    assert server.created_at is not None


async def test_an_order_may_ask_the_network_at_every_boot() -> None:
    case, double = await cherry()
    wanted = replace(case.wanted, options={"persist_ipxe": True})
    await case.client.create_server(wanted, case.region)
    assert double.orders[0]["persist_ipxe"] is True


async def test_an_unknown_option_is_refused_before_anything_is_asked() -> None:
    case, double = await cherry()
    with pytest.raises(Rejected, match="user_data"):
        await case.client.price_of(replace(case.wanted, options={"user_data": "x"}))
    assert double.requests == []


@pytest.mark.parametrize(
    "url", ["http://k/a b", "http://k/${uuid}", "http://k/a\nshell", "http://ä"]
)
async def test_a_boot_url_that_ipxe_reads_as_something_else_is_refused(url: str) -> None:
    case, double = await cherry()
    with pytest.raises(Rejected):
        await case.client.create_server(replace(case.wanted, boot_url=url), case.region)
    assert double.requests == []


async def test_a_plan_without_the_ipxe_image_is_never_ordered() -> None:
    case, _ = await cherry()
    [_, vps] = await case.client.plans()
    assert (vps.kind, vps.talos, vps.why) == ("vm", False, "it does not take an iPXE script")
    with pytest.raises(Unsupported, match="take a plan that does"):
        await case.client.price_of(replace(case.wanted, plan=vps.id))


async def test_a_plan_that_names_no_image_by_its_slug_is_asked_for_its_images() -> None:
    case, double = await cherry()
    double.images_in_plans = False
    quote = await case.client.price_of(case.wanted)
    assert quote.price == Price("EUR", hourly=Decimal("0.4232"))
    assert double.requests[-1].url.path == f"/v1/plans/{PLAN}/images"


async def test_a_team_sees_its_own_prices() -> None:
    double = CherryDouble()
    client = client_of(double.answer, team=TEAM)
    assert next(plan.id for plan in await client.plans()) == PLAN


async def test_a_reinstall_boots_our_script_once() -> None:
    case, double = await cherry()
    server = await case.client.create_server(case.wanted, case.region)
    await case.client.reinstall_ipxe(server.id, "http://ktizo.example/boot/u/again")
    [body] = double.reinstalls
    assert base64.b64decode(body["ipxe"]) == b"#!ipxe\nchain http://ktizo.example/boot/u/again\n"
    assert body["type"] == "reinstall"
    assert body["hostname"] == "cp-1"
    assert body["persist_ipxe"] is False
    assert "ssh_keys" not in body


async def test_what_the_client_calls_reinstall_and_the_reference_rebuild_is_done_once() -> None:
    case, double = await cherry()
    server = await case.client.create_server(case.wanted, case.region)
    double.actions = {"rebuild", "power-on", "power-off", "reboot"}
    await case.client.reinstall_ipxe(server.id, case.wanted.boot_url)
    for action in PowerAction:
        await case.client.power(server.id, action)
    assert [body["type"] for body in double.reinstalls] == ["rebuild"]
    assert double.powered == ["power-on", "power-off", "reboot"]


async def test_an_action_that_is_refused_under_both_names_tells_both() -> None:
    case, double = await cherry()
    server = await case.client.create_server(case.wanted, case.region)
    double.actions = set()
    with pytest.raises(Rejected, match=r"reinstall.*rebuild"):
        await case.client.reinstall_ipxe(server.id, case.wanted.boot_url)


async def test_a_reinstall_whose_answer_is_lost_is_not_sent_under_the_other_name() -> None:
    names: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json={"id": 7, "hostname": "cp-1", "status": "allocated"})
        names.append(json.loads(request.content)["type"])
        raise httpx.ReadTimeout("lost")

    with pytest.raises(OrderUnknown):
        await client_of(answer).reinstall_ipxe("7", "http://ktizo.example/boot/u/3f9d")
    assert names == ["reinstall"]


@pytest.mark.parametrize("number", ["", "0x1", "../teams", "1/actions", "١٢", "-1", "1" * 40])
async def test_what_is_no_number_never_becomes_a_path(number: str) -> None:
    case, double = await cherry()
    with pytest.raises(Gone):
        await case.client.get_server(number)
    assert (await case.client.delete_server(number)).status is Status.GONE
    with pytest.raises(Gone):
        await case.client.power(number, PowerAction.OFF)
    assert double.requests == []


def servers(count: int) -> list[Any]:
    return [
        {"id": n, "status": "allocated", "tags": {"ktizo": f"t{n}"}} for n in range(1, count + 1)
    ]


async def test_a_long_list_is_read_whole() -> None:
    case, double = await cherry()
    double.servers = {str(one["id"]): one for one in servers(250)}
    found = await case.client.list_servers()
    assert [one.tags for one in found] == [(f"t{n}",) for n in range(1, 251)]


async def test_a_list_without_a_total_ends_with_a_short_page() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        start = int(request.url.params["offset"])
        return httpx.Response(200, json=servers(130)[start : start + 100])

    assert len(await client_of(answer).list_servers()) == 130


@pytest.mark.parametrize("body", [[], {"message": "no list"}, None])
async def test_a_list_that_breaks_off_is_an_error_and_never_a_reason_to_order(body: Any) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        first = request.url.params["offset"] == "0" and body == []
        some = servers(100) if first else body
        return httpx.Response(200, json=some, headers={"x-total-count": "130"})

    with pytest.raises(ProviderError):
        await client_of(answer).list_servers()


async def test_a_project_that_is_not_there_is_told_as_that() -> None:
    with pytest.raises(Rejected, match="look at the number"):
        await client_of(lambda _: httpx.Response(404, json={"message": "no"})).check()


async def test_a_failed_deployment_ends_the_wait() -> None:
    case, double = await cherry()
    server = await case.client.create_server(case.wanted, case.region)
    double.servers[server.id]["status"] = "failed deployment"
    with pytest.raises(Failed, match="failed deployment"):
        await case.guard().wait_ready(server.id, timeout_s=60)
