from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ktizo.devices.identity import (
    Claim,
    Match,
    compare,
    parse_serial,
    parse_uuid,
    probably_same_board,
)

MAC = "52:54:00:00:00:01"
UUID_A = "5f3c1d2e-0000-4000-8000-00000000000a"
UUID_B = "5f3c1d2e-0000-4000-8000-00000000000b"


@pytest.mark.parametrize(
    "placeholder",
    ["", "To Be Filled By O.E.M.", "Default string", "0123456789", "0000000", "  ", "None", "xxxx"],
)
def test_a_serial_nobody_filled_in_is_no_serial(placeholder):
    assert parse_serial(placeholder) is None


@pytest.mark.parametrize(
    "placeholder",
    [
        "",
        "00000000-0000-0000-0000-000000000000",
        "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
        "03000200-0400-0500-0006-000700080009",
    ],
)
def test_a_uuid_shared_by_every_cheap_board_is_no_uuid(placeholder):
    assert parse_uuid(placeholder) is None


@given(st.text(max_size=60))
def test_any_text_is_a_uuid_or_an_error_never_a_crash(text):
    try:
        parsed = parse_uuid(text)
    except ValueError:
        return
    assert parsed is None or str(UUID(parsed)) == parsed


def test_one_board_read_in_two_byte_orders_is_one_board():
    swapped = str(UUID(bytes_le=UUID(UUID_A).bytes))
    assert swapped != UUID_A
    assert compare(UUID_A, None, Claim(MAC, uuid=swapped)) is Match.SAME


@pytest.mark.parametrize(
    ("uuid", "serial", "claim", "match"),
    [
        (UUID_A, "S1", Claim(MAC, uuid=UUID_A, serial="S1"), Match.SAME),
        (UUID_A, "S1", Claim(MAC), Match.SAME),
        (None, None, Claim(MAC, uuid=UUID_A, serial="S1"), Match.SAME),
        (UUID_A, "S1", Claim(MAC, uuid=UUID_B, serial="S1"), Match.DIFFERS),
        (UUID_A, "S1", Claim(MAC, uuid=UUID_A, serial="S2"), Match.DIFFERS),
    ],
)
def test_a_known_card_must_come_with_the_recorded_marks(uuid, serial, claim, match):
    assert compare(uuid, serial, claim) is match


def test_the_same_uuid_with_another_serial_is_another_machine():
    other = Claim(MAC, uuid=UUID_A, serial="S2")
    assert not probably_same_board(UUID_A, "S1", other)
    assert probably_same_board(UUID_A, None, other)
    assert not probably_same_board(None, "S2", other)
