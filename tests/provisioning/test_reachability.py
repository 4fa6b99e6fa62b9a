"""Whether a machine out there reaches Ktizo: seen before money is spent, and said in words."""

import asyncio
import socket
from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from ktizo.core.http import Http
from ktizo.providers.doors import Doors
from ktizo.provisioning import reachability
from ktizo.provisioning.reachability import look, resolved
from ktizo.provisioning.schemas import Reachability
from provisioning.clouds import HOST, PUBLIC, SETTINGS
from provisioning.conftest import OpenHome
from provisioning.homes import URL, Home

pytestmark = pytest.mark.anyio

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
INWARD = [
    *("127.0.0.1", "10.0.0.5", "172.16.0.1", "192.168.1.5", "169.254.1.1", "100.64.0.1"),
    *("192.0.2.1", "198.51.100.1", "203.0.113.1", "0.0.0.0", "240.0.0.1", "255.255.255.255"),
    *("224.0.0.1", "::1", "::", "fe80::1%eth0", "fd00::1", "2001:db8::1", "ff02::1"),
    *("::ffff:10.0.0.5", "not an address", ""),
]
OUTWARD = ["93.184.215.14", "2606:4700:4700::1111"]


def ours(request: httpx.Request) -> httpx.Response:
    """Answer as this Ktizo does."""
    nonce = request.url.path.split("/")[3]
    return httpx.Response(200, text=Doors(KEY, URL).proof(nonce))


async def seen(
    addresses: Sequence[str] | Exception = (PUBLIC,), handle: Any = ours, url: str | None = URL
) -> Reachability:
    async def resolve(_host: str) -> Sequence[str]:
        if isinstance(addresses, Exception):
            raise addresses
        return addresses

    http = Http(tries=1, transport=httpx.MockTransport(handle))
    return await look(Doors(KEY, url), http, resolve)


def unasked(_request: httpx.Request) -> httpx.Response:
    raise AssertionError("nobody is to be asked")


async def test_without_a_public_url_it_says_which_setting_is_missing():
    found = await seen(url=None, handle=unasked)
    assert (found.ok, found.certain, found.url) == (False, True, None)
    assert "KTIZO_PUBLIC_URL" in found.problem


@pytest.mark.parametrize("address", INWARD)
async def test_an_address_that_nobody_out_there_reaches_is_certainly_wrong(address: str):
    found = await seen([address], handle=unasked)
    assert (found.ok, found.certain) == (False, True)
    assert address in found.problem
    assert HOST in found.problem


@pytest.mark.parametrize("address", OUTWARD)
async def test_an_address_of_the_internet_where_ktizo_answers_is_fine(address: str):
    assert await seen([address]) == Reachability(ok=True, url=URL, problem="", certain=False)


async def test_one_address_of_the_internet_among_others_is_enough():
    assert (await seen(["10.0.0.5", "fd00::1", PUBLIC])).ok


@pytest.mark.parametrize(
    "why",
    [
        socket.gaierror(socket.EAI_NONAME, "Name or service not known"),
        UnicodeError("label too long"),
        OSError(),
    ],
)
async def test_a_name_without_an_address_is_certainly_wrong(why: Exception):
    found = await seen(why, handle=unasked)
    assert (found.ok, found.certain) == (False, True)
    assert f"{HOST} has no address" in found.problem


async def test_a_name_that_dns_cannot_even_be_asked_for_is_no_fault_of_ours():
    label = "a" * 64
    http = Http(tries=1, transport=httpx.MockTransport(unasked))
    found = await look(Doors(KEY, f"http://{label}.example"), http, resolved)
    assert (found.ok, found.certain) == (False, True)


async def test_a_name_server_that_is_silent_is_not_waited_for(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reachability, "LOOK_S", 0.01)

    async def resolve(_host: str) -> Sequence[str]:
        await asyncio.Event().wait()
        return []

    http = Http(tries=1, transport=httpx.MockTransport(unasked))
    found = await look(Doors(KEY, URL), http, resolve)
    assert (found.ok, found.certain) == (False, True)
    assert HOST in found.problem


def somebody(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, text="<h1>Welcome to your router</h1>")


def another_ktizo(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, text=Doors(OTHER_KEY, URL).proof(request.url.path.split("/")[3]))


def echo(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, text=request.url.path.split("/")[3])


def umlauts(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, content="ü".encode() * 40)


def not_passed_on(request: httpx.Request) -> httpx.Response:
    return httpx.Response(404, text="no such path at this proxy")


def away(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectTimeout("timed out")


def endless(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, content=b"x" * 9_000_000)


@pytest.mark.parametrize("who", [somebody, another_ktizo, echo, umlauts])
async def test_who_cannot_prove_to_be_this_ktizo_is_somebody_else(who: Any):
    found = await seen(handle=who)
    assert (found.ok, found.certain) == (False, False)
    assert "somebody else answers" in found.problem


@pytest.mark.parametrize("who", [not_passed_on, away, endless])
async def test_a_router_that_keeps_its_own_lan_out_may_be_to_blame(who: Any):
    found = await seen(handle=who)
    assert (found.ok, found.certain) == (False, False)
    assert "unreached" in found.problem


async def test_a_proof_is_good_for_one_question():
    asked: list[str] = []

    def replayed(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path.split("/")[3])
        return httpx.Response(200, text=Doors(KEY, URL).proof(asked[0]))

    assert (await seen(handle=replayed)).ok
    http = Http(tries=1, transport=httpx.MockTransport(replayed))

    async def resolve(_host: str) -> Sequence[str]:
        return [PUBLIC]

    assert not (await look(Doors(KEY, URL), http, resolve)).ok
    assert len(set(asked)) == 2


async def test_a_probe_opens_nothing_and_a_token_is_no_probe(home: Home):
    doors = home.state.doors
    nonce = "0123456789abcdef"
    probe = doors.probe(nonce).removeprefix(URL)
    stranger = home.at("203.0.113.9")
    answer = await stranger.get(probe)
    assert (answer.status_code, answer.text) == (200, doors.proof(nonce))
    head = await stranger.head(probe)
    assert (head.status_code, head.content) == (200, b"")
    # What proves who we are signs nothing that would be a boot path.
    assert doors.read(answer.text) is None
    path = f"/boot/at/{answer.text}/boot/menu.ipxe"
    assert (await stranger.get(path, params={"mac": "52-54-00-00-00-01"})).status_code == 404
    for odd in ("/boot/at/short/boot/reached", "/boot/at/0123456789ABCDEF/boot/reached"):
        assert (await stranger.get(odd)).status_code == 404


# Orders


def spent(vendor: Any) -> list[str]:
    """What a vendor was asked besides reading."""
    return [str(one.url) for one in vendor.asked if one.method != "GET"]


async def test_the_whole_way_round_is_seen_as_reachable(home: Home):
    found = await home.api("GET", "reachability")
    assert found == {"ok": True, "url": URL, "problem": "", "certain": False}


async def test_without_a_public_url_nothing_is_ordered_not_even_with_unreached(opened: OpenHome):
    async with opened(public_url=None) as home:
        vendor = await home.vendor("latitude")
        await home.account()
        shown = await home.api("POST", "servers/preview", json=vendor.order())
        assert not shown["allowed"]
        assert "KTIZO_PUBLIC_URL" in shown["refusal"]
        vendor.asked.clear()
        for unreached in (False, True):
            body = vendor.order(confirm=shown["echo"], unreached=unreached)
            refused = await home.api("POST", "servers", 409, json=body)
            assert refused["code"] == "unreachable"
        assert vendor.asked == []
        assert (await home.api("GET", "servers"))["total"] == 0


async def test_unreached_orders_only_where_the_way_is_merely_in_doubt(home: Home):
    vendor = await home.vendor("latitude")
    await home.account()
    home.state.site.http = Http(tries=1, transport=httpx.MockTransport(away))
    shown = await home.api("POST", "servers/preview", json=vendor.order())
    assert shown["allowed"]
    assert not shown["reachability"]["ok"]
    vendor.asked.clear()
    refused = await home.api("POST", "servers", 409, json=vendor.order(confirm=shown["echo"]))
    assert refused["code"] == "unreachable"
    assert "unreached" in refused["message"]
    assert vendor.asked == []
    body = vendor.order(confirm=shown["echo"], unreached=True)
    assert (await home.api("POST", "servers", 201, json=body))["stage"] == "ordered"
    assert len(vendor.double.orders) == 1


async def test_an_address_of_the_lan_blocks_an_order_for_certain(home: Home):
    vendor = await home.vendor("latitude")
    await home.account()

    async def at_home(_host: str) -> Sequence[str]:
        return ["192.168.1.5"]

    home.state.site.resolve = at_home
    shown = await home.api("POST", "servers/preview", json=vendor.order())
    vendor.asked.clear()
    body = vendor.order(confirm=shown["echo"], unreached=True)
    refused = await home.api("POST", "servers", 409, json=body)
    assert "192.168.1.5" in refused["message"]
    assert vendor.asked == []
    assert vendor.double.orders == []


async def test_a_provider_that_writes_an_image_needs_no_way_back(opened: OpenHome):
    async with opened(public_url=None) as home:
        vendor = await home.vendor("digitalocean")
        await home.account("digitalocean")
        server = await home.order(vendor)
        assert server["stage"] in {"ordered", "delivered"}
        assert len(vendor.double.orders) == 1
        assert vendor.boot_urls == []


async def test_a_preview_never_shows_the_real_boot_path_to_a_provider(home: Home):
    for name in SETTINGS:
        vendor = await home.vendor(name)
        await home.account(name)
        await home.api("POST", "servers/preview", json=vendor.order())
        assert vendor.boot_urls == []
        assert vendor.double.orders == []
        if name not in {"ovh", "hetzner"}:  # their dry run is an order that is not carried out
            assert spent(vendor) == []
