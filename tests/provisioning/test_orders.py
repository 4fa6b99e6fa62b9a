"""What goes wrong with an order, and that nothing is ever ordered twice, unseen or unasked."""

import asyncio
from typing import Any

import httpx
import pytest

from integration.house import until
from ktizo.core.db import Database
from ktizo.providers import store
from provisioning.clouds import SECRETS, SETTINGS, Clouds, Vendor

pytestmark = pytest.mark.anyio

EVERY = ["latitude", "vultr", "hetzner", "ovh", "cherry", "scaleway", "digitalocean"]
DOLLARS = {"latitude", "vultr", "digitalocean"}


async def account(clouds: Clouds, name: str = "latitude", **more: Any) -> Vendor:
    vendor = await clouds.vendor(name)
    await clouds.add_account(name, currency="USD" if name in DOLLARS else "EUR", **more)
    return vendor


async def servers(clouds: Clouds) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await clouds.api("GET", "servers"))["servers"]
    return found


@pytest.mark.parametrize("name", EVERY)
async def test_a_lost_answer_is_looked_for_and_adopted_and_never_ordered_again(
    clouds: Clouds, name: str
):
    vendor = await account(clouds, name)
    vendor.double.lose_answers = 1
    refused = await clouds.order(vendor, 502)
    assert refused["code"] == "order_unknown"
    assert len(vendor.double.orders) == 1
    (server,) = await servers(clouds)
    found = await until("it is adopted", lambda: _adopted(clouds, vendor, server["id"]))
    assert found["problem"] == ""
    assert len(vendor.double.orders) == 1
    how = [one for one in await clouds.events("server_ordered") if "how" in one["data"]]
    assert len(how) == 1


async def _adopted(clouds: Clouds, vendor: Vendor, server_id: int) -> dict[str, Any] | None:
    vendor.double.deliver()
    seen = await clouds.server(server_id)
    return seen if seen["vendor_id"] and seen["stage"] in {"ordered", "delivered"} else None


@pytest.mark.parametrize("name", EVERY)
async def test_an_order_that_was_not_confirmed_word_for_word_is_not_sent(clouds: Clouds, name: str):
    vendor = await account(clouds, name)
    for confirm in ("", "yes", "order"):
        body = vendor.order(confirm=confirm)
        refused = await clouds.api("POST", "servers", 422, json=body)
        assert refused["code"] == "confirmation_missing"
        assert refused["detail"]["confirm"] == (await clouds.preview(vendor))["echo"]
    assert vendor.double.orders == []
    assert await servers(clouds) == []


@pytest.mark.parametrize("name", EVERY)
async def test_what_costs_more_than_the_account_may_spend_is_not_ordered(clouds: Clouds, name: str):
    vendor = await account(clouds, name, max_hourly="0.000001")
    shown = await clouds.preview(vendor)
    assert not shown["allowed"]
    refused = await clouds.api("POST", "servers", 409, json=vendor.order(confirm=shown["echo"]))
    assert refused["code"] == "too_expensive"
    assert vendor.double.orders == []


async def test_an_account_without_a_limit_orders_nothing(clouds: Clouds):
    vendor = await account(clouds, max_hourly=None)
    shown = await clouds.preview(vendor)
    assert not shown["allowed"]
    assert "no maximum hourly price" in shown["refusal"]
    await clouds.api("POST", "servers", 409, json=vendor.order(confirm=shown["echo"]))
    assert vendor.double.orders == []


async def test_two_clicks_are_one_order(clouds: Clouds):
    vendor = await account(clouds)
    body = vendor.order(confirm=(await clouds.preview(vendor))["echo"])
    both = await asyncio.gather(*(clouds.office.post("servers", json=body) for _ in range(4)))
    assert sorted(one.status_code for one in both) == [201, 409, 409, 409]
    assert {one.json()["code"] for one in both if one.status_code == 409} == {"server_exists"}
    assert len(vendor.double.orders) == 1
    assert len(await servers(clouds)) == 1


async def test_an_order_goes_on_when_its_request_is_cut_off(clouds: Clouds):
    vendor = await account(clouds)
    body = vendor.order(confirm=(await clouds.preview(vendor))["echo"])
    held, go_on = asyncio.Event(), asyncio.Event()
    handle = vendor.double.handle

    async def slow(request: Any) -> Any:
        if request.method == "POST":
            held.set()
            await go_on.wait()
        return await handle(request)

    vendor.double.handle = slow  # type: ignore[method-assign]
    asking = asyncio.create_task(clouds.office.post("servers", json=body))
    await held.wait()
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    (server,) = await servers(clouds)
    assert server["stage"] == "wanted"
    go_on.set()
    await until("it is ordered", lambda: _adopted(clouds, vendor, server["id"]))
    assert len(vendor.double.orders) == 1


async def test_killed_while_an_order_goes_out_it_is_looked_for_after_the_restart(clouds: Clouds):
    vendor = await account(clouds)
    server = await clouds.order(vendor)
    # As if killed between the order and its answer: the row still says that it is going out.
    await clouds.close()
    await _set(clouds, server["id"], stage="wanted", vendor_id=None)
    await clouds.open()
    found = await until("it is adopted", lambda: _adopted(clouds, vendor, server["id"]))
    assert found["vendor_id"] == server["vendor_id"]
    assert len(vendor.double.orders) == 1


async def test_killed_before_an_order_went_out_nothing_is_ordered_until_somebody_says_so(
    clouds: Clouds,
):
    vendor = await account(clouds)
    server = await clouds.order(vendor)
    await clouds.close()
    await _set(clouds, server["id"], stage="wanted", vendor_id=None)
    vendor.double.orders.clear()  # it never got there
    vendor.double.servers.clear()  # type: ignore[attr-defined]
    await clouds.open()

    async def unsure() -> dict[str, Any] | None:
        seen = await clouds.server(server["id"])
        return seen if seen["stage"] == "unsure" else None

    seen = await until("it says that nobody knows", unsure)
    assert "nobody knows" in seen["problem"]
    assert vendor.double.orders == []
    echo = (await clouds.preview(vendor))["echo"]
    wrong = await clouds.api(
        "POST", f"servers/{server['id']}/order-again", 422, json={"confirm": "x"}
    )
    assert wrong["code"] == "confirmation_missing"
    assert vendor.double.orders == []
    again = await clouds.api("POST", f"servers/{server['id']}/order-again", json={"confirm": echo})
    assert again["stage"] == "ordered"
    assert len(vendor.double.orders) == 1


@pytest.mark.parametrize("how", ["away", "wrong echo", "too expensive", "sold out"])
async def test_an_order_that_may_exist_stays_unsure_when_ordering_again_sends_nothing(
    clouds: Clouds, how: str
):
    vendor = await account(clouds)
    server = await clouds.order(vendor)
    echo = (await clouds.preview(vendor))["echo"]
    await clouds.close()
    await _set(clouds, server["id"], stage="unsure", vendor_id=None)
    listed = vendor.double.servers  # type: ignore[attr-defined]
    vendor.double.servers = {}  # type: ignore[attr-defined] - not listed yet: vendors take time
    await clouds.open()
    if how == "away":
        vendor.double.away = 100
    if how == "sold out":  # it goes out once more, and is refused: of the first nobody knows still
        vendor.double.sold_out = set(vendor.wanted.regions)
    if how == "too expensive":
        limits = {"max_hourly": "0.000001"}
        await clouds.api("PATCH", "provider-accounts/latitude", json=limits)
    confirm = "no" if how == "wrong echo" else echo
    path = f"servers/{server['id']}/order-again"
    refused = await clouds.office.post(path, json={"confirm": confirm})
    assert refused.status_code in {409, 422, 503}
    assert (await clouds.server(server["id"]))["stage"] == "unsure"
    await clouds.api("POST", f"servers/{server['id']}/forget", 409)
    vendor.double.away, vendor.double.servers = 0, listed  # type: ignore[attr-defined]
    found = await until(
        "it is adopted", lambda: _adopted(clouds, vendor, server["id"]), within_s=30
    )
    assert found["vendor_id"] == server["vendor_id"]
    assert len(vendor.double.orders) == 1


async def _set(clouds: Clouds, server_id: int, **fields: Any) -> None:
    """Leave a row as a kill would have left it, while nothing runs."""
    database = Database(clouds.settings())
    async with database.write() as session:
        row = await store.server(session, server_id)
        for name, value in fields.items():
            setattr(row, name, value)
    await database.close()


@pytest.mark.parametrize("name", EVERY)
async def test_sold_out_everywhere_is_refused_and_costs_nothing(clouds: Clouds, name: str):
    vendor = await account(clouds, name)
    shown = await clouds.preview(vendor)
    vendor.double.sold_out = {"everywhere", *vendor.wanted.regions, *_regions(vendor)}
    refused = await clouds.office.post("servers", json=vendor.order(confirm=shown["echo"]))
    assert refused.status_code in {409, 422}, refused.text
    assert vendor.double.orders == []
    assert all(one["stage"] == "refused" for one in await servers(clouds))


def _regions(vendor: Vendor) -> list[str]:
    return [one.upper() for one in vendor.wanted.regions]


async def test_a_refused_order_can_be_forgotten_and_ordered_under_the_same_name(clouds: Clouds):
    vendor = await account(clouds)
    echo = (await clouds.preview(vendor))["echo"]
    original = vendor.double.answer

    def full(request: Any) -> Any:
        if request.method == "POST" and request.url.path == "/servers":
            error = {"code": "VALIDATION_ERROR", "status": "422", "title": "no", "detail": "no"}
            return httpx.Response(422, json={"errors": [error]})
        return original(request)

    vendor.double.answer = full  # type: ignore[method-assign]
    await clouds.api("POST", "servers", 422, json=vendor.order(confirm=echo))
    (server,) = await servers(clouds)
    assert (server["stage"], bool(server["problem"])) == ("refused", True)
    vendor.double.answer = original  # type: ignore[method-assign]
    await clouds.api("POST", f"servers/{server['id']}/forget", 204)
    await clouds.order(vendor)
    assert len(vendor.double.orders) == 1


@pytest.mark.parametrize("name", EVERY)
async def test_no_secret_and_no_boot_path_is_in_an_answer_the_audit_or_the_events(
    clouds: Clouds, name: str, caplog: pytest.LogCaptureFixture
):
    vendor = await account(clouds, name)
    await clouds.order(vendor)
    secret = str(SETTINGS[name][SECRETS[name]])
    (server,) = await servers(clouds)
    await until("it is delivered", lambda: _adopted(clouds, vendor, server["id"]))
    said = [
        str(await clouds.audit()),
        str(await clouds.events()),
        str(await servers(clouds)),
        str(await clouds.api("GET", "provider-accounts")),
        caplog.text,
    ]
    for text in said:
        assert secret not in text
        assert "/boot/at/" not in text
    actions = {one["action"] for one in await clouds.audit()}
    assert {"providers.server_ordered", "providers.create_server"} <= actions
