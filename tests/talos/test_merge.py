"""Properties of merging, over values made from the tables of fields."""

from copy import deepcopy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ktizo.talos.documents import KINDS, legacy
from ktizo.talos.documents.findings import Findings, Place
from ktizo.talos.documents.shape import Anything, ListOf, MapOf, Struct
from ktizo.talos.documents.versions import LAST
from ktizo.talos.patch import apply, load, parse

CANDIDATES = [
    "a", "b", "", "1h", "2h", "10GiB", "20GiB", "192.0.2.1", "192.0.2.2", "192.0.2.0/24",
    "2001:db8::/64", "https://a.lan/x", "tcp://b.lan:1/", "52:54:00:12:34:56", "MAA=", "80-90",
    0, 1, 2, True, False,
]  # fmt: skip
KEYS = st.sampled_from("abc")
DEEPEST = 6


def taken(kind):
    """Return candidates as the type holds them."""
    found = []
    words = kind.noun.removeprefix("one of ").split(", ") if "one of" in kind.noun else []
    for value in [*CANDIDATES, *words]:
        findings = Findings()
        read = kind.read(value, Place(findings, LAST))
        if not findings.errors and read is not None:
            found.append(read)
    return found


MADE = {}  # by identity: a table of fields has no hash


def values(kind, lists=True, depth=0):
    """Make values of a type, without lists where those would append."""
    key = (id(kind), lists, depth)
    if key not in MADE:
        MADE[key] = made(kind, lists, depth)
    return MADE[key]


def made(kind, lists, depth):
    if isinstance(kind, Struct):
        return mappings(kind, lists, depth)
    if isinstance(kind, ListOf):
        return st.lists(values(kind.item, lists, depth + 1), max_size=2)
    if isinstance(kind, MapOf):
        return st.dictionaries(KEYS, values(kind.item, lists, depth + 1), max_size=2)
    if isinstance(kind, Anything):
        return st.dictionaries(KEYS, st.dictionaries(KEYS, st.integers(), max_size=2), max_size=2)
    return st.sampled_from(taken(kind))


def mappings(kind, lists, depth):
    fields = {
        key: field
        for key, field in kind.fields.items()
        if field.until is None and (lists or field.replaces or not isinstance(field.type, ListOf))
    }
    if depth > DEEPEST or not fields:
        return st.just({})
    some = st.lists(st.sampled_from(list(fields)), max_size=4, unique=True)
    return some.flatmap(
        lambda keys: st.fixed_dictionaries(
            {key: values(fields[key].type, lists, depth + 1) for key in keys}
        )
    )


TABLES = {"v1alpha1": legacy.FIELDS, **{name: kind.fields for name, kind in KINDS.items()}}
SOME = ["v1alpha1", "NetworkRuleConfig", *sorted(KINDS)[::11]]
# The machine that runs this may be busy with virtual ones.
BRIEFLY = settings(max_examples=40, deadline=None)
SEVERAL_TABLES = pytest.mark.parametrize("table", SOME)


@SEVERAL_TABLES
@BRIEFLY
@given(data=st.data())
def test_merging_changes_neither_side(table, data):
    kind = TABLES[table]
    left, right = data.draw(values(kind)), data.draw(values(kind))
    before = deepcopy((left, right))
    kind.merge(left, right)
    kind.tidy(kind.merge(left, right))
    assert (left, right) == before


@SEVERAL_TABLES
@BRIEFLY
@given(data=st.data())
def test_what_does_not_append_is_merged_once_however_often(table, data):
    kind = TABLES[table]
    left, right = data.draw(values(kind, lists=False)), data.draw(values(kind, lists=False))
    once = kind.merge(left, right)
    assert kind.merge(once, right) == once


@SEVERAL_TABLES
@BRIEFLY
@given(data=st.data())
def test_merging_nothing_changes_nothing(table, data):
    kind = TABLES[table]
    left = data.draw(values(kind))
    assert kind.merge(left, {}) == left
    assert kind.merge(left, None) == left
    assert kind.tidy(kind.merge({}, left)) == kind.tidy(left)


@SEVERAL_TABLES
@BRIEFLY
@given(data=st.data())
def test_what_is_written_reads_as_it_was(table, data):
    kind = TABLES[table]
    written = kind.tidy(data.draw(values(kind)))
    findings = Findings()
    read = kind.read(written, Place(findings, LAST))
    assert not [one for one in findings.errors if "known up to" not in one.reason]
    assert kind.tidy(read) == written


@BRIEFLY
@given(left=st.lists(KEYS, max_size=3), right=st.lists(KEYS, max_size=3))
def test_plain_lists_append(left, right):
    base, patch = (f"machine: {{type: worker, certSANs: {sans}}}" for sans in (left, right))
    found = apply(parse(base, "v1.12"), [load(patch, "v1.12")]).written()[0]["machine"]
    assert found.get("certSANs", []) == left + right


NAMED = st.dictionaries(st.sampled_from(["eth0", "eth1", "eth2"]), st.integers(1, 9000))


@BRIEFLY
@given(left=NAMED, right=NAMED)
def test_keyed_lists_merge_like_maps_in_order_of_appearance(left, right):
    base, patch = (
        {"machine": {"network": {"interfaces": [{"interface": k, "mtu": v} for k, v in x.items()]}}}
        for x in (left, right)
    )
    found = legacy.FIELDS.merge(base, patch)["machine"]["network"]["interfaces"]
    assert {one["interface"]: one["mtu"] for one in found} == left | right
    assert [one["interface"] for one in found] == list(left | right)
    assert legacy.FIELDS.merge(legacy.FIELDS.merge(base, patch), patch) == (
        legacy.FIELDS.merge(base, patch)
    )


@BRIEFLY
@given(data=st.data())
def test_a_loaded_patch_may_be_applied_to_many_configs(data):
    text = "machine: {certSANs: [b], sysctls: {b: x}}"
    patch, config = load(text, "v1.12"), parse("machine: {certSANs: [a]}", "v1.12")
    written = config.written()
    before = deepcopy((patch, written))
    first = apply(config, [patch])
    times = data.draw(st.integers(1, 3))
    assert [apply(config, [patch]).written() for _ in range(times)] == [first.written()] * times
    assert (patch, config.written()) == before
