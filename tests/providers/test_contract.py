"""What every provider must do, proven on each one's stateful double.

A provider gets all of this by having `cases_<name>.py` beside this file, with
    async def make() -> Case          the client's own `sleep` appends to the case's `slept`
    UNKNOWN_ID = "..."                the id of a server that is nobody's
and, where there is more than one kind or an honest exemption,
    VARIANTS = {"vm": make_vm}        more cases under the same tests
    EXEMPT = {"test_name": "reason"}  what cannot be asked of this vendor, and why
    ONE_TIME = ("...",)               one-time passwords the double answers with
    REQUESTS_WHEN_REFUSED = 1         how many requests a wrong key costs
"""

import asyncio
import importlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

import ktizo.providers
from ktizo.providers.base import Capability, Client, Server, Status
from ktizo.providers.errors import (
    OrderUnknown,
    OutOfStock,
    Unsupported,
)
from ktizo.providers.guard import (
    ConfirmationMissing,
    TooExpensive,
    echo_of_order,
)
from ktizo.providers.registry import PROVIDERS

from .contract import Case
from .plumbing import (
    DOCS,
    NAMES,
    OURS,
    Answer,
    answering,
    guard_of,
    order,
)

pytestmark = pytest.mark.anyio

# --- the list


def packages() -> list[str]:
    room = Path(ktizo.providers.__path__[0])
    return sorted(path.parent.name for path in room.glob("*/declaration.py"))


def test_every_provider_package_is_under_this_contract() -> None:
    assert packages() == NAMES


def test_every_provider_package_is_registered_under_its_own_name() -> None:
    assert sorted(PROVIDERS) == packages()


@pytest.mark.parametrize("name", NAMES)
def test_a_declaration_is_whole(name: str) -> None:
    declared = importlib.import_module(f"ktizo.providers.{name}").DECLARATION
    fields = declared.settings.model_fields
    assert declared.name == name
    assert declared.title
    assert declared.url.startswith("https://")
    assert declared.capabilities
    assert declared.environment
    assert set(declared.environment.values()) <= set(fields)
    secret = [one for one, told in fields.items() if SecretStr in _types(told.annotation)]
    assert secret, "an account without a secret"
    assert not set(secret) - set(declared.environment.values()), "a secret without its variable"
    declared.settings.model_json_schema()
    if declared.options is not None:
        declared.options.model_json_schema()


def _types(annotation: Any) -> set[Any]:
    return {annotation, *getattr(annotation, "__args__", ())}


@pytest.mark.parametrize("name", NAMES)
def test_a_provider_has_its_page(name: str) -> None:
    declared = importlib.import_module(f"ktizo.providers.{name}").DECLARATION
    page = (DOCS / f"{name}.md").read_text()
    assert all(variable in page for variable in declared.environment)
    assert "not checked against a live account" in page.lower()


# --- money


async def test_an_order_is_sent_once(case: Case) -> None:
    server = await order(case)
    assert len(case.double.orders) == 1
    assert server.status is not Status.GONE
    assert case.wanted.tag in server.tags
    [listed] = [one for one in await case.client.list_servers() if case.wanted.tag in one.tags]
    assert listed.id == server.id


async def test_a_lost_answer_is_adopted_and_not_ordered_again(case: Case) -> None:
    case.double.lose_answers = 1
    with pytest.raises(OrderUnknown):
        await order(case)
    assert len(case.double.orders) == 1
    server = await order(case)
    assert len(case.double.orders) == 1
    assert case.wanted.tag in server.tags


@pytest.mark.parametrize(
    ("status", "body"), [(200, "<html>"), (200, ""), (200, "{}"), (200, "[]"), (500, "{}")]
)
async def test_an_order_with_an_unreadable_answer_is_unknown_and_then_adopted(
    case: Case, status: int, body: str
) -> None:
    def garbled(request: httpx.Request, original: Answer) -> httpx.Response:
        before = len(case.double.orders)
        response = original(request)
        if len(case.double.orders) > before:
            return httpx.Response(status, text=body)
        return response

    answering(case, garbled)
    with pytest.raises(OrderUnknown):
        await order(case)
    await order(case)
    assert len(case.double.orders) == 1


async def test_two_who_order_the_same_get_one_server(case: Case) -> None:
    guard = guard_of(case)
    one, other = await asyncio.gather(order(case, guard), order(case, guard))
    assert one.id == other.id
    assert len(case.double.orders) == 1


def watched(client: Client, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    asked: list[str] = []
    create = client.create_server

    async def create_server(wanted: Any, region: str) -> Server:
        asked.append(region)
        return await create(wanted, region)

    monkeypatch.setattr(client, "create_server", create_server, raising=False)
    return asked


async def test_out_of_stock_goes_to_the_next_region_once_each(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    case.wanted = replace(case.wanted, regions=(case.region, case.other_region))
    case.double.sold_out = {case.region}
    asked = watched(case.client, monkeypatch)
    await order(case)
    assert asked == [case.region, case.other_region]
    assert len(case.double.orders) == 1


async def test_sold_out_everywhere_orders_nothing(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    case.wanted = replace(case.wanted, regions=(case.region, case.other_region))
    quote = await case.client.price_of(case.wanted)  # before the last one was sold
    case.double.sold_out = {case.region, case.other_region}
    asked = watched(case.client, monkeypatch)
    with pytest.raises(OutOfStock):
        await guard_of(case).create(case.wanted, echo_of_order(case.wanted, quote))
    assert len(asked) == len(set(asked))
    assert case.double.orders == []


async def test_a_wrong_echo_orders_nothing(case: Case) -> None:
    with pytest.raises(ConfirmationMissing):
        await guard_of(case).create(case.wanted, "yes")
    assert case.double.orders == []


@pytest.mark.parametrize("hourly", [None, "0.0001"])
async def test_too_expensive_orders_nothing(case: Case, hourly: str | None) -> None:
    quote = await case.client.price_of(case.wanted)
    with pytest.raises(TooExpensive):
        await guard_of(case, hourly).create(case.wanted, echo_of_order(case.wanted, quote))
    assert case.double.orders == []


async def test_the_plan_of_the_order_is_in_the_catalogue_with_the_price_that_is_quoted(
    case: Case,
) -> None:
    [plan] = [one for one in await case.client.plans() if one.id == case.wanted.plan]
    quote = await case.client.price_of(case.wanted)
    regions = {one.id for one in await case.client.regions()}
    assert plan.talos, plan.why
    assert quote.price.an_hour
    assert {offer.region for offer in plan.offers} & regions
    assert case.region in regions


@pytest.mark.parametrize("broken", ["line", "away"])
async def test_what_orders_or_destroys_is_never_sent_again(case: Case, broken: str) -> None:
    def breaking(request: httpx.Request, original: Answer) -> httpx.Response:
        if request.method == "GET":
            return original(request)
        if broken == "line":
            raise httpx.ReadError("the line broke")
        return httpx.Response(503, text="maintenance")

    server = await guard_of(case).wait_ready((await order(case)).id, timeout_s=7200)
    before = len(case.double.requests)
    answering(case, breaking)
    asks: list[Callable[[], Awaitable[Server]]] = [
        lambda: case.client.create_server(case.wanted, case.region),
        lambda: case.client.reinstall_ipxe(server.id, case.wanted.boot_url),
        lambda: case.client.delete_server(server.id),
    ]
    for ask in asks:
        with pytest.raises(OURS):
            await ask()
    sent = [
        (one.method, one.url, one.content)
        for one in case.double.requests[before:]
        if one.method != "GET"
    ]
    assert len(sent) == len(set(sent))


async def test_what_is_declared_is_what_is_done(case: Case, which: str) -> None:
    if ":" in which:
        pytest.skip("a declaration is of the whole provider")
    can = case.client.declaration.capabilities
    quote = await case.client.price_of(case.wanted)
    assert (Capability.HOURLY in can) == (quote.price.hourly is not None)
    assert (Capability.DRY_RUN in can) == quote.checked
    plans = await case.client.plans()
    assert {plan.kind for plan in plans} <= {"metal", "vm"}
    kinds = {plan.kind for plan in plans if plan.talos}
    assert (Capability.VIRTUAL_MACHINE in can) == ("vm" in kinds)
    server = await guard_of(case).wait_ready((await order(case)).id, timeout_s=7200)
    try:
        await case.client.reinstall_ipxe(server.id, case.wanted.boot_url)
    except Unsupported:
        assert Capability.IPXE_REINSTALL not in can
    else:
        assert Capability.IPXE_REINSTALL in can
    given_back = await case.client.delete_server(server.id)
    at_once = given_back.status in {Status.DELETING, Status.GONE} and not given_back.pending
    assert (Capability.DELETE_IMMEDIATE in can) == at_once
