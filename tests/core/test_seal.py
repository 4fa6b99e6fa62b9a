import base64
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ktizo.core.errors import Invalid, KtizoError, Unavailable
from ktizo.core.files import write_atomic
from ktizo.core.seal import (
    Sealer,
    UnsealFailed,
    key_file,
    load_or_make_keys,
    new_key,
    rotate_key_file,
)

PLACE = "clusters|3|secrets"


@pytest.fixture
def sealer() -> Sealer:
    return Sealer([new_key()])


@given(st.binary(max_size=2000), st.text(max_size=50))
def test_what_was_sealed_opens_again_in_its_place(plain: bytes, place: str) -> None:
    sealer = Sealer([new_key()])
    assert sealer.unseal(sealer.seal(plain, place), place) == plain


def test_a_sealed_value_is_text_that_hides_its_content_and_differs_each_time(
    sealer: Sealer,
) -> None:
    first, second = sealer.seal(b"hunter2" * 9, PLACE), sealer.seal(b"hunter2" * 9, PLACE)
    assert first != second
    assert first.startswith("k1.")
    assert first.isascii()
    assert "hunter2" not in first
    assert base64.b64encode(b"hunter2").decode()[:8] not in first


def test_a_value_moved_to_another_row_does_not_open(sealer: Sealer) -> None:
    with pytest.raises(UnsealFailed, match="altered or moved"):
        sealer.unseal(sealer.seal(b"secret", PLACE), "clusters|4|secrets")


def test_a_value_sealed_with_a_key_we_do_not_hold_does_not_open(sealer: Sealer) -> None:
    with pytest.raises(UnsealFailed, match="not configured here"):
        Sealer([new_key()]).unseal(sealer.seal(b"secret", PLACE), PLACE)


@given(st.data())
def test_a_value_changed_in_one_character_does_not_open(data: st.DataObject) -> None:
    sealer = Sealer([new_key()])
    sealed = sealer.seal(b"secret", PLACE)
    body = sealed.rindex(".") + 1
    at = data.draw(st.integers(body, len(sealed) - 2))  # the last one holds bits that say nothing
    other = data.draw(
        st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    )
    if other == sealed[at]:
        return
    with pytest.raises(UnsealFailed):
        sealer.unseal(sealed[:at] + other + sealed[at + 1 :], PLACE)


@given(st.text(max_size=80) | st.text(max_size=30).map(lambda body: f"k1.x.{body}"))
def test_nonsense_does_not_open_and_is_a_clear_error(text: str) -> None:
    with pytest.raises(UnsealFailed):
        Sealer([new_key()]).unseal(text, PLACE)


@given(st.text(max_size=40))
def test_nonsense_under_our_own_key_id_does_not_open(body: str) -> None:
    sealer = Sealer([new_key()])
    key_id = sealer.seal(b"", PLACE).split(".")[1]
    with pytest.raises(UnsealFailed):
        sealer.unseal(f"k1.{key_id}.{body}", PLACE)


def test_after_rotation_old_values_open_and_new_ones_use_the_new_key() -> None:
    old, new = new_key(), new_key()
    sealed = Sealer([old]).seal(b"secret", PLACE)
    both = Sealer([new, old])
    assert both.unseal(sealed, PLACE) == b"secret"
    assert both.needs_reseal(sealed)
    again = both.seal(both.unseal(sealed, PLACE), PLACE)
    assert not both.needs_reseal(again)
    assert Sealer([new]).unseal(again, PLACE) == b"secret"
    with pytest.raises(UnsealFailed):
        Sealer([new]).unseal(sealed, PLACE)


def test_subkeys_differ_by_purpose_and_by_key_and_stay_the_same() -> None:
    key = new_key()
    tickets = Sealer([key]).subkey("tickets")
    assert len(tickets) == 32
    assert tickets == Sealer([key, new_key()]).subkey("tickets")
    assert tickets != Sealer([key]).subkey("pairing")
    assert tickets != Sealer([new_key()]).subkey("tickets")


@pytest.mark.parametrize("key", ["", "short", "ä" * 43, "A" * 42, "A" * 44 + "==", "!" * 43])
def test_a_key_that_is_none_is_a_clear_error(key: str) -> None:
    with pytest.raises(Invalid, match="sealing key"):
        Sealer([key])


def test_no_key_at_all_is_a_clear_error() -> None:
    with pytest.raises(KtizoError, match="key"):
        Sealer([])


def test_the_first_start_makes_a_key_that_only_its_owner_can_read(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    keys = load_or_make_keys(folder)
    assert stat.S_IMODE(key_file(folder).stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert load_or_make_keys(folder) == keys
    Sealer(keys)


def test_rotating_puts_a_new_key_in_front_and_forgets_none(tmp_path: Path) -> None:
    before = load_or_make_keys(tmp_path)
    sealed = Sealer(before).seal(b"secret", PLACE)
    for _ in range(3):
        key_id = rotate_key_file(tmp_path)
    after = load_or_make_keys(tmp_path)
    assert len(after) == 4
    assert after[-1] == before[0]
    assert stat.S_IMODE(key_file(tmp_path).stat().st_mode) == 0o600
    assert Sealer(after).unseal(sealed, PLACE) == b"secret"
    assert Sealer(after).seal(b"", PLACE).split(".")[1] == key_id


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_key_file_others_can_read_stops_the_start_and_says_what_to_do(
    tmp_path: Path, mode: int
) -> None:
    load_or_make_keys(tmp_path)
    key_file(tmp_path).chmod(mode)
    with pytest.raises(Unavailable, match="chmod 600"):
        load_or_make_keys(tmp_path)
    with pytest.raises(Unavailable, match="chmod 600"):
        rotate_key_file(tmp_path)


@pytest.mark.parametrize("content", ["", " \n\n"])
def test_an_empty_key_file_is_never_silently_replaced(tmp_path: Path, content: str) -> None:
    load_or_make_keys(tmp_path)
    key_file(tmp_path).write_text(content)
    with pytest.raises(Unavailable, match="restore it from a backup"):
        load_or_make_keys(tmp_path)
    assert key_file(tmp_path).read_text() == content


def test_a_key_file_that_is_not_text_is_a_clear_error(tmp_path: Path) -> None:
    load_or_make_keys(tmp_path)
    key_file(tmp_path).write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(KtizoError, match=r"sealing\.key|sealing key"):
        Sealer(load_or_make_keys(tmp_path))


def test_two_processes_that_start_at_once_end_up_with_the_same_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = new_key()

    def while_the_other_is_faster() -> str:
        write_atomic(key_file(tmp_path), theirs + "\n", 0o600)
        return new_key()

    monkeypatch.setattr("ktizo.core.seal.new_key", while_the_other_is_faster)
    assert load_or_make_keys(tmp_path) == [theirs]
