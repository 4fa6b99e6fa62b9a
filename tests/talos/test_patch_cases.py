"""Talos's own patcher as the judge: its outputs, its refusals, and its verdict on the results."""

import json

import pytest

from ktizo.core import yaml
from ktizo.core.errors import KtizoError
from ktizo.talos.patch import apply, load, parse, patched
from ktizo.talos.validate import validate
from talos.conftest import REFERENCE

CASES = "cases/patch-v1.12.11.jsonl"


def cases():
    path = REFERENCE / CASES
    if not path.is_file():
        return [pytest.param(None, id="absent")]
    rows = map(json.loads, path.read_text().splitlines())
    return [pytest.param(row, id=f"{row['name']}-{row['base'].split('/')[-1]}") for row in rows]


def strategic():
    return sorted(path.name for path in (REFERENCE / "strategic").glob("*")) or ["absent"]


@pytest.mark.parametrize("case", cases())
def test_a_patch_does_what_it_does_in_talos(reference, case):
    if case is None:
        pytest.skip(f"no {CASES} in the reference data")
    base = reference.text(case["base"])
    if case["patch_error"]:
        with pytest.raises(KtizoError):
            patched(base, case["patches"], case["version"])
        return
    text = patched(base, case["patches"], case["version"]).text()
    assert yaml.load_all(text) == yaml.load_all(case["output"])
    assert text == case["output"]
    assert validate(text, case["version"]).ok == case["validate"].startswith("OK")


@pytest.mark.parametrize("name", strategic())
def test_talos_s_own_merge_fixtures_come_out_as_expected(reference, name):
    left, right, expected = (
        reference.text(f"strategic/{name}/{side}.yaml") for side in ("left", "right", "expected")
    )
    merged = apply(parse(left, "v1.12"), [load(right, "v1.12")])
    assert merged.text() == parse(expected, "v1.12").text()


def test_every_case_was_tried(reference):
    assert len(reference.text(CASES).splitlines()) == len(cases()) == 42
    assert strategic() == ["001", "003", "005"]


@pytest.mark.parametrize("tag", ["v1.9.6", "v1.12.11", "v1.14.0-rc.1"])
@pytest.mark.parametrize("role", ["controlplane", "worker"])
def test_a_config_talos_wrote_is_the_same_text_after_an_empty_patch(reference, tag, role):
    text = reference.text(f"golden/{tag}/{role}.yaml")
    assert patched(text, ["machine: {}"], tag).text() == text
