"""The guard before money and data: limits, echoes, adoption; and that nobody goes round it."""

import ast
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ktizo
from ktizo.providers.base import Price, Quote, Server, Status, Wanted
from ktizo.providers.errors import Failed, Gone, Unsupported
from ktizo.providers.guard import (
    ConfirmationMissing,
    Guard,
    Limits,
    TooExpensive,
    echo_of_loss,
    echo_of_order,
)

from .cases_digitalocean import make as make_digitalocean
from .cases_latitude import make as make_latitude
from .contract import Case
from .double_digitalocean import IMAGE, DigitalOceanDouble
from .double_latitude import LatitudeDouble
from .plumbing import guard_of, order

pytestmark = pytest.mark.anyio
ROOM = Path(ktizo.__path__[0])
WANTED = Wanted(name="cp-1", plan="p", regions=("ams",), tag="t", boot_url="http://b.example/x9")
PLENTY = Limits(Decimal(10), setup=Decimal(100), currency="EUR")


def price(**fields: Any) -> Price:
    return Price(**{"currency": "EUR", "hourly": Decimal("0.5"), **fields})


# --- limits


@pytest.mark.parametrize(
    ("limits", "cost", "said"),
    [
        (Limits(), price(), "no maximum hourly price"),
        (Limits(Decimal("0.4999")), price(), "an hour costs 0.5 EUR, and the account may spend"),
        (Limits(Decimal(10)), price(setup=Decimal(39)), "39 EUR once"),
        (Limits(Decimal(10), Decimal(38)), price(setup=Decimal("38.01")), "38.01 EUR once"),
        (PLENTY, price(currency="USD"), "sold in USD, and the account's limits are in EUR"),
        (PLENTY, price(hourly=None), "unknown price"),
        (Limits(Decimal("0.1")), price(hourly=None, monthly=Decimal(100)), "0.136987 EUR"),
    ],
)
def test_what_is_above_a_limit_is_refused_with_the_way_out(
    limits: Limits, cost: Price, said: str
) -> None:
    with pytest.raises(TooExpensive, match=said):
        limits.insist(cost)


@pytest.mark.parametrize(
    ("limits", "cost"),
    [
        (Limits(Decimal("0.5")), price()),
        (PLENTY, price(setup=Decimal(100))),
        (replace(PLENTY, currency="eur"), price()),
        (Limits(Decimal(10)), price(currency="USD")),
        (Limits(Decimal("0.14")), price(hourly=None, monthly=Decimal(100))),
    ],
)
def test_what_is_within_the_limits_is_let_through(limits: Limits, cost: Price) -> None:
    limits.insist(cost)


AMOUNTS = st.decimals(0, 10**8, allow_nan=False, allow_infinity=False)


@given(hourly=st.none() | AMOUNTS, monthly=st.none() | AMOUNTS, setup=AMOUNTS)
def test_an_echo_has_the_exact_price(
    hourly: Decimal | None, monthly: Decimal | None, setup: Decimal
) -> None:
    echo = echo_of_order(WANTED, Quote(Price("EUR", hourly, monthly, setup)))
    said = [Decimal(word) for word in echo.partition(" for ")[2].split() if word[0].isdigit()]
    rent = hourly if hourly is not None else monthly
    assert said == [one for one in (rent, setup or None) if one is not None]
    assert "E+" not in echo


def test_an_echo_of_a_month_says_that_it_is_a_month() -> None:
    quote = Quote(Price("EUR", monthly=Decimal("64.990"), setup=Decimal("5")))
    assert echo_of_order(WANTED, quote).endswith("for 64.99 EUR a month and 5 EUR once")


async def test_a_setup_fee_above_the_limit_orders_nothing() -> None:
    case = await make_latitude()
    guard = Guard(case.client, Limits(Decimal(10), currency="EUR"))
    quote = await case.client.price_of(case.wanted)
    with pytest.raises(TooExpensive, match="USD"):
        await guard.create(case.wanted, echo_of_order(case.wanted, quote))
    assert case.double.orders == []


# --- adoption


async def test_an_order_that_failed_is_returned_as_it_is_and_never_ordered_again() -> None:
    case = await make_latitude()
    first = await order(case)
    latitude(case).servers[first.id]["attributes"]["status"] = "failed_deployment"
    again = await guard_of(case).create(case.wanted, "whatever")
    assert (again.id, again.status) == (first.id, Status.FAILED)
    assert len(case.double.orders) == 1


def latitude(case: Case) -> LatitudeDouble:
    assert isinstance(case.double, LatitudeDouble)
    return case.double


# --- waiting


async def test_a_failed_server_that_is_reinstalled_is_not_failed_until_it_says_so_again() -> None:
    case = await make_latitude()
    guard = guard_of(case)
    server = await guard.wait_ready((await order(case)).id, timeout_s=7200)
    latitude(case).servers[server.id]["attributes"]["status"] = "failed_deployment"
    server = await case.client.get_server(server.id)
    await guard.reinstall(server.id, case.wanted.boot_url, echo_of_loss("reinstall", server))
    ready = await guard.wait_ready(server.id, timeout_s=7200, left=server.status)
    assert ready.status is Status.READY
    latitude(case).servers[server.id]["attributes"]["status"] = "failed_deployment"
    with pytest.raises(Failed):
        await guard.wait_ready(server.id, timeout_s=7200, left=Status.READY)


async def test_a_status_that_never_moves_ends_the_wait() -> None:
    case = await make_latitude()
    server = await guard_of(case).wait_ready((await order(case)).id, timeout_s=7200)
    with pytest.raises(TimeoutError):
        await guard_of(case).wait_ready(server.id, timeout_s=600, left=server.status)


# --- images


async def test_an_image_is_written_only_when_the_loss_is_echoed() -> None:
    case = await make_digitalocean()
    assert isinstance(case.double, DigitalOceanDouble)
    guard = guard_of(case)
    server = await guard.wait_ready((await order(case)).id, timeout_s=7200)
    with pytest.raises(ConfirmationMissing, match="reinstall cp-1"):
        await guard.reinstall_image(server.id, str(IMAGE), "yes")
    assert case.double.actions == []
    echo = echo_of_loss("reinstall", server)
    await guard.reinstall_image(server.id, str(IMAGE), echo)
    assert case.double.actions == [{"type": "rebuild", "image": IMAGE}]
    again = await guard.wait_ready(server.id, timeout_s=7200, left=server.status)
    assert again.status is Status.READY
    assert len(case.double.orders) == 1


async def test_who_cannot_write_an_image_says_so_and_what_else_to_do() -> None:
    case = await make_latitude()
    with pytest.raises(Unsupported, match="reinstall the server by iPXE"):
        await guard_of(case).reinstall_image("sv_1", "talos", "reinstall it")
    assert case.double.requests == []


# --- deleting


@pytest.mark.parametrize("confirm", ["", "yes", "delete cp-1 (sv_2)", "reinstall cp-1 (sv_1)"])
async def test_deleting_what_is_gone_under_another_name_is_not_done(confirm: str) -> None:
    case = await make_latitude()
    with pytest.raises(Gone):
        await guard_of(case).delete("sv_1", confirm)


async def test_deleting_what_is_gone_by_its_id_sends_no_delete() -> None:
    case = await make_latitude()
    gone = await guard_of(case).delete("sv_1", " delete cp-1 (sv_1)\n")
    assert gone == Server(id="sv_1", name="", status=Status.GONE, raw_status="gone")
    assert [one.method for one in case.double.requests] == ["GET"]


# --- nobody goes round it

ONLY_HERE = {"create_server", "reinstall_ipxe", "reinstall_image", "delete_server"}
OTHERS = {"guard", "store", "asyncio.get_running_loop()"}  # the guard's own verbs, rows, sockets


def calls(tree: ast.AST) -> set[str]:
    """Return the verbs that are asked of a client, or of what may be one."""
    return {
        node.func.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ONLY_HERE
        and ast.unparse(node.func.value) not in OTHERS
    }


def test_what_orders_or_destroys_is_asked_of_a_client_by_the_guard_alone() -> None:
    asked = {
        (str(path.relative_to(ROOM)), verb)
        for path in ROOM.rglob("*.py")
        for verb in calls(ast.parse(path.read_text()))
    }
    assert asked == {("providers/guard.py", verb) for verb in ONLY_HERE}


@pytest.mark.parametrize("verb", sorted(ONLY_HERE))
@pytest.mark.parametrize("client", ["client", "self._client", "clients.of(row)", "cast(Imager, c)"])
def test_the_search_for_such_calls_finds_one(verb: str, client: str) -> None:
    assert calls(ast.parse(f"async def go(c):\n    await {client}.{verb}('x')")) == {verb}
