import hashlib
import re
from datetime import UTC, datetime, timedelta

import pytest

from ktizo.accounts import tokens
from ktizo.accounts.tokens import Token

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def test_a_token_is_256_random_bits_that_need_no_quoting_anywhere() -> None:
    made = {tokens.make() for _ in range(100)}
    assert len(made) == 100
    assert all(re.fullmatch(r"ktizo_[A-Za-z0-9_-]{43}", token) for token in made)
    assert all(tokens.looks_right(token) for token in made)


def test_what_is_stored_is_the_sha256_of_the_token() -> None:
    assert tokens.digest("ktizo_x") == hashlib.sha256(b"ktizo_x").hexdigest()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ktizo_",
        "ktizo_" + "x" * 42,
        "ktizo_" + "x" * 44,
        "KTIZO_" + "x" * 43,
        "ktizo_" + "x" * 42 + "\n",
        "ktizo_" + "x" * 43 + "\n",
        "ktizo_" + "é" * 43,
        "ktizo_" + "x" * 42 + "=",
    ],
)
def test_what_could_not_be_a_token_is_seen_before_the_database_is_asked(text: str) -> None:
    assert not tokens.looks_right(text)


@pytest.mark.parametrize(
    ("fields", "valid"),
    [
        ({}, True),
        ({"expires_at": NOW + timedelta(microseconds=1)}, True),
        ({"expires_at": NOW}, False),
        ({"revoked_at": NOW - timedelta(days=1)}, False),
        ({"revoked_at": NOW + timedelta(days=1)}, False),
    ],
)
def test_a_token_is_valid_until_it_expires_or_is_revoked(
    fields: dict[str, datetime], valid: bool
) -> None:
    assert Token(1, "ci", "admin", NOW, **fields).valid(NOW) is valid


@pytest.mark.parametrize(
    ("last", "worth"),
    [
        (None, True),
        (NOW, False),
        (NOW - timedelta(seconds=59), False),
        (NOW - timedelta(seconds=60), True),
        (NOW + timedelta(days=1), False),
    ],
)
def test_a_use_is_noted_once_a_minute(last: datetime | None, worth: bool) -> None:
    assert Token(1, "ci", "admin", NOW, last_used_at=last).use_is_worth_noting(NOW) is worth
