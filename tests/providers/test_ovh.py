"""What is peculiar to OVHcloud: proof, errors, booting, the end; the rest: test_contract.py."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from pydantic import SecretStr, ValidationError

from ktizo.providers.base import PowerAction, Status
from ktizo.providers.errors import (
    CredentialsRefused,
    Forbidden,
    Gone,
    NotYet,
    ProviderAway,
    Rejected,
    Unsupported,
)
from ktizo.providers.ovh import ask, make, wire
from ktizo.providers.ovh.declaration import OvhSettings
from ktizo.providers.ovh.signing import signature

from . import cases_ovh, double_ovh_orders
from .double_ovh_orders import refused
from .lab_ovh import WANTED, Lab

pytestmark = pytest.mark.anyio


@pytest.fixture
async def lab() -> AsyncIterator[Lab]:
    made = Lab()
    yield made
    await made.client.close()


# --- who asks


def test_the_signature_is_the_one_of_the_test_vector() -> None:
    assert (
        signature(
            "EXEgWIz07P0HYwtQDs7cNIqCiQaWSuHF",
            "MtSwSrPpNjqfVSmJhLbPyr2i45lSwPU1",
            "GET",
            "https://eu.api.ovh.com/1.0/domains/",
            "",
            1366560945,
        )
        == "$1$d3705e8afb27a0d2970a322b96550abfc67bb798"
    )


async def test_requests_are_signed_at_ovhclouds_time_which_is_asked_once(lab: Lab) -> None:
    await lab.client.list_servers()
    await lab.client.add_ssh_key("grün & blau", "ssh-ed25519 AAAA me")
    await lab.client.ssh_keys()
    assert lab.double.times_told == 1
    [asked] = lab.sent("GET", "/auth/time")
    assert "x-ovh-signature" not in asked.headers
    stamp = int(lab.double.requests[-1].headers["x-ovh-timestamp"])
    assert stamp - time.time() > double_ovh_orders.AHEAD_S - 60


async def test_the_time_is_asked_anew_when_the_clock_went_wrong(lab: Lab) -> None:
    await lab.client.check()
    lab.client._proof._ahead = 0.0  # type: ignore[attr-defined]
    lab.client._proof._asked = 0.0  # type: ignore[attr-defined]
    assert await lab.client.list_servers() == ()
    assert lab.double.times_told == 2


async def test_an_order_out_of_time_is_no_order_and_can_be_asked_again(lab: Lab) -> None:
    out_of_time = refused(400, "Query out of time", "QUERY_TIME_OUT")
    await lab.client.check()
    lab.client._proof._asked = 0.0  # type: ignore[attr-defined]
    lab.instead("/order/cart", out_of_time)
    with pytest.raises(ProviderAway, match="try again"):
        await lab.client.create_server(WANTED, "gra")
    assert lab.double.orders == []


async def test_a_wrong_secret_is_not_taken_for_a_wrong_clock_for_ever() -> None:
    settings = cases_ovh.signed()
    lab = Lab(settings.model_copy(update={"application_secret": SecretStr("wrong")}))
    with pytest.raises(CredentialsRefused, match="application secret"):
        await lab.client.check()
    assert len(lab.double.requests) == 2
    with pytest.raises(CredentialsRefused):
        await lab.client.list_servers()
    assert len(lab.double.requests) == 2
    await lab.client.close()


async def test_a_service_account_takes_one_token_and_signs_nothing() -> None:
    lab = Lab(cases_ovh.service_account())
    await asyncio.gather(lab.client.check(), lab.client.list_servers(), lab.client.ssh_keys())
    assert lab.double.tokens_given == 1
    assert lab.double.times_told == 0
    assert all("x-ovh-signature" not in one.headers for one in lab.double.requests)
    lab.client._proof.doubt()
    await lab.client.check()
    assert lab.double.tokens_given == 2
    await lab.client.close()


async def test_a_service_account_with_a_wrong_secret_is_refused() -> None:
    settings = cases_ovh.service_account()
    lab = Lab(settings.model_copy(update={"client_secret": SecretStr("wrong")}))
    with pytest.raises(CredentialsRefused, match="invalid_client"):
        await lab.client.check()
    await lab.client.close()


@pytest.mark.parametrize(
    ("endpoint", "host"),
    [
        ("ovh-eu", "eu.api.ovh.com"),
        ("ovh-ca", "ca.api.ovh.com"),
        ("ovh-us", "api.us.ovhcloud.com"),
        ("soyoustart-eu", "eu.api.soyoustart.com"),
    ],
)
async def test_the_endpoint_is_a_setting(endpoint: str, host: str) -> None:
    lab = Lab(cases_ovh.signed().model_copy(update={"endpoint": endpoint}))
    await lab.client.check()
    assert {one.url.host for one in lab.double.requests} == {host}
    await lab.client.close()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "three keys|consumer key"),
        ({"application_key": "a", "application_secret": "b"}, "consumer key"),
        ({"client_id": "a"}, "client secret"),
        ({"client_id": "a", "client_secret": "b", "endpoint": "kimsufi-eu"}, "three keys"),
        ({"client_id": "a", "client_secret": "b", "subsidiary": "US"}, "ovh-us"),
        ({"client_id": "a", "client_secret": "b", "endpoint": "ovh-de"}, "endpoint"),
    ],
)
def test_settings_that_cannot_work_are_refused(given: dict[str, str], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        OvhSettings.model_validate(given)


# --- errors


async def test_a_call_that_the_keys_may_not_make_does_not_stop_the_account(lab: Lab) -> None:
    server = await lab.delivered()
    denied = refused(403, "This call has not been granted", "NOT_GRANTED_CALL")
    lab.instead("/networkInterfaceController", denied)
    told = await lab.client.get_server(server.id)
    assert told.status is Status.READY
    assert told.macs == ()
    lab.instead("/me/sshKey", denied)
    with pytest.raises(Forbidden, match="may not do this"):
        await lab.client.ssh_keys()
    assert (await lab.client.check()).name == "xy12345-ovh"


@pytest.mark.parametrize("code", ["INVALID_CREDENTIAL", "INVALID_KEY", "NOT_CREDENTIAL"])
async def test_bad_keys_stop_at_once(lab: Lab, code: str) -> None:
    lab.instead("/me", refused(403, "no", code))
    with pytest.raises(CredentialsRefused):
        await lab.client.check()


async def test_an_error_keeps_ovhclouds_query_id(lab: Lab) -> None:
    with pytest.raises(Gone) as caught:
        await lab.client.get_server(cases_ovh.UNKNOWN_ID)
    assert caught.value.detail["request_id"] == "EU.ext-3.abc"


async def test_460_is_gone_and_hides_no_other_server(lab: Lab) -> None:
    server = await lab.delivered()
    lab.double.servers["ns1.ip-192-0-2.eu"] = lab.double.servers[server.id]
    lab.double.infos["ns1.ip-192-0-2.eu"] = lab.double.infos[server.id]
    lab.double.expired.add("ns1.ip-192-0-2.eu")
    with pytest.raises(Gone, match="expired"):
        await lab.client.get_server("ns1.ip-192-0-2.eu")
    assert [one.id for one in await lab.client.list_servers()] == [server.id]
    ended = await lab.client.delete_server("ns1.ip-192-0-2.eu", "token")
    assert ended.status is Status.GONE


@pytest.mark.parametrize("server_id", ["", ".", "..", "cart-", "order-", "order-x"])
async def test_an_id_that_is_none_asks_for_no_list_and_is_gone(lab: Lab, server_id: str) -> None:
    with pytest.raises(Gone):
        await lab.client.get_server(server_id)
    assert lab.sent("GET", "/dedicated/server") == []


def test_a_part_of_a_path_stays_in_its_place() -> None:
    assert ask.path("a", "b/../c?d") == "/a/" + quote("b/../c?d", safe="")


# --- lists


async def test_bare_ids_are_asked_for_a_few_at_a_time(lab: Lab) -> None:
    server = await lab.delivered()
    for number in range(40):
        lab.double.servers[f"ns{number}"] = lab.double.servers[server.id]
        lab.double.infos[f"ns{number}"] = lab.double.infos[server.id]
    now = most = 0

    async def counted(request: httpx.Request) -> httpx.Response:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0)
        now -= 1
        return await lab.double.handle(request)

    client = make(cases_ovh.signed(), httpx.MockTransport(counted), asyncio.sleep)
    client._api.vendor.limiter._gap = 0.0
    assert len(await client.list_servers()) == 41
    assert 1 < most <= ask.AT_A_TIME
    await client.close()


async def test_a_failure_in_the_middle_of_a_list_stops_the_rest() -> None:
    asked: list[str] = []

    async def one(name: str) -> str:
        asked.append(name)
        await asyncio.sleep(0)
        if name == "3":
            raise ProviderAway("away")
        await asyncio.sleep(0)
        return name

    with pytest.raises(ProviderAway):
        await ask.each([str(number) for number in range(100)], one)
    assert len(asked) < 40


# --- booting


async def test_a_reinstall_sets_the_script_and_reboots_once_and_the_disk_comes_back(
    lab: Lab,
) -> None:
    server = await lab.delivered()
    begun = await lab.client.reinstall_ipxe(server.id, WANTED.boot_url)
    told = lab.double.servers[server.id]
    assert told["bootScript"] == f"#!ipxe\nchain {WANTED.boot_url}\n"
    assert begun.status is Status.PROVISIONING
    assert len(lab.sent("POST", "/reboot")) == 1
    lab.double.deliver()
    assert (await lab.client.get_server(server.id)).raw_status == "hardReboot doing"
    await lab.client.boot_from_disk(server.id)
    assert (told["bootId"], told["bootScript"]) == (1, None)
    assert told["efiBootloaderPath"] == r"\EFI\boot\bootx64.efi"
    assert len(lab.sent("POST", "/reboot")) == 1


async def test_a_refused_reboot_leaves_no_installer_waiting_for_the_next_one(lab: Lab) -> None:
    server = await lab.delivered()
    lab.double.busy.add(server.id)
    with pytest.raises(NotYet, match="DisturbAlreadyExists"):
        await lab.client.reinstall_ipxe(server.id, WANTED.boot_url)
    told = lab.double.servers[server.id]
    assert (told["bootId"], told["bootScript"]) == (1, None)


async def test_the_script_alone_reboots_nothing(lab: Lab) -> None:
    server = await lab.delivered()
    await lab.client.boot_from_network(server.id, WANTED.boot_url)
    assert lab.double.servers[server.id]["bootScript"].startswith("#!ipxe\n")
    assert lab.sent("POST", "/reboot") == []


@pytest.mark.parametrize("url", ["http://a/b\nshell", "http://a/ b", "http://a/\0"])
async def test_a_boot_url_cannot_carry_a_second_command(lab: Lab, url: str) -> None:
    server = await lab.delivered()
    with pytest.raises(Rejected, match="blanks or line breaks"):
        await lab.client.reinstall_ipxe(server.id, url)
    assert lab.double.servers[server.id]["bootScript"] is None


async def test_only_a_reboot_is_a_switch(lab: Lab) -> None:
    server = await lab.delivered()
    await lab.client.power(server.id, PowerAction.REBOOT)
    with pytest.raises(Unsupported, match="reboot it instead"):
        await lab.client.power(server.id, PowerAction.OFF)


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"server": {"state": "ok", "powerState": "poweroff"}}, Status.OFF),
        ({"server": {"state": "hackedBlocked"}}, Status.FAILED),
        ({"server": {"state": "sleepy"}}, Status.UNKNOWN),
        ({"boot": {"bootType": "rescue"}}, Status.RESCUE),
        ({"infos": {"status": "inCreation"}}, Status.PROVISIONING),
        ({"infos": {"status": "expired"}}, Status.GONE),
        ({"infos": {"renew": {"deleteAtExpiration": True}}}, Status.DELETING),
        ({"task": {"status": "todo"}}, Status.PROVISIONING),
        ({"task": {"status": "dreaming"}}, Status.UNKNOWN),
        ({"task": {"status": "ovhError", "startDate": "2026-11-21T12:00:00Z"}}, Status.FAILED),
        ({"task": {"status": "ovhError", "startDate": "2024-11-21T12:00:00Z"}}, Status.READY),
        ({"task": {"status": "done"}}, Status.READY),
    ],
)
def test_a_server_stands_where_its_pieces_say(changed: Any, status: Status) -> None:
    seen = wire.Seen(**{"server": {"state": "ok", "powerState": "poweron"}, **changed})
    noon = 1795262400.0 + 600  # 2026-11-21 12:10 UTC
    assert wire.server("ns1", seen, now=noon).status is status


# --- the end


async def test_the_end_needs_the_mailed_token(lab: Lab) -> None:
    server = await lab.delivered()
    asked = await lab.client.delete_server(server.id)
    assert "mailed" in asked.pending
    assert asked.status is Status.READY
    assert lab.double.mailed == [server.id]
    with pytest.raises(Rejected) as caught:
        await lab.client.delete_server(server.id, "wrong-token-1")
    assert "wrong-token-1" not in str(caught.value)
    ended = await lab.client.delete_server(server.id, double_ovh_orders.TOKEN)
    assert ended.status is Status.DELETING
    told = await lab.client.get_server(server.id)
    assert told.pending == "ends on 2026-12-21"
    before = len(lab.sent("POST"))
    assert (await lab.client.delete_server(server.id)).status is Status.DELETING
    assert len(lab.sent("POST")) == before
