"""What is peculiar to Latitude.sh; the rest is in test_contract.py."""

import base64
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
    NotYet,
    OutOfStock,
    RateLimited,
    Rejected,
)
from ktizo.providers.guard import echo_of_order
from ktizo.providers.http import Answer
from ktizo.providers.latitude import wire

from .cases_latitude import make
from .contract import Case
from .double_latitude import PLAN, LatitudeDouble, error

pytestmark = pytest.mark.anyio


@pytest.fixture
async def case() -> AsyncIterator[Case]:
    made = await make()
    yield made
    await made.client.close()


def double(case: Case) -> LatitudeDouble:
    return cast(LatitudeDouble, case.double)


async def ordered(case: Case) -> Server:
    quote = await case.client.price_of(case.wanted)
    return await case.guard().create(case.wanted, echo_of_order(case.wanted, quote))


async def delivered(case: Case) -> Server:
    return await case.guard().wait_ready((await ordered(case)).id, timeout_s=60)


def sent(case: Case, method: str, path: str) -> list[Any]:
    return [
        json.loads(one.content)
        for one in case.double.requests
        if one.method == method and one.url.path == path
    ]


async def test_an_order_boots_our_script_at_once_and_is_billed_by_the_hour(case: Case) -> None:
    case.wanted = replace(case.wanted, ssh_keys=("ssh_1",))
    await ordered(case)
    [body] = sent(case, "POST", "/servers")
    script = base64.b64encode(b"#!ipxe\nchain http://ktizo.example/boot/u/3f9d\n").decode()
    assert body == {
        "data": {
            "type": "servers",
            "attributes": {
                "project": "metal",
                "plan": PLAN,
                "site": "ASH",
                "operating_system": "ipxe",
                "hostname": "cp-1--ktizo-4f1c9a",
                "ipxe": script,
                "billing": "hourly",
                "ssh_keys": ["ssh_1"],
            },
        }
    }


async def test_persistent_netboot_is_only_sent_when_it_is_wanted(case: Case) -> None:
    case.wanted = replace(case.wanted, options={"persistent_netboot": True})
    await ordered(case)
    assert double(case).orders[0]["persistent_netboot"] is True


async def test_an_option_that_nobody_knows_orders_nothing(case: Case) -> None:
    case.wanted = replace(case.wanted, options={"raid": "raid-0"})
    with pytest.raises(Rejected, match="raid"):
        await case.client.price_of(case.wanted)


async def test_a_name_too_long_for_its_tag_orders_nothing(case: Case) -> None:
    case.wanted = replace(case.wanted, name="n" * 60)
    with pytest.raises(Rejected, match="49 characters"):
        await case.client.price_of(case.wanted)


async def test_a_server_has_its_name_without_the_tag_and_its_macs_without_the_bmc(
    case: Case,
) -> None:
    server = await delivered(case)
    assert (server.name, server.tags) == ("cp-1", ("ktizo-4f1c9a",))
    assert server.macs == ("66:77:88:99:aa:bb",)
    assert server.addresses == ("198.51.100.7",)
    assert (server.plan, server.region, server.raw_status) == (PLAN, "ASH", "on")


async def test_a_reinstall_sends_the_script_and_leaves_the_hostname_alone(case: Case) -> None:
    server = await delivered(case)
    told = await case.client.reinstall_ipxe(server.id, "http://ktizo.example/again")
    [body] = sent(case, "POST", f"/servers/{server.id}/reinstall")
    script = base64.b64encode(b"#!ipxe\nchain http://ktizo.example/again\n").decode()
    attributes = {"operating_system": "ipxe", "ipxe": script}
    assert body == {"data": {"type": "reinstalls", "attributes": attributes}}
    assert told.status is Status.PROVISIONING
    # The vendor itself says `on` for a while.
    assert (await case.client.get_server(server.id)).status is Status.READY


async def test_a_reinstall_while_it_is_provisioned_is_for_later(case: Case) -> None:
    server = await ordered(case)
    double(case).deliver()
    with pytest.raises(NotYet):
        await case.client.reinstall_ipxe(server.id, "http://ktizo.example/again")


async def test_an_order_that_is_reaped_is_gone(case: Case) -> None:
    server = await ordered(case)
    double(case).reap(server.id)
    with pytest.raises(Gone):
        await case.guard().wait_ready(server.id, timeout_s=60)


async def test_a_locked_server_is_not_deleted(case: Case) -> None:
    server = await delivered(case)
    double(case).locked.add(server.id)
    with pytest.raises(Rejected):
        await case.client.delete_server(server.id)
    assert double(case).deletes == []


async def test_a_server_is_deleted_once(case: Case) -> None:
    server = await delivered(case)
    assert (await case.client.delete_server(server.id)).status is Status.DELETING
    assert (await case.client.delete_server(server.id)).status is Status.GONE
    assert double(case).deletes == [server.id]


async def test_power_in_their_words(case: Case) -> None:
    server = await delivered(case)
    for action in PowerAction:
        await case.client.power(server.id, action)
    assert double(case).actions == ["power_on", "power_off", "reboot"]


async def test_only_plans_that_boot_ipxe_are_for_talos(case: Case) -> None:
    plans = {one.id: one for one in await case.client.plans()}
    assert plans[PLAN].talos
    assert not plans["g4-b300-large"].talos
    assert "iPXE" in plans["g4-b300-large"].why
    with pytest.raises(Rejected, match="g4-b300-large"):
        await case.client.price_of(replace(case.wanted, plan="g4-b300-large"))


async def test_the_catalogue_says_what_is_in_stock_and_in_dollars(case: Case) -> None:
    double(case).sold_out = {"FRA"}
    plan = next(one for one in await case.client.plans() if one.id == PLAN)
    assert {offer.region: offer.in_stock for offer in plan.offers} == {"ASH": True, "FRA": False}
    assert {offer.price.currency for offer in plan.offers if offer.price} == {"USD"}
    assert (plan.cores, plan.memory_gib, plan.disks) == (6, 64, "2x 960GB NVME")


async def test_the_quote_is_that_of_the_dearest_region() -> None:
    def regions(site: str, hour: float) -> dict[str, Any]:
        where = {"available": [site], "in_stock": [site]}
        return {"locations": where, "pricing": {"USD": {"hour": hour}}}

    told = {"slug": PLAN, "regions": [regions("ASH", 0.3), regions("FRA", 0.5)]}
    plan = wire.plan({"attributes": told}, frozenset({PLAN}))
    wanted = replace((await make()).wanted, regions=("ASH", "FRA"))
    quote = wire.quote([plan], wanted)
    assert str(quote.price.hourly) == "0.5"
    assert quote.lines == ("ASH: 0.3 USD an hour", "FRA: 0.5 USD an hour")
    with pytest.raises(OutOfStock, match="SYD"):
        wire.quote([plan], replace(wanted, regions=("SYD",)))


async def test_a_project_that_the_key_does_not_see_is_said(case: Case) -> None:
    original = double(case).answer

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/projects":
            return httpx.Response(200, json={"data": []})
        return original(request)

    double(case).answer = answer  # type: ignore[method-assign]
    with pytest.raises(Rejected, match="metal"):
        await case.client.check()


async def test_every_page_is_read_even_when_they_are_smaller_than_asked(case: Case) -> None:
    rows = [{"id": f"sv_{at}", "attributes": {"status": "on"}} for at in range(45)]

    def answer(request: httpx.Request) -> httpx.Response:
        page = int(request.url.params["page[number]"])
        return httpx.Response(200, json={"data": rows[(page - 1) * 20 : page * 20]})

    double(case).answer = answer  # type: ignore[method-assign]
    assert len(await case.client.list_servers()) == 45
    assert len(double(case).requests) == 3


async def test_pages_that_never_end_end(case: Case) -> None:
    rows = [{"id": f"sv_{at}"} for at in range(20)]

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"data": rows})

    double(case).answer = answer  # type: ignore[method-assign]
    assert len(await case.client.list_servers()) == 20


@pytest.mark.parametrize("server_id", ["", "..", "../team", "sv_1?x", "sv_1\n"])
async def test_an_id_cannot_leave_its_path(case: Case, server_id: str) -> None:
    with pytest.raises(Gone):
        await case.client.get_server(server_id)
    assert (await case.client.delete_server(server_id)).status is Status.GONE
    assert case.double.requests == []


@pytest.mark.parametrize(
    ("status", "code", "detail", "expected"),
    [
        (422, "SERVERS_OUT_OF_STOCK", "", OutOfStock),
        (422, "unprocessable_entity", "No stock availability for this", OutOfStock),
        (422, "SERVER_IN_RESCUE_MODE", "", NotYet),
        (422, "REINSTALL_UNAVAILABLE", "", Rejected),
        (429, "RATE_LIMIT_EXCEEDED", "", RateLimited),
        (422, "INVALID", "ipxe must be informed", type(None)),
        (503, "SERVERS_OUT_OF_STOCK", "", type(None)),
    ],
)
def test_an_error_by_its_code(status: int, code: str, detail: str, expected: type) -> None:
    answer = Answer(status, {}, error(status, code, detail).text)
    assert type(wire.error_of(answer)) is expected


def test_a_rate_limit_says_how_long() -> None:
    limited = wire.error_of(
        Answer(429, {}, error(429, "RATE_LIMIT_EXCEEDED", "", retry_after=7).text)
    )
    assert isinstance(limited, RateLimited)
    assert limited.wait_s == 7
    endless = error(429, "RATE_LIMIT_EXCEEDED", "", retry_after=10**9).text
    limited = wire.error_of(Answer(429, {"retry-after": "9"}, endless))
    assert isinstance(limited, RateLimited)
    assert limited.wait_s == 120


async def test_a_key_of_another_team_is_refused(case: Case) -> None:
    double(case).refuse_credentials = True
    with pytest.raises(CredentialsRefused, match="look at the account's key"):
        await case.client.check()
