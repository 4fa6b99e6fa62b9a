"""Plans across all accounts: whatever one provider does, the others' are shown."""

import asyncio
from decimal import Decimal
from typing import Any

import httpx
import pytest

from core.moved_clock import Clock
from ktizo.providers import catalogue, store
from ktizo.providers.catalogue import Filter
from ktizo.providers.schemas import Catalogue
from provisioning.clouds import SETTINGS, Vendor
from provisioning.homes import Home

pytestmark = pytest.mark.anyio


async def plans(home: Home, **asked: Any) -> dict[str, Any]:
    found: dict[str, Any] = await home.api("GET", "plans", params=asked)
    return found


async def account(home: Home, provider: str, **more: Any) -> Vendor:
    vendor = home.vendors.get(provider) or await home.vendor(provider)
    await home.account(provider, **more)
    return vendor


def refuses(vendor: Vendor) -> None:
    vendor.double.refuse_credentials = True


async def test_every_providers_plans_are_in_one_list(home: Home):
    for name in SETTINGS:
        await account(home, name)
    found = await plans(home, limit=1000)
    assert found["troubles"] == []
    assert {one["provider"] for one in found["plans"]} == set(SETTINGS)
    assert found["total"] == len(found["plans"])
    for plan in found["plans"]:
        assert plan["kind"] in {"metal", "vm"}
        assert plan["talos"] or plan["why"], plan
        assert (plan["hourly"] is None) == (plan["currency"] is None)
        for text in [plan["hourly"], *(_amounts(plan))]:
            assert text is None or (isinstance(text, str) and Decimal(text) >= 0)
            assert "E" not in (text or "")


def _amounts(plan: dict[str, Any]) -> list[str | None]:
    prices = [one["price"] for one in plan["offers"] if one["price"] is not None]
    return [price[name] for price in prices for name in ("hourly", "monthly", "setup")]


async def test_the_cheapest_hour_is_first_whatever_its_currency_and_who_tells_no_price_last(
    home: Home,
):
    for name in SETTINGS:
        await account(home, name)
    found = (await plans(home, limit=1000))["plans"]
    hours = [Decimal(one["hourly"]) for one in found if one["hourly"] is not None]
    assert hours == sorted(hours)
    assert {one["currency"] for one in found} >= {"EUR", "USD"}
    priced = [one["hourly"] is not None for one in found]
    assert priced == sorted(priced, reverse=True)


async def test_a_page_is_a_part_of_the_whole_list(home: Home):
    for name in ("latitude", "cherry", "vultr"):
        await account(home, name)
    whole = (await plans(home, limit=1000))["plans"]
    assert len(whole) >= 4
    pages = [await plans(home, limit=2, offset=at) for at in range(0, len(whole), 2)]
    assert [plan for page in pages for plan in page["plans"]] == whole
    assert {page["total"] for page in pages} == {len(whole)}
    assert (await plans(home, offset=len(whole)))["plans"] == []


async def test_filters_take_what_they_name(home: Home):
    for name in ("latitude", "cherry", "digitalocean"):
        await account(home, name)
    whole = (await plans(home, limit=1000))["plans"]

    async def ids(**asked: Any) -> list[str]:
        return [one["id"] for one in (await plans(home, limit=1000, **asked))["plans"]]

    assert await ids(provider="cherry") == [
        one["id"] for one in whole if one["provider"] == "cherry"
    ]
    assert await ids(account="latitude") == [
        one["id"] for one in whole if one["account"] == "latitude"
    ]
    assert await ids(account="latitude", provider="cherry") == []
    for kind in ("metal", "vm"):
        assert await ids(kind=kind) == [one["id"] for one in whole if one["kind"] == kind]
    for yes in (True, False):
        assert await ids(talos=yes) == [one["id"] for one in whole if one["talos"] is yes]
        assert await ids(in_stock=yes) == [one["id"] for one in whole if one["in_stock"] is yes]
    there = [one for one in whole if any(offer["region"] == "FRA" for offer in one["offers"])]
    assert await ids(region="FRA") == [one["id"] for one in there]
    assert await ids(region="nowhere") == []
    assert await ids(q="LATITUDE m4") == [
        one["id"] for one in whole if one["account"] == "latitude" and "m4" in one["name"].lower()
    ]
    assert await ids(q="no such words") == []


async def test_what_is_sold_out_in_the_region_asked_for_is_not_in_stock(home: Home):
    vendor = await account(home, "latitude")
    vendor.double.sold_out = {"ASH"}
    of = {one["id"]: one["in_stock"] for one in (await plans(home, region="ASH"))["plans"]}
    anywhere = {one["id"]: one["in_stock"] for one in (await plans(home))["plans"]}
    assert set(of.values()) == {False}
    assert set(anywhere.values()) == {True}


async def test_an_account_in_trouble_does_not_hide_the_others_plans(home: Home):
    refuses(await account(home, "latitude"))
    await account(home, "cherry")
    found = await plans(home)
    assert {one["account"] for one in found["plans"]} == {"cherry"}
    (trouble,) = found["troubles"]
    assert (trouble["account"], trouble["code"]) == ("latitude", "credentials_refused")
    assert "key" in trouble["message"]


async def test_a_provider_that_never_answers_is_a_trouble_and_is_asked_once_for_all_who_wait(
    home: Home, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(catalogue, "TOTAL_S", 0.2)
    vendor = await account(home, "latitude")
    await account(home, "cherry")

    async def silent(request: httpx.Request) -> httpx.Response:
        vendor.asked.append(request)
        await asyncio.Event().wait()
        raise AssertionError

    home.state.clients.transports = {
        **home.state.clients.transports,
        "latitude": httpx.MockTransport(silent),
    }
    found = await asyncio.gather(*(plans(home) for _ in range(5)))
    for one in found:
        assert {plan["account"] for plan in one["plans"]} == {"cherry"}
        (trouble,) = one["troubles"]
        assert trouble["account"] == "latitude"
        assert "longer than" in trouble["message"]
    assert len({request.url.path for request in vendor.asked}) == len(vendor.asked)


async def test_plans_are_kept_for_five_minutes_and_asked_again_on_request(home: Home, clock: Clock):
    vendor = await account(home, "latitude")
    first = await plans(home)
    once = len(vendor.asked)
    assert once > 0
    assert await plans(home, q="m4") != {}
    assert (await plans(home))["asked_at"] == first["asked_at"]
    clock.forward(minutes=4, seconds=59)
    await plans(home)
    assert len(vendor.asked) == once
    clock.forward(seconds=2)
    assert (await plans(home))["asked_at"] > first["asked_at"]
    assert len(vendor.asked) == 2 * once
    await plans(home, refresh=True)
    assert len(vendor.asked) == 3 * once


@pytest.mark.parametrize("fails", [False, True])
async def test_whoever_asks_at_the_same_time_shares_one_answer(home: Home, fails: bool):
    vendor = await account(home, "latitude")
    if fails:
        refuses(vendor)
    handle, shelf = vendor.double.handle, home.state.plan_shelf

    async def slow(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0)  # so that the others ask meanwhile
        return await handle(request)

    vendor.double.handle = slow  # type: ignore[method-assign]
    async with home.state.db.read() as session:
        rows = await store.accounts(session)

    async def ask() -> Catalogue:
        found: Catalogue = await shelf.catalogue(rows, Filter(), limit=9, offset=0, refresh=True)
        return found

    found = await asyncio.gather(*(ask() for _ in range(8)))
    assert len({one.asked_at for one in found}) == 1
    assert all(bool(one.troubles) is fails and bool(one.plans) is not fails for one in found)
    assert len({request.url.path for request in vendor.asked}) == len(vendor.asked)


async def test_a_trouble_is_not_kept(home: Home):
    vendor = await account(home, "latitude")
    vendor.double.away = 1000
    assert (await plans(home))["troubles"][0]["code"] == "provider_away"
    vendor.double.away = 0
    found = await plans(home)
    assert found["troubles"] == []
    assert found["plans"]


async def test_a_changed_account_is_asked_anew(home: Home):
    vendor = await account(home, "latitude")
    await plans(home)
    once = len(vendor.asked)
    await home.api("PATCH", "provider-accounts/latitude", json={"max_hourly": "3"})
    await plans(home)
    assert len(vendor.asked) == 2 * once


async def test_an_account_that_is_switched_off_is_not_in_the_catalogue_and_never_asked(home: Home):
    vendor = await account(home, "latitude")
    await account(home, "cherry")
    await plans(home)
    await home.api("PATCH", "provider-accounts/latitude", json={"enabled": False})
    vendor.asked.clear()
    assert {one["account"] for one in (await plans(home, refresh=True))["plans"]} == {"cherry"}
    named = await plans(home, account="latitude")
    assert (named["plans"], named["troubles"][0]["code"]) == ([], "account_off")
    assert vendor.asked == []


async def test_several_accounts_of_one_provider_each_have_their_prices(home: Home):
    await account(home, "latitude")
    await account(home, "latitude", name="second")
    found = (await plans(home))["plans"]
    assert {one["account"] for one in found} == {"latitude", "second"}


async def test_a_catalogue_without_accounts_is_empty_and_asks_nobody(home: Home):
    found = await plans(home)
    assert (found["plans"], found["total"], found["troubles"]) == ([], 0, [])
    assert len(await home.api("GET", "providers")) == len(SETTINGS)


@pytest.mark.parametrize(
    "asked", [{"limit": 0}, {"limit": 1001}, {"offset": -1}, {"kind": "toy"}, {"q": "x" * 101}]
)
async def test_a_question_that_makes_no_sense_is_refused(home: Home, asked: dict[str, Any]):
    await home.api("GET", "plans", 422, params=asked)


async def test_an_unknown_account_is_not_found(home: Home):
    refused = await home.api("GET", "plans", 404, params={"account": "nobody"})
    assert refused["code"] == "account_not_found"
