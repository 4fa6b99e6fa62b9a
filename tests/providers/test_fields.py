"""Reading a vendor's JSON: whatever it is, it is read or empty, and never an exception."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ktizo.providers.fields import (
    at,
    body,
    moment,
    money,
    number,
    published,
    rows,
    shown,
    text,
    words,
)
from ktizo.providers.http import Answer

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.just("a"), inner),
    max_leaves=6,
)


@given(JSON)
def test_anything_is_read_or_empty(value: Any) -> None:
    assert isinstance(text(value, "a"), str)
    text(value, "a").encode()
    assert isinstance(number(value, "a"), float)
    assert all(isinstance(one, dict) for one in rows(value, "a"))
    assert all(words(value, "a"))
    money(value, "a")
    moment(value, "a")
    at(value, "a", "b", "c")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.34, "0.34"),
        ("12.50", "12.50"),
        (7, "7"),
        (0, "0"),
        (-1, None),
        (True, None),
        ("NaN", None),
        ("1e99", None),
        (float("inf"), None),
        ("free", None),
        (None, None),
        ("1e-99999999", None),
        ("1E+400", None),
        ("0e999999999", None),
        ("9" * 100_000, None),
        (10**4000, None),
        (-0.0, None),
        ("1_000", None),
        ("\u0661\u0662", None),
        ("0x10", None),
        ("1.", "1"),
        (".5", "0.5"),
        ("2.5e-7", "2.5e-7"),
        (0.42319999999999997, "0.42319999999999997"),
    ],
)
def test_money_is_exact_or_no_price(value: Any, expected: str | None) -> None:
    assert money(value) == (None if expected is None else Decimal(expected))


@given(
    sign=st.sampled_from(["", "-", "+"]),
    digits=st.text("0123456789.", max_size=60),
    exponent=st.integers(-(10**12), 10**12) | st.integers(-40, 40),
    mark=st.sampled_from(["e", "E", ""]),
)
def test_a_price_is_small_enough_to_be_written_and_added(
    sign: str, digits: str, exponent: int, mark: str
) -> None:
    amount = money(f"{sign}{digits}{mark}{exponent if mark else ''}")
    if amount is not None:
        assert len(f"{amount:f}") < 200
        assert 0 <= amount < 10**9
        assert Decimal(shown(amount)) == amount
        assert len(str(amount + amount / 730)) < 200


@pytest.mark.parametrize(
    ("told", "places", "expected"),
    [
        ("0.0357100009918213", 5, "0.03571"),
        ("0.00743999984115362", 5, "0.00744"),
        ("0.42319999999999997", 6, "0.4232"),
        ("0.035714", 5, "0.03572"),  # more than noise: never cheaper than it was told
        ("0.0000000001", 5, "0"),
        ("24", 5, "24"),
    ],
)
def test_a_price_loses_its_noise_and_is_never_made_cheaper(
    told: str, places: int, expected: str
) -> None:
    assert published(Decimal(told), places) == Decimal(expected)


@given(st.decimals(Decimal("0.001"), 10**6, places=9), st.integers(2, 6))
def test_a_published_price_is_not_below_what_was_told_but_for_noise(
    told: Decimal, places: int
) -> None:
    found = published(told, places)
    assert not found or found >= told * (1 - Decimal("0.000001"))


def test_a_time_without_a_zone_is_utc() -> None:
    assert moment("2026-11-21T10:00:00") == datetime(2026, 11, 21, 10, tzinfo=UTC)
    assert moment("yesterday") is None


def test_a_lone_surrogate_is_no_trap() -> None:
    assert text(json.loads('"a\\ud800b\\n"')) == "a b"


@pytest.mark.parametrize("given_text", ["", "<html>", "[" * 100_000])
def test_a_body_that_is_no_json_is_none(given_text: str) -> None:
    assert body(Answer(400, {}, given_text)) is None
