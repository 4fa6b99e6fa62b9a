"""OVHcloud's orders: cart, preview, options, the way back to an order, catalogue and stock."""

from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import httpx
import pytest

from ktizo.providers.base import PowerAction, Status
from ktizo.providers.errors import (
    NotYet,
    OrderUnknown,
    OutOfStock,
    Rejected,
)
from ktizo.providers.ovh import cart, catalog, ledger, wire
from ktizo.providers.ovh.declaration import OvhOptions

from . import cases_ovh
from .double_ovh_orders import ok, refused
from .lab_ovh import WANTED, Lab

pytestmark = pytest.mark.anyio


@pytest.fixture
async def lab() -> AsyncIterator[Lab]:
    made = Lab()
    yield made
    await made.client.close()


async def test_the_price_is_previewed_and_nothing_is_left_behind(lab: Lab) -> None:
    quote = await lab.client.price_of(replace(WANTED, regions=("gra", "rbx")))
    assert quote.checked
    assert (quote.price.monthly, quote.price.setup) == (Decimal("64.99"), Decimal("64.99"))
    assert quote.price.currency == "EUR"
    assert "RISE-1 setup fee: 64.99 €" in quote.lines
    assert lab.double.orders == []
    assert lab.double.carts == {}
    assert lab.sent("POST", "/checkout") == []


async def test_the_cheapest_mandatory_options_are_ordered_unless_named(lab: Lab) -> None:
    named = {"memory": "ram-64g-ecc-2666-24rise01-v1"}
    quote = await lab.client.price_of(replace(WANTED, options={"hardware": named}))
    assert quote.price.monthly == Decimal("74.99")
    await lab.client.create_server(WANTED, "gra")
    [told] = lab.double.carts.values()
    assert sorted(told["options"]) == [
        "bandwidth-500-24rise-v1",
        "ram-32g-ecc-2666-24rise01-v1",
        "softraid-2x512nvme-24rise01-v1",
    ]
    assert told["configuration"] == {
        "dedicated_datacenter": "gra",
        "dedicated_os": "none_64.en",
        "region": "europe",
    }


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"hardware": {"memory": "ram-1t"}}, "there is: ram-32g"),
        ({"hardware": {"colour": "red"}}, "there is: none"),
        ({"hardware": 7}, "the option hardware"),
    ],
)
async def test_an_option_that_is_not_there_is_refused(lab: Lab, options: Any, said: str) -> None:
    with pytest.raises(Rejected, match=said):
        await lab.client.create_server(replace(WANTED, options=options), "gra")
    assert lab.double.carts == {}


async def test_a_plan_that_is_not_there_is_refused(lab: Lab) -> None:
    with pytest.raises(Rejected, match="no plan nope"):
        await lab.client.price_of(replace(WANTED, plan="nope"))
    assert lab.double.carts == {}


def test_what_ovhcloud_wants_to_know_beyond_our_answers_is_refused() -> None:
    asked = [{"label": "shoe_size", "required": True}, {"label": "x", "required": False}]
    with pytest.raises(Rejected, match="shoe_size"):
        cart.configuration(asked, "gra", OvhOptions())


@pytest.mark.parametrize(
    ("datacenter", "allowed", "area"),
    [
        ("gra", (), "europe"),
        ("bhs", ("europe", "canada"), "canada"),
        ("sgp", ("apac",), "apac"),
        ("new", ("europe",), "europe"),
        ("vin", (), "united_states"),
    ],
)
def test_a_datacentre_is_in_an_area(datacenter: str, allowed: tuple[str, ...], area: str) -> None:
    assert cart.area_of(datacenter, allowed) == area


def test_an_unknown_area_has_to_be_named() -> None:
    with pytest.raises(Rejected, match="option area"):
        cart.area_of("new", ("europe", "canada"))
    asked = [{"label": "region", "required": True, "allowedValues": ["europe", "canada"]}]
    told = cart.configuration(asked, "new", OvhOptions(area="europe"))
    assert told["region"] == "europe"


async def test_a_checkout_that_is_refused_leaves_no_trace_of_the_tag(lab: Lab) -> None:
    lab.instead("/availabilities", ok([]))  # stock is silent, the checkout is not
    lab.double.sold_out = {"gra"}
    with pytest.raises(OutOfStock):
        await lab.client.create_server(WANTED, "gra")
    assert lab.double.carts == {}
    assert await lab.client.list_servers() == ()


async def test_no_cart_is_filled_for_what_stock_says_is_sold_out(lab: Lab) -> None:
    lab.double.sold_out = {"gra"}
    with pytest.raises(OutOfStock):
        await lab.client.create_server(WANTED, "gra")
    assert lab.sent("POST", "/eco") == []
    assert lab.double.carts == {}


async def test_an_order_whose_answer_was_lost_is_found_by_time_plan_and_place(lab: Lab) -> None:
    await lab.client.create_server(replace(WANTED, tag="other"), "gra")
    lab.double.lose_answers = 1
    with pytest.raises(OrderUnknown):
        await lab.client.create_server(WANTED, "gra")
    found = {one.tags: one.id for one in await lab.client.list_servers()}
    first, second = sorted(lab.double.placed)
    assert found == {("other",): f"order-{first}", (WANTED.tag,): f"order-{second}"}


async def test_a_cart_that_takes_no_number_afterwards_is_found_all_the_same(lab: Lab) -> None:
    lab.double.frozen = True
    ordered = await lab.client.create_server(WANTED, "gra")
    [told] = await lab.client.list_servers()
    assert (told.id, told.tags) == (ordered.id, (WANTED.tag,))


async def test_a_conflict_at_the_checkout_may_be_an_order(lab: Lab) -> None:
    original = lab.double.answer

    def conflict(request: httpx.Request) -> httpx.Response:
        response = original(request)
        ordering = request.method == "POST" and request.url.path.endswith("/checkout")
        return refused(409, "Cart is being processed") if ordering else response

    lab.double.answer = conflict  # type: ignore[method-assign]
    with pytest.raises(OrderUnknown, match="look before"):
        await lab.client.create_server(WANTED, "gra")
    [told] = await lab.client.list_servers()
    assert told.tags == (WANTED.tag,)


async def test_a_checked_out_cart_without_an_order_is_still_ours(lab: Lab) -> None:
    lab.double.lose_answers = 1
    with pytest.raises(OrderUnknown):
        await lab.client.create_server(WANTED, "gra")
    lab.instead("/me/order", ok([]))
    [told] = await lab.client.list_servers()
    assert told.tags == (WANTED.tag,)
    assert told.id.startswith("cart-")
    assert "look at OVHcloud's orders" in told.pending
    assert (await lab.client.get_server(told.id)).status is Status.UNKNOWN


async def test_an_open_cart_without_an_order_is_forgotten_after_a_while(lab: Lab) -> None:
    now = lab.double.now()
    for age in (60, ledger.DOUBT_S + 60):
        entry = ledger.Entry(tag="t", plan="p", region="gra", at=now - age)
        lab.instead("/order/cart", ok(["c1"]))
        lab.double.carts["c1"] = {
            "cartId": "c1",
            "description": "",
            "expire": "",
            "items": [],
            "readOnly": False,
        }
        await ledger.write(lab.client._api, replace(entry, cart="c1"))
        found = await ledger.entries(lab.client._api, now=now)
        assert len(found) == (1 if age == 60 else 0)


async def test_a_cart_of_somebody_else_is_not_ours(lab: Lab) -> None:
    for text in ("", "my cart", "ktizo-order ", "ktizo-order tag=x&at=soon", "ktizo-order &&&=="):
        assert ledger.read("c1", {"description": text}) is None


async def test_an_order_becomes_a_server_under_both_names(lab: Lab) -> None:
    ordered = await lab.client.create_server(WANTED, "gra")
    assert ordered.status is Status.ORDERED
    assert ordered.price is not None
    assert "delivered bare" in ordered.pending
    [told] = lab.double.carts
    lab.double.deliver()
    assert (await lab.client.get_server(ordered.id)).status is Status.PROVISIONING
    lab.double.deliver()
    server = await lab.client.get_server(ordered.id)
    assert server.id.startswith("ns")
    assert server.status is Status.READY
    assert server.macs == ("d0:50:99:aa:bb:01", "d0:50:99:aa:bb:02")
    assert server.tags == (WANTED.tag,)
    assert (await lab.client.get_server(f"cart-{told}")).id == server.id
    lab.double.carts.clear()  # OVHcloud forgot the cart; the tag stands on the server
    [listed] = await lab.client.list_servers()
    assert listed.tags == (WANTED.tag,)
    assert (await lab.client.get_server(ordered.id)).id == server.id


@pytest.mark.parametrize(
    ("word", "status", "pending"),
    [
        ("notPaid", Status.ORDERED, "pay"),
        ("documentsRequested", Status.ORDERED, "documents"),
        ("cancelled", Status.FAILED, ""),
        ("somethingNew", Status.UNKNOWN, ""),
    ],
)
async def test_an_order_says_what_a_person_has_to_do(
    lab: Lab, word: str, status: Status, pending: str
) -> None:
    ordered = await lab.client.create_server(WANTED, "gra")
    lab.double.placed[ordered.id.removeprefix("order-")]["status"] = word
    told = await lab.client.get_server(ordered.id)
    assert told.status is status
    assert word in told.raw_status
    assert pending in told.pending


async def test_an_order_that_is_no_server_yet_is_neither_reinstalled_nor_ended(lab: Lab) -> None:
    ordered = await lab.client.create_server(WANTED, "gra")
    for verb in (
        lab.client.reinstall_ipxe(ordered.id, WANTED.boot_url),
        lab.client.delete_server(ordered.id),
        lab.client.power(ordered.id, PowerAction.REBOOT),
        lab.client.boot_from_disk(ordered.id),
    ):
        with pytest.raises(NotYet, match="not delivered"):
            await verb


# --- catalogue and stock


@pytest.mark.parametrize(
    ("word", "there"),
    [
        ("1H-low", True),
        ("1H-high", True),
        ("2160H", True),
        ("unavailable", False),
        ("comingSoon", False),
        ("unknown", None),
        ("whatever", None),
    ],
)
def test_stock_is_told_in_hours(word: str, there: bool | None) -> None:
    row = {
        "memory": "ram-32g-ecc-2666",
        "storage": None,
        "datacenters": [{"datacenter": "gra", "availability": word}],
    }
    assert catalog.stock([row], ["ram-32g-ecc-2666-24rise01-v1"], "gra") is there
    assert catalog.stock([row], ["ram-32g-ecc-26660-24rise01-v1"], "gra") is None
    assert catalog.stock([row], ["ram-32g-ecc-2666-24rise01-v1"], "rbx") is None


async def test_the_catalogue_has_plan_price_hardware_and_stock(lab: Lab) -> None:
    lab.double.sold_out = {"rbx"}
    [plan] = await lab.client.plans()
    assert (plan.name, plan.cpu, plan.cores) == ("RISE-1", "Intel Xeon-E 2386G", 6)
    assert plan.memory_gib == 32
    assert plan.disks.startswith("softraid-2x512nvme")
    assert {one.region: one.in_stock for one in plan.offers} == {"gra": True, "rbx": False}
    assert plan.offers[0].price is not None
    assert plan.offers[0].price.monthly == Decimal("64.99")
    assert [one.name for one in await lab.client.regions()] == ["Gravelines", "Roubaix"]


def test_a_first_month_at_a_reduced_price_is_quoted_in_full() -> None:
    told = {
        "prices": {"withoutTax": {"value": 30.0, "currencyCode": "EUR"}},
        "details": [
            {
                "detailType": "DURATION",
                "totalPrice": {"value": 20.0},
                "originalTotalPrice": {"value": 50.0},
            },
            {"detailType": "INSTALLATION", "totalPrice": {"value": 10.0}},
        ],
    }
    price = wire.price(told)
    assert price is not None
    assert (price.monthly, price.setup) == (Decimal(50), Decimal(10))


async def test_the_subsidiary_is_the_accounts_own_unless_set(lab: Lab) -> None:
    await lab.client.price_of(WANTED)
    assert len(lab.sent("GET", "/me")) == 1
    fixed = lab.another(cases_ovh.signed().model_copy(update={"subsidiary": "FR"}))
    await fixed.price_of(WANTED)
    assert len(lab.sent("GET", "/me")) == 1
    await fixed.close()
