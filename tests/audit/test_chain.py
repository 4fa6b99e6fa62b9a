import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ktizo.audit.chain import GENESIS, Entry, Head, Line, after, digest, link, verify
from ktizo.audit.record import storable

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)

entries = st.builds(
    Entry,
    at=st.datetimes(timezones=st.just(UTC)),
    actor=st.text(max_size=5),
    action=st.text(max_size=5),
    subject=st.text(max_size=5),
    outcome=st.text(max_size=5),
    address=st.none() | st.text(max_size=5),
    data=st.dictionaries(st.text(max_size=3), st.text(max_size=3) | st.integers(), max_size=2),
    count=st.integers(1, 3),
)
chains = st.lists(entries, max_size=8)


def chain(said: list[Entry]) -> list[Line]:
    head, lines = Head(), []
    for entry in said:
        lines.append(link(storable(entry), head))
        head = after(lines[-1])
    return lines


def test_the_hash_is_over_canonical_json_so_that_anyone_can_check_it() -> None:
    entry = Entry(
        at=NOON.astimezone(timezone(timedelta(hours=1))),
        actor="administrator",
        action="devices.approve",
        subject="device 7",
        outcome="ok",
        address="10.0.0.9",
        data={"role": "worker", "note": "Küche"},
    )
    assert link(entry, Head()) == Line(
        at=entry.at,
        actor="administrator",
        action="devices.approve",
        subject="device 7",
        outcome="ok",
        address="10.0.0.9",
        data={"role": "worker", "note": "Küche"},
        count=1,
        id=1,
        prev_hash="0" * 64,
        hash=hashlib.sha256(
            rb'{"action":"devices.approve","actor":"administrator","address":"10.0.0.9",'
            rb'"at":"2026-11-21T12:00:00.000000+00:00","count":1,'
            rb'"data":{"note":"K\u00fcche","role":"worker"},"id":1,"outcome":"ok",'
            rb'"prev_hash":"0000000000000000000000000000000000000000000000000000000000000000",'
            rb'"subject":"device 7"}'
        ).hexdigest(),
    )


@given(chains)
def test_an_untouched_chain_is_whole_from_any_line_on(said: list[Entry]) -> None:
    lines = chain(said)
    assert verify(lines) is None
    for cut in range(1, len(lines)):
        assert verify(lines[cut:], after(lines[cut - 1])) is None


CHANGES: dict[str, Any] = {
    "at": lambda at: at + timedelta(microseconds=1) if at.year < 9000 else at - timedelta(days=1),
    "actor": lambda text: text + "x",
    "action": lambda text: text + "x",
    "subject": lambda text: text + "x",
    "outcome": lambda text: text + "x",
    "address": lambda text: "x" if text is None else None,
    "data": lambda data: data | {"new": 1},
    "count": lambda count: count + 1,
    "id": lambda id_: id_ + 100,
    "prev_hash": lambda _: "f" * 64,
    "hash": lambda _: "f" * 64,
}


@given(chains, st.data(), st.sampled_from(sorted(CHANGES)))
def test_a_changed_line_is_named(said: list[Entry], data: st.DataObject, name: str) -> None:
    assume(said)
    lines = chain(said)
    which = data.draw(st.integers(0, len(lines) - 1))
    changed = {name: CHANGES[name](getattr(lines[which], name))}
    lines[which] = replace(lines[which], **changed)
    assert verify(lines) == which + 1


@given(chains, st.data())
def test_a_changed_line_that_got_its_own_new_hash_breaks_the_next_one(
    said: list[Entry], data: st.DataObject
) -> None:
    assume(len(said) > 1)
    lines = chain(said)
    which = data.draw(st.integers(0, len(lines) - 2))
    forged = replace(lines[which], actor="somebody else entirely")
    lines[which] = replace(forged, hash=digest(forged, forged.id, forged.prev_hash))
    assert verify(lines) == which + 2


@given(chains, st.data())
def test_a_removed_line_is_named(said: list[Entry], data: st.DataObject) -> None:
    assume(len(said) > 1)
    lines = chain(said)
    which = data.draw(st.integers(0, len(lines) - 2))
    del lines[which]
    assert verify(lines) == which + 1


@given(chains, st.data())
def test_two_lines_that_changed_places_are_noticed(said: list[Entry], data: st.DataObject) -> None:
    assume(len(said) > 1)
    lines = chain(said)
    which = data.draw(st.integers(0, len(lines) - 2))
    lines[which], lines[which + 1] = lines[which + 1], lines[which]
    assert verify(lines) == which + 1


@given(chains, st.data())
def test_a_line_put_in_between_is_noticed(said: list[Entry], data: st.DataObject) -> None:
    assume(said)
    lines = chain(said)
    which = data.draw(st.integers(0, len(lines) - 1))
    lines.insert(which, link(lines[which], Head(which, lines[which].prev_hash)))
    assert verify(lines) in {which + 1, which + 2}


def test_the_chain_begins_with_zeros() -> None:
    assert Head() == Head(0, GENESIS)
    (line,) = chain([Entry(at=NOON, actor="a", action="b", subject="c", outcome="d")])
    assert (line.id, line.prev_hash) == (1, "0" * 64)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_json_does_not_know_never_reaches_the_chain(value: float) -> None:
    entry = Entry(at=NOON, actor="a", action="b", subject="c", outcome="d", data={"x": value})
    assert storable(entry).data == {"unreadable": "dict"}
