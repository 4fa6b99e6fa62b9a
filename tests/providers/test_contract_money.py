"""What every provider must do about prices, regions and the end of an install; test_contract.py."""

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest

from ktizo.providers.base import Status
from ktizo.providers.errors import CredentialsRefused, Forbidden, OutOfStock, Rejected
from ktizo.providers.guard import echo_of_loss

from .contract import Case
from .plumbing import OURS, Answer, always, answering, guard_of, make, order
from .test_contract_hostile import everything

pytestmark = pytest.mark.anyio
PLACED_BY = ("slug", "id", "location", "zone", "datacenter", "region")
RESTARTS = re.compile(r"/(reboot|reset|start|stop|halt|actions|reinstall)(/|$)")


def not_selling(region: str) -> Callable[[httpx.Request, Answer], httpx.Response]:
    """Return a vendor that does not know a region: it is in no list and has no stock."""

    def without(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: without(inner) for key, inner in value.items()}
        if not isinstance(value, list):
            return value
        kept = [one for one in value if one != region]
        placed = [
            one
            for one in kept
            if not (isinstance(one, dict) and region in [one.get(key) for key in PLACED_BY])
        ]
        return [without(one) for one in placed]

    def change(request: httpx.Request, original: Answer) -> httpx.Response:
        if f"/{region}/" in request.url.path and not request.url.path.endswith("/offers"):
            return httpx.Response(404, json={"error": "no such region", "status": 404})
        response = original(request)
        images = request.url.path.endswith("/images")  # where an image is, is not where is sold
        if request.method != "GET" or response.status_code != 200 or images:
            return response
        return httpx.Response(200, text=json.dumps(without(response.json())))

    return change


async def test_a_quote_is_never_below_that_of_one_of_its_regions(case: Case) -> None:
    both = (case.region, case.other_region)
    whole = (await case.client.price_of(replace(case.wanted, regions=both))).price
    for region in both:
        one = (await case.client.price_of(replace(case.wanted, regions=(region,)))).price
        assert one.currency == whole.currency
        assert one.an_hour is not None
        assert whole.an_hour is not None
        assert one.an_hour <= whole.an_hour
        assert one.setup <= whole.setup


@pytest.mark.parametrize("first", [True, False])
async def test_a_region_that_is_sold_out_does_not_stop_the_quote(case: Case, first: bool) -> None:
    case.double.sold_out = {case.region}
    both = (case.region, case.other_region) if first else (case.other_region, case.region)
    quote = await case.client.price_of(replace(case.wanted, regions=both))
    assert quote.price.an_hour


@pytest.mark.parametrize("first", [True, False])
async def test_a_region_that_does_not_sell_the_plan_does_not_stop_the_quote(
    case: Case, first: bool
) -> None:
    answering(case, not_selling(case.region))
    both = (case.region, case.other_region) if first else (case.other_region, case.region)
    quote = await case.client.price_of(replace(case.wanted, regions=both))
    alone = await case.client.price_of(replace(case.wanted, regions=(case.other_region,)))
    assert quote.price == alone.price


async def test_a_plan_that_none_of_the_regions_sells_has_no_quote(case: Case) -> None:
    answering(case, not_selling(case.region))
    with pytest.raises((OutOfStock, Rejected)) as told:
        await case.client.price_of(replace(case.wanted, regions=(case.region,)))
    assert len(str(told.value)) > 20


TELLS_STOCK = ["latitude", "vultr", "vultr:instance", "ovh", "cherry", "digitalocean"]


@pytest.mark.parametrize("name", TELLS_STOCK)
async def test_what_is_sold_out_everywhere_has_no_quote(name: str) -> None:
    case = await make(name)
    both = (case.region, case.other_region)
    case.double.sold_out = set(both)
    with pytest.raises(OutOfStock):
        await case.client.price_of(replace(case.wanted, regions=both))
    case.double.sold_out = set()
    assert (await case.client.price_of(replace(case.wanted, regions=both))).price.an_hour
    await case.client.close()


# --- the end of an install


async def test_booting_from_disk_twice_is_once_and_restarts_nothing(case: Case) -> None:
    server = await guard_of(case).wait_ready((await order(case)).id, timeout_s=7200)
    orders, before = len(case.double.orders), len(case.double.requests)
    for _ in range(2):
        await case.client.boot_from_disk(server.id)
        assert (await case.client.get_server(server.id)).status is Status.READY
    written = [one for one in case.double.requests[before:] if one.method != "GET"]
    assert not [one.url.path for one in written if RESTARTS.search(one.url.path)]
    assert len(case.double.orders) == orders
    first, second = written[: len(written) // 2], written[len(written) // 2 :]
    assert [(one.method, one.url, one.content) for one in first] == [
        (one.method, one.url, one.content) for one in second
    ]


# --- who may what


async def test_what_a_key_may_not_do_stops_nothing_else(case: Case) -> None:
    server = await guard_of(case).wait_ready((await order(case)).id, timeout_s=7200)
    good = case.double.answer
    for ask in everything(case, server.id):
        answering(case, always(403, '{"message": "not for this key"}'))
        try:
            await ask()
        except OURS as error:
            assert len(str(error)) > 20
            assert type(error) is not CredentialsRefused
        case.double.answer = good  # type: ignore[method-assign]
        sent = len(case.double.requests)
        assert (await case.client.check()).name
        assert len(case.double.requests) > sent


async def test_after_a_wrong_key_nothing_at_all_is_sent(case: Case) -> None:
    server = await guard_of(case).wait_ready((await order(case)).id, timeout_s=7200)
    good = case.double.answer
    answering(case, always(401, "{}"))
    with pytest.raises(CredentialsRefused) as told:
        await case.client.list_servers()
    assert not isinstance(told.value, Forbidden)
    case.double.answer = good  # type: ignore[method-assign]
    sent = len(case.double.requests)
    for ask in everything(case, server.id):
        await _quietly(ask)
    assert len(case.double.requests) == sent


async def _quietly(ask: Callable[[], Awaitable[Any]]) -> None:
    try:
        await ask()
    except OURS:
        return


# --- what is gone


async def test_deleting_what_is_gone_is_done_when_its_id_is_named(case: Case) -> None:
    server = await guard_of(case).wait_ready((await order(case)).id, timeout_s=7200)
    answering(case, always(404, '{"error": {"code": "NOT_FOUND", "status": 404}}'))
    gone = await guard_of(case).delete(server.id, echo_of_loss("delete", server))
    assert (gone.id, gone.status) == (server.id, Status.GONE)
