"""What may go from the mirror."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ktizo.images.prune import Held, unused

NOW = datetime(2026, 8, 1, tzinfo=UTC)


def held(number: int, **values: object) -> Held:
    given_ = {
        "id": number,
        "schematic": "s",
        "build": "s/v1",
        "part": "kernel",
        "sha256": f"sum{number}",
        "coming": False,
        "since": NOW - timedelta(days=1),
    }
    return Held(**{**given_, **values})


def test_what_nobody_uses_goes():
    assert unused([held(1), held(2)], set(), NOW) == [1, 2]


@pytest.mark.parametrize("name", ["s", "s/v1", "sum1"])
def test_what_is_in_use_stays_however_it_is_named(name: str):
    assert unused([held(1), held(2, schematic="t", build="t/v1")], {name}, NOW) == [2]


def test_a_builds_command_line_stays_with_its_kernel():
    files = [held(1), held(2, part="cmdline"), held(3, part="disk")]
    assert unused(files, {"sum1"}, NOW) == [3]
    assert unused(files, {"elsewhere"}, NOW) == [1, 2, 3]


def test_what_is_on_its_way_or_new_stays():
    files = [held(1, coming=True, sha256=None), held(2, since=NOW), held(3, sha256=None)]
    assert unused(files, set(), NOW) == [3]


@given(st.sets(st.sampled_from(["s", "s/v1", "t/v1", "t", *(f"sum{n}" for n in range(6))])))
def test_nothing_in_use_ever_goes(in_use: set[str]):
    files = [held(n, schematic="st"[n % 2], build=f"{'st'[n % 2]}/v1") for n in range(6)]
    gone = set(unused(files, in_use, NOW))
    for file in files:
        if in_use & {file.schematic, file.build, file.sha256}:
            assert file.id not in gone
