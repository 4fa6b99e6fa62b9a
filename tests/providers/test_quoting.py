"""A quote holds for whichever of its regions the order goes to."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ktizo.providers.base import Offer, Plan, Price, Wanted
from ktizo.providers.errors import OutOfStock, Rejected
from ktizo.providers.quoting import dearest, from_catalogue

AMOUNTS = st.decimals(0, 1000, places=4)
CHEAP = Price("EUR", Decimal("0.1"), Decimal(60), Decimal(39))
DEAR = Price("EUR", Decimal("0.2"), Decimal(50), Decimal(5))


def quote(*offers: Offer, regions: tuple[str, ...] = ("ams", "fra")) -> Any:
    named: dict[str, Any] = {"kind": "metal", "cpu": "", "cores": 1, "memory_gib": 1, "disks": ""}
    plan = Plan(id="p", name="p", offers=offers, **named)
    wanted = Wanted(name="a", plan="p", regions=regions, tag="t", boot_url="http://b.example/x9")
    return from_catalogue("Somebody", plan, wanted)


def test_hour_month_and_what_is_paid_once_are_each_the_most_of_any_region() -> None:
    assert dearest([CHEAP, DEAR]) == Price("EUR", Decimal("0.2"), Decimal(60), Decimal(39))


@given(
    st.lists(
        st.builds(Price, st.just("EUR"), AMOUNTS, st.none() | AMOUNTS, AMOUNTS),
        min_size=1,
        max_size=5,
    )
)
def test_no_region_costs_more_than_the_quote(prices: list[Price]) -> None:
    most = dearest(prices)
    for one in prices:
        assert (one.an_hour or 0) <= (most.an_hour or 0)
        assert (one.monthly or 0) <= (most.monthly or 0)
        assert one.setup <= most.setup


def test_prices_in_several_currencies_are_not_compared() -> None:
    with pytest.raises(Rejected, match="several currencies"):
        dearest([CHEAP, Price("USD", Decimal(1))])


def test_a_region_that_is_sold_out_for_now_still_counts_for_the_price() -> None:
    """Stock may come back between the quote and the order."""
    told = quote(Offer("ams", CHEAP, True), Offer("fra", DEAR, False))
    assert told.price.hourly == Decimal("0.2")
    assert told.lines == (
        "ams: 0.1 EUR an hour, at most 60 EUR a month, 39 EUR once",
        "fra: 0.2 EUR an hour, at most 50 EUR a month, 5 EUR once, none left for now",
    )


def test_a_region_that_does_not_sell_it_or_does_not_tell_its_stock_stops_nothing() -> None:
    assert quote(Offer("fra", DEAR, None)).price == DEAR


@pytest.mark.parametrize(
    "offers", [(), (Offer("syd", CHEAP, True),), (Offer("ams", CHEAP, False),)]
)
def test_when_none_is_left_the_message_names_the_regions(offers: tuple[Offer, ...]) -> None:
    with pytest.raises(OutOfStock, match="Somebody has no p in ams and fra"):
        quote(*offers)


def test_a_region_without_a_price_is_not_ordered_in_blindly() -> None:
    with pytest.raises(Rejected, match="no price of p in fra: leave that region out"):
        quote(Offer("ams", CHEAP, True), Offer("fra", None, True))


def test_an_order_needs_a_region() -> None:
    with pytest.raises(Rejected, match="name a region"):
        quote(Offer("ams", CHEAP, True), regions=())
