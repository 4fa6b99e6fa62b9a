"""Talos's own validator as the judge: each case as a whole file on metal (field `metal`)."""

import json

import pytest

from ktizo.core import yaml
from ktizo.talos.validate import validate, validate_documents

CASES = "cases/validation-v1.12.11.jsonl"
V = "v1.12"

# Bad configs we take all the same, by test name; each with its reason in docs/talos-validation.md.
MISSES: set[str] = set()

ABOUT_THE_WHOLE = {"there is no document in it"}


@pytest.fixture(scope="module")
def rows(reference):
    return [json.loads(line) for line in reference.text(CASES).splitlines()]


def names(rows):
    return [row["test"] for row in rows]


def test_there_are_as_many_cases_as_the_goal_speaks_of(rows):
    good = [row for row in rows if row["metal"] == "OK"]
    assert (len(good), len(rows) - len(good)) == (60, 179)


def test_no_good_config_is_refused(rows):
    good = [row for row in rows if row["metal"] == "OK"]
    assert names(row for row in good if not validate(row["yaml"], V).ok) == []


def test_every_bad_config_is_refused_but_the_listed_ones(rows):
    bad = [row for row in rows if row["metal"] != "OK"]
    missed = names(row for row in bad if validate(row["yaml"], V).ok)
    assert set(missed) == MISSES
    assert len(missed) <= 0.05 * len(bad)


def test_every_refusal_has_a_reason_and_says_where(rows):
    for row in rows:
        for finding in validate(row["yaml"], V).errors:
            assert finding.reason, row["test"]
            assert finding.document or finding.reason in ABOUT_THE_WHOLE, row["test"]


def test_documents_are_judged_as_talos_s_unit_tests_judge_them(rows):
    """Fill in the install section most unit tests leave out, and compare with field `error`."""
    for row in rows:
        if row["metal"] == "LOADERR" or "warning:" in row["error"]:
            continue
        documents = [one for one in yaml.load_all(row["yaml"]) if one]
        if not row["requires_install"]:
            for document in documents:
                if "kind" not in document and document.get("machine"):
                    document["machine"].setdefault("install", {"disk": "/dev/vda"})
        verdict = validate_documents(documents, V)
        assert verdict.ok == (not row["error"]), (row["test"], row["error"], verdict.errors)


VERSIONS = [f"v1.{number}" for number in range(9, 15)]


def generated():
    for tag, first in (("v1.9.6", 9), ("v1.12.11", 12), ("v1.14.0-rc.1", 14)):
        for role in ("controlplane", "worker"):
            yield f"golden/{tag}/{role}.yaml", first
    yield "stability/v1.9/overrides-controlplane.yaml", 9
    yield "stability/v1.9/overrides-worker.yaml", 9


@pytest.mark.parametrize(("name", "first"), list(generated()))
def test_a_generated_config_is_valid_from_its_version_on_and_no_sooner(reference, name, first):
    text = reference.text(name)
    taken = [version for version in VERSIONS if validate(text, version).ok]
    assert taken == [f"v1.{number}" for number in range(first, 15)]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_config_without_an_install_disk_is_refused_on_metal(reference, version):
    text = reference.text("stability/v1.9/base-worker.yaml")
    (error,) = validate(text, version).errors
    assert error.path == "machine.install"
    assert "either install disk or diskSelector should be defined" in error.reason
