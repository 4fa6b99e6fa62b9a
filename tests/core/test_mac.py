import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from ktizo.core.mac import Mac, hyphened, parse_mac

TIDY = "52:54:00:aa:bb:cc"

cards = st.tuples(
    st.integers(0, 127).map(lambda first: first * 2),  # an even first byte: one network card
    *[st.integers(0, 255)] * 5,
).filter(any)


def tidy(octets: tuple[int, ...]) -> str:
    return ":".join(f"{octet:02x}" for octet in octets)


def dotted(text: str) -> str:
    return ".".join(text[i : i + 4] for i in (0, 4, 8))


@pytest.mark.parametrize(
    "text",
    [
        "52:54:00:aa:bb:cc",
        "52:54:00:AA:BB:CC",
        "52:54:00:aA:Bb:cC",
        "52-54-00-aa-bb-cc",
        "52-54-00-AA-BB-CC",
        "5254.00aa.bbcc",
        "5254.00AA.BBCC",
        "525400aabbcc",
        "525400AABBCC",
        "  52:54:00:aa:bb:cc ",
    ],
)
def test_every_spelling_people_and_firmware_use_arrives_as_one(text: str) -> None:
    assert parse_mac(text) == TIDY


@given(cards, st.booleans())
def test_every_card_in_every_spelling_arrives_as_one(octets: tuple[int, ...], big: bool) -> None:
    expected = tidy(octets)
    bare = expected.replace(":", "")
    for spelling in (expected, hyphened(expected), dotted(bare), bare):
        assert parse_mac(spelling.upper() if big else spelling) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "52:54:00:aa:bb",
        "52:54:00:aa:bb:cc:dd",
        "52:54:00:aa:bb:c",
        "52:54:00:aa:bb:cg",
        "52:54-00:aa-bb:cc",
        "52-54-00-aa-bb:cc",
        "52 54 00 aa bb cc",
        "5254:00aa:bbcc",
        "525.400.aab.bcc",
        "525400aabbc",
        "525400aabbccd",
        "52:54:00:aa:bb:cc\n",
        "52:54:00:aa:bb:cc\0",
        "52:54:00:aa:bb:cc;reboot",
        "${net0/mac}",
        "\t52:54:00:aa:bb:cc",
        "٥٢:54:00:aa:bb:cc",
        "0x525400aabbcc",
        "5" * 10_000,
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a MAC address"):
        parse_mac(text)


@pytest.mark.parametrize(
    "text", ["00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:fb", "33-33-00-00-00-01"]
)
def test_an_address_no_card_can_own_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not the address of one network card"):
        parse_mac(text)


@given(st.text(max_size=40))
def test_whatever_comes_is_a_tidy_mac_or_refused(text: str) -> None:
    try:
        parsed = parse_mac(text)
    except ValueError:
        return
    assert re.fullmatch(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}", parsed)
    assert parse_mac(parsed) == parsed


def test_hyphened_is_what_ipxe_writes() -> None:
    assert hyphened(TIDY) == "52-54-00-aa-bb-cc"
    assert parse_mac(hyphened(TIDY)) == TIDY


def test_a_field_of_this_type_is_parsed_at_the_door() -> None:
    field = TypeAdapter(Mac)
    assert field.validate_python("5254.00aa.bbcc") == TIDY
    for nonsense in ("nonsense", "5" * 1000, 0x525400AABBCC, None, b"525400aabbcc"):
        with pytest.raises(ValidationError):
            field.validate_python(nonsense, strict=True)
