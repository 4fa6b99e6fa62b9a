import secrets

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ktizo.core.tokens import sign, verify

KEY = bytes(range(32))
OTHER_KEY = bytes(32)
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"

words = st.text(ALPHABET, min_size=1, max_size=12)
fields = st.lists(words | st.integers(0, 2**53), min_size=1, max_size=5)


@given(fields)
def test_a_token_says_what_was_signed(said: list[str | int]) -> None:
    assert verify(KEY, "config", sign(KEY, "config", *said)) == [str(field) for field in said]


@given(fields)
def test_a_token_needs_no_quoting_in_a_path_a_command_line_or_a_shell(
    said: list[str | int],
) -> None:
    assert set(sign(KEY, "config", *said)) <= {*ALPHABET, "~"}


@given(fields, st.data())
def test_a_token_with_any_character_changed_is_not_ours(
    said: list[str | int], data: st.DataObject
) -> None:
    token = sign(KEY, "config", *said)
    at = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.sampled_from(ALPHABET + "~ \n\0é=+/%"))
    assume(other != token[at])
    assert verify(KEY, "config", token[:at] + other + token[at + 1 :]) is None


@given(fields, st.data())
def test_a_token_cut_or_made_longer_is_not_ours(said: list[str | int], data: st.DataObject) -> None:
    token = sign(KEY, "config", *said)
    cut = data.draw(st.integers(0, len(token) - 1))
    more = data.draw(st.text(ALPHABET + "~=", min_size=1, max_size=5))
    for changed in (token[:cut], token[cut + 1 :], token + more, more + token, token + "\n"):
        assert verify(KEY, "config", changed) is None


@given(fields)
def test_a_token_for_one_purpose_or_key_is_worth_nothing_for_another(
    said: list[str | int],
) -> None:
    token = sign(KEY, "config", *said)
    assert verify(KEY, "done", token) is None
    assert verify(OTHER_KEY, "config", token) is None


@given(st.lists(words, min_size=1, max_size=4), st.lists(words, min_size=1, max_size=4))
def test_different_fields_never_make_the_same_token(one: list[str], two: list[str]) -> None:
    assume(one != two)
    assert sign(KEY, "config", *one) != sign(KEY, "config", *two)


@given(st.text(max_size=100))
def test_nonsense_is_not_ours_and_is_no_error(text: str) -> None:
    assert verify(KEY, "config", text) is None


@pytest.mark.parametrize("text", ["", "~", "~~", "a~", "~a", "a" * 10_000, "\ud800", "a~b\0"])
def test_odd_texts_are_not_ours(text: str) -> None:
    assert verify(KEY, "config", text) is None


@pytest.mark.parametrize("field", ["", "a b", "a/b", "a~b", "a\nb", "a%20b", "é", "x" * 65, "${x}"])
def test_a_field_that_would_need_quoting_is_a_bug_of_ours(field: str) -> None:
    with pytest.raises(ValueError, match="needs quoting"):
        sign(KEY, "config", "a", field)


def test_a_token_that_could_not_be_verified_is_never_made() -> None:
    """verify() reads 512 characters at most."""
    many = ["x" * 64] * 9
    with pytest.raises(ValueError, match="long"):
        sign(KEY, "config", *many)


def test_the_signature_has_128_bits() -> None:
    assert len(sign(secrets.token_bytes(32), "config", "a").rpartition("~")[2]) == 22
