"""The YAML module against what Go's yaml.v3 reads (resolve.go) and writes (emitterc.go)."""

import contextlib
import copy
import math
import pickle

import pytest
import yaml as pyyaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from core.go_scalars import GO_READS, GO_WRITES
from ktizo.core import yaml
from ktizo.core.errors import Invalid


def test_the_lists_hold_at_least_sixty_awkward_scalars_each():
    assert len(GO_READS) >= 60
    assert len(GO_WRITES) >= 60


@pytest.mark.parametrize(("text", "expected"), GO_READS.items(), ids=list(GO_READS))
def test_an_unquoted_scalar_reads_as_go_reads_it(text, expected):
    value = yaml.load(f"key: {text}\n")["key"]
    assert value == expected
    assert isinstance(value, type(expected))
    assert isinstance(value, bool) == isinstance(expected, bool)


@pytest.mark.parametrize("text", [*GO_READS, *GO_WRITES])
def test_every_awkward_text_comes_back_as_the_same_text(text):
    for value in (text, [text], {"key": text}, {text: 1}, [[text], {"a": {"b": [text, text]}}]):
        assert yaml.load(yaml.dump(value)) == value


@pytest.mark.parametrize(("text", "written"), GO_WRITES.items())
def test_text_is_quoted_where_go_quotes_it(text, written):
    assert yaml.dump({"key": text}) == f"key: {written}\n"


@pytest.mark.parametrize(
    "text", [text for text in GO_READS if isinstance(GO_READS[text], float | int)]
)
def test_a_number_read_and_written_again_keeps_its_spelling(text):
    # A Go text field takes the text of `0644`; written as 420 it would be another text.
    value = yaml.load(f"key: {text}")["key"]
    if not isinstance(value, bool):
        again = yaml.load(yaml.dump({"key": value}))["key"]
        assert again == value
        assert str(getattr(again, "text", again)) == str(getattr(value, "text", value))


def test_a_number_with_a_spelling_survives_copying_and_pickling():
    value = yaml.load("0644")
    assert (value, value.text) == (420, "0644")
    assert copy.deepcopy(value).text == pickle.loads(pickle.dumps(value)).text == "0644"
    assert yaml.dump(yaml.SpelledFloat(1000.0, "1e3")) == "1e3\n"
    assert yaml.dump([yaml.SpelledInt(5), yaml.SpelledFloat(0.5)]) == "- 5\n- 0.5\n"


def test_the_layout_is_gos():
    value = {
        "a": {"b": [1, {"c": 2, "d": {"e": [], "f": {}}, "g": "x\ny\n"}, [3, [4]], "p\nq"]},
        "h": None,
        "k" * 129: True,
    }
    assert yaml.dump(value) == (
        "a:\n    b:\n        - 1\n        - c: 2\n          d:\n            e: []\n"
        "            f: {}\n          g: |\n            x\n            y\n        - - 3\n"
        "          - - 4\n        - |-\n          p\n          q\nh: null\n"
        f'? "{"k" * 129}"\n: true\n'
    )


# The machine may be busy with other tests: time says nothing here.
CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
TEXT = st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(
    [*GO_READS, *GO_WRITES, "\n", " \n ", "a\n b\n\n", "\r", "k" * 130]
)
SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | TEXT
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4)
)


@CALM
@given(VALUES)
def test_what_is_written_reads_back_as_it_was(value):
    again = yaml.load(yaml.dump(value))
    assert again == value
    assert repr(again) == repr(value)


@CALM
@given(st.lists(VALUES, max_size=4))
@example(["a\n\n", "b", None, {}])
@example(["--- a", "...", "---"])
def test_several_documents_read_back_in_order(values):
    assert yaml.load_all(yaml.dump_all(values)) == values


@CALM
@given(VALUES)
def test_a_yaml_1_1_reader_sees_the_same_texts(value):
    # PyYAML is another reader altogether; what it takes for text must be what was text.
    def texts(item):
        if isinstance(item, dict):
            return [texts(part) for pair in item.items() for part in pair]
        return [texts(part) for part in item] if isinstance(item, list) else item

    again = pyyaml.load(yaml.dump(value), Loader=pyyaml.CBaseLoader)
    only_text = pyyaml.load(yaml.dump(again), Loader=pyyaml.CBaseLoader)
    assert texts(only_text) == texts(again)


@CALM
@given(st.text(max_size=40) | st.binary(max_size=40))
@example("? [a]: b")
@example("a: &a [*a]")
@example("\ufeffa: 1")
@example("%YAML 1.2\n---\na: 1")
def test_any_text_at_all_is_read_or_refused(text):
    with contextlib.suppress(yaml.UnreadableYaml):
        value = yaml.load_all(text)
        assert yaml.load_all(yaml.dump_all(value)) == value or "nan" in repr(value)


@pytest.mark.parametrize(
    ("text", "error", "line", "column", "says"),
    [
        ("a: 1\nb: 2\na: 3\n", yaml.DuplicateKey, 3, 1, "'a' is already defined"),
        ('a: {b: 1, "b": 2}', yaml.DuplicateKey, 1, 11, "'b' is already defined"),
        ("<<: {a: 1}\n<<: {b: 1}", yaml.DuplicateKey, 2, 1, "'<<' is already defined"),
        ("a: !!python/object:os.system {}", yaml.ForbiddenTag, 1, 4, "python/object"),
        ("a: !mine x", yaml.ForbiddenTag, 1, 4, "!mine"),
        ("a: !!binary aGk=", yaml.ForbiddenTag, 1, 4, "binary"),
        ("a: !!int x", yaml.UnreadableYaml, 1, 4, "cannot read 'x' as !!int"),
        ("a: !!int true", yaml.UnreadableYaml, 1, 4, "as !!int"),
        ("a: !!bool yes", yaml.UnreadableYaml, 1, 4, "as !!bool"),
        ("a: !!seq {}", yaml.ForbiddenTag, 1, 4, "seq"),
        ("a: 1\nb: [1\n", yaml.UnreadableYaml, 3, 1, "expected ',' or ']'"),
        ("a: 1\n\tb: 2", yaml.UnreadableYaml, 2, 1, "found a tab character"),
        ("a: \x01", yaml.UnreadableYaml, 1, 4, "control characters"),
        ("é: 1\nb: \x01", yaml.UnreadableYaml, 2, 4, "control characters"),
        ("a: *x", yaml.UnreadableYaml, 1, 4, "*x names nothing"),
        ("a: &x [*x]", yaml.UnreadableYaml, 1, 8, "*x names nothing"),
        ("? [1]\n: 2", yaml.UnreadableYaml, 1, 3, "a key must be text"),
        ("&a 1: x\nb: &c [1]\n*c : 2", yaml.UnreadableYaml, 3, 1, "a key must be text"),
        ("~: 1", yaml.UnreadableYaml, 1, 1, "must not be empty or null"),
        ("<<: 3", yaml.UnreadableYaml, 1, 1, "takes a mapping"),
        ("a: 1\n---\nb: 2\nb: 3", yaml.DuplicateKey, 4, 1, "'b' is already defined"),
        ("a: '\ud800'", yaml.UnreadableYaml, None, None, "not UTF-8"),
        (b"a: \xff", yaml.UnreadableYaml, None, None, "not UTF-8"),
    ],
)
def test_a_text_is_refused_with_its_line(text, error, line, column, says):
    with pytest.raises(error) as caught:
        yaml.load_all(text)
    assert (caught.value.line, caught.value.column) == (line, column)
    assert says in caught.value.message
    assert isinstance(caught.value, Invalid)
    if line:
        assert caught.value.message.startswith(f"line {line}, column {column}: ")


def test_more_documents_than_one_are_refused_where_one_is_meant():
    with pytest.raises(yaml.UnreadableYaml, match="one document"):
        yaml.load("a: 1\n---\nb: 2\n")
    assert yaml.load("") is None
    assert yaml.load("# nothing\n") is None
    assert yaml.load_all("") == []
    assert yaml.load_all("a: 1\n---\n---\nb: 2\n") == [{"a": 1}, None, {"b": 2}]


@pytest.mark.parametrize(
    "text", ["[" * 200_000, "{a: " * 100_000, "- " * 100_000], ids=["lists", "maps", "blocks"]
)
def test_nesting_has_an_end(text):
    with pytest.raises(yaml.TooMuchYaml, match="levels of nesting"):
        yaml.load(text)


def test_a_value_that_holds_itself_is_not_written():
    value: list = []
    value.append({"again": value})
    with pytest.raises(Invalid, match="holds itself"):
        yaml.dump(value)
    deep: object = 1
    for _ in range(yaml.MAX_DEPTH):
        deep = [deep]
    assert yaml.load(yaml.dump(deep)) == deep
    with pytest.raises(Invalid, match="holds itself"):
        yaml.dump([deep])


def test_aliases_may_repeat_but_not_multiply():
    lines = ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 10)]
    with pytest.raises(yaml.TooMuchYaml, match="aliases multiply"):
        yaml.load("\n".join(lines))
    with pytest.raises(yaml.TooMuchYaml, match="aliases multiply"):
        yaml.load(f"a: &a {'x' * 100_000}\nb: [{', '.join(['*a'] * 20)}]")
    assert yaml.load("a: &a {b: 1}\nc: *a\nd: [*a, *a]")["d"] == [{"b": 1}, {"b": 1}]


def test_an_alias_is_a_copy_and_a_later_anchor_takes_the_name():
    value = yaml.load("a: &a {b: [1]}\nc: *a\nd: &a 2\ne: *a\n&k key: 1\nf: *k")
    value["c"]["b"].append(2)
    assert value["a"] == {"b": [1]}
    assert (value["e"], value["f"]) == (2, "key")
    assert "&" not in yaml.dump({"a": value["a"], "b": value["a"]})


def test_a_merge_fills_in_what_is_not_said():
    text = "a: &a {x: 1, y: 2}\nb: &b {y: 3, z: 4}\nc: {<<: [*a, *b], x: 0}\nd: {'<<': 1}"
    value = yaml.load(text)
    assert value["c"] == {"x": 0, "y": 2, "z": 4}
    assert value["d"] == {"<<": 1}


def test_core_tags_are_taken_at_their_word():
    text = "[!!str 1, !!str null, !!int '3', !!float 3, !!bool TRUE, !!null ~, ! 12, ! '12']"
    assert yaml.load(text) == ["1", "null", 3, 3.0, True, None, 12, "12"]
    text = "{a: !!map {}, b: !!seq [], c: ! {}, ! d: 1}"
    assert yaml.load(text) == {"a": {}, "b": [], "c": {}, "d": 1}


def test_keys_are_the_text_that_was_written():
    assert yaml.load("{on: 1, 0644: 2, true: 3, 1.5: 4}") == {
        "on": 1,
        "0644": 2,
        "true": 3,
        "1.5": 4,
    }
    with pytest.raises(Invalid, match="a key must be text, not int"):
        yaml.dump({1: "a"})


@pytest.mark.parametrize(
    "text",
    ["a: " + "x" * 10_000_000, b"#" * 10_000_000, "é" * 6_000_000],
    ids=["text", "bytes", "two-byte characters"],
)
def test_ten_megabytes_are_refused(text):
    with pytest.raises(yaml.TooMuchYaml, match="at most 9,999,999 are read"):
        yaml.load(text)


@pytest.mark.parametrize(
    "text", ["[" + "a," * 1_000_000 + "]", "a: 1\n---\n" * 300_000], ids=["list", "documents"]
)
def test_a_million_values_are_refused_before_they_are_all_read(text):
    with pytest.raises(yaml.TooMuchYaml, match="more than 1,000,000 values"):
        yaml.load_all(text)


@pytest.mark.parametrize(
    ("value", "says"),
    [(2**64, "64 bits"), (object(), "cannot be written"), (b"x", "bytes"), ("\ud800", "surrogate")],
)
def test_what_yaml_cannot_hold_is_not_written(value, says):
    with pytest.raises(Invalid, match=says):
        yaml.dump({"key": value})


def test_floats_stay_floats():
    written = yaml.dump([1.0, 1e16, -0.0, math.inf, -math.inf])
    assert written == "- 1.0\n- 1e+16\n- -0.0\n- .inf\n- -.inf\n"
    assert math.isnan(yaml.load(yaml.dump(math.nan)))
