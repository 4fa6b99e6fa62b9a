"""Reading a vendor's JSON: whatever it is, it is read or empty, and never an exception."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ktizo.providers.fields import at, body, moment, money, number, rows, text, words
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
    ],
)
def test_money_is_exact_or_no_price(value: Any, expected: str | None) -> None:
    assert money(value) == (None if expected is None else Decimal(expected))


def test_a_time_without_a_zone_is_utc() -> None:
    assert moment("2026-11-21T10:00:00") == datetime(2026, 11, 21, 10, tzinfo=UTC)
    assert moment("yesterday") is None


def test_a_lone_surrogate_is_no_trap() -> None:
    assert text(json.loads('"a\\ud800b\\n"')) == "a b"


@pytest.mark.parametrize("given_text", ["", "<html>", "[" * 100_000])
def test_a_body_that_is_no_json_is_none(given_text: str) -> None:
    assert body(Answer(400, {}, given_text)) is None
