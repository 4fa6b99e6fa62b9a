"""Files that arrive over several lives of the process: what is not vouched for is not used."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.disks import file_size_limit
from ktizo.core import parts
from ktizo.core.errors import KtizoError, TooLarge
from ktizo.core.parts import Part, open_part, sweep_parts
from ktizo.core.shelf import ChecksumMismatch, Shelf

LIMIT = 10_000_000
CONTENT = bytes(range(256)) * 40
SHA = hashlib.sha256(CONTENT).hexdigest()


OPEN: list[Part] = []


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    yield Shelf(tmp_path)
    while OPEN:
        OPEN.pop().leave()


def taken_up(shelf: Shelf, name: str, limit: int) -> Part:
    OPEN.append(open_part(shelf, name, limit))
    return OPEN[-1]


def kill(part: Part) -> None:
    """End without a last word: only the operating system closes the file."""
    part._file.detach().close()


def begun(shelf: Shelf, size: int, of: str = '"tag"') -> Path:
    """A part of which `size` bytes are there, left by another process."""
    part = taken_up(shelf, "p", LIMIT)
    part.begin(of)
    part.write(CONTENT[:size])
    part.leave()
    return part.path


def go_on(part: Part) -> None:
    part.write(CONTENT[part.size :])
    part.finish(SHA, len(CONTENT))


def test_a_part_is_gone_on_from_where_it_was(shelf: Shelf):
    begun(shelf, 7000)
    part = taken_up(shelf, "p", LIMIT)
    assert (part.size, part.of) == (7000, '"tag"')
    go_on(part)
    stored = shelf.place(part)
    part.discard()
    assert shelf.path(SHA).read_bytes() == CONTENT
    assert stored.sha256 == SHA
    assert list(shelf.parts.iterdir()) == []


def test_several_stops_come_to_the_same_file(shelf: Shelf):
    begun(shelf, 0)
    for end in (1, 1, 5000, 10_000):
        part = taken_up(shelf, "p", LIMIT)
        part.write(CONTENT[part.size : end])
        part.leave()
    part = taken_up(shelf, "p", LIMIT)
    assert part.size == 10_000
    go_on(part)


def test_what_was_written_after_the_last_note_is_fetched_again(shelf: Shelf):
    path = begun(shelf, 3000)
    with path.open("ab") as file:
        file.write(bytes(5000))  # what a file system may leave after a power cut
    part = taken_up(shelf, "p", LIMIT)
    assert part.size == 3000
    go_on(part)


@pytest.mark.parametrize("at", [0, 1499, 2999])
def test_an_altered_part_is_begun_anew(shelf: Shelf, at: int):
    path = begun(shelf, 3000)
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)
    part = taken_up(shelf, "p", LIMIT)
    assert (part.size, part.of, path.read_bytes()) == (0, "", b"")
    go_on(part)


@pytest.mark.parametrize(
    "note",
    [
        None,
        "",
        "{",
        "[]",
        "null",
        '{"size": 3000}',
        '{"size": -1, "sha256": "", "of": ""}',
        json.dumps({"size": 4000, "sha256": SHA, "of": ""}),
        json.dumps({"size": "much", "sha256": SHA, "of": ""}),
    ],
)
def test_without_a_good_note_a_part_is_begun_anew(shelf: Shelf, note: str | None):
    path = begun(shelf, 3000)
    path.with_suffix(".json").unlink()
    if note is not None:
        path.with_suffix(".json").write_text(note)
    part = taken_up(shelf, "p", LIMIT)
    assert part.size == 0
    go_on(part)


def test_a_cut_part_is_begun_anew(shelf: Shelf):
    os.truncate(begun(shelf, 3000), 2999)
    assert taken_up(shelf, "p", LIMIT).size == 0


def test_a_finished_part_that_was_never_put_in_place_is_not_in_the_way(shelf: Shelf):
    part = taken_up(shelf, "p", LIMIT)
    part.begin("")
    go_on(part)
    assert part.path.stat().st_mode & 0o777 == 0o444
    again = taken_up(shelf, "p", LIMIT)
    assert again.size == 0
    go_on(again)


def test_beginning_anew_forgets_what_was_there(shelf: Shelf):
    begun(shelf, 3000)
    part = taken_up(shelf, "p", LIMIT)
    part.begin('"other"')
    go_on(part)
    part.leave()
    assert part.of == '"other"'


def test_a_long_download_is_made_safe_on_the_way(shelf: Shelf, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(parts, "SAFE_EVERY", 1000)
    part = taken_up(shelf, "p", LIMIT)
    part.begin('"tag"')
    part.write(CONTENT[:999])
    assert not part.path.with_suffix(".json").exists()
    part.write(CONTENT[999:1500])
    part.write(CONTENT[1500:1600])  # and now the process is killed
    assert taken_up(shelf, "p", LIMIT).size == 1500


def test_a_part_with_the_wrong_checksum_is_refused(shelf: Shelf):
    part = taken_up(shelf, "p", LIMIT)
    part.begin("")
    part.write(b"other")
    with pytest.raises(ChecksumMismatch):
        part.finish(SHA)
    part.discard()
    assert list(shelf.parts.iterdir()) == []


def test_a_part_has_a_largest_size_however_it_came(shelf: Shelf):
    begun(shelf, 3000)
    part = taken_up(shelf, "p", 3001)
    part.write(b"x")
    with pytest.raises(TooLarge):
        part.write(b"x")


def test_a_disk_that_fills_up_leaves_a_part_that_can_be_gone_on_from(shelf: Shelf):
    begun(shelf, 3000)
    part = taken_up(shelf, "p", LIMIT)
    with file_size_limit(5000), pytest.raises(KtizoError):
        part.write(CONTENT[3000:] * 100)
    part.leave()
    part = taken_up(shelf, "p", LIMIT)
    assert part.size == 3000
    go_on(part)


def test_parts_nobody_wants_are_swept_and_contents_are_not(shelf: Shelf):
    begun(shelf, 3000)
    (shelf.parts / "old.part").write_bytes(b"x")
    (shelf.parts / "old.json").write_bytes(b"x")
    (shelf.parts / ".p.json.tmp").write_bytes(b"x")
    assert shelf.sweep(set()) == 0  # parts are not the shelf's to sweep
    assert sweep_parts(shelf, {"p"}) == 3
    assert sorted(path.name for path in shelf.parts.iterdir()) == ["p.json", "p.part"]
    assert sweep_parts(shelf, set()) == 2
    shutil.rmtree(shelf.parts)
    assert sweep_parts(shelf, set()) == 0


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["write", "leave", "kill", "begin"]), st.integers(1, 4))))
def test_whatever_happens_on_the_way_the_file_is_whole_in_the_end(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]
):
    shelf = Shelf(tmp_path_factory.mktemp("shelf"))
    part = taken_up(shelf, "p", LIMIT)
    part.begin("")
    for step, amount in steps:
        if step == "write":
            part.write(CONTENT[part.size : part.size + 700 * amount])
        elif step == "begin":
            part.begin("")
        else:
            part.leave() if step == "leave" else kill(part)
            part = taken_up(shelf, "p", LIMIT)
        assert part.size <= len(CONTENT)
    go_on(part)
    assert part.path.read_bytes() == CONTENT
    OPEN.clear()
