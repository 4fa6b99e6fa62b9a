"""Selectors: what Talos's CEL compiler takes, what it refuses, and that nothing breaks ours."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ktizo.talos.cel import DISK, LINK, OOM_RANKING, OOM_TRIGGER, VOLUME, problem

EVERY_ENVIRONMENT = (DISK, VOLUME, LINK, OOM_TRIGGER, OOM_RANKING)


@pytest.mark.parametrize(
    "selector",
    [
        "system_disk",
        "!!system_disk",
        "disk.size > 100u * GB && disk.size < 2u*TiB",
        "disk.size >= 107374182400u",
        "disk.transport == 'nvme' && !disk.rotational",
        'disk.dev_path in ["/dev/sda", "/dev/sdb"]',
        "glob('WDC*', disk.model) || disk.serial.startsWith('S3')",
        "disk.wwid.matches(r'naa\\.\\d+')",
        '"/dev/disk/by-id/x" in disk.symlinks',
        "disk.symlinks.exists(link, link.endsWith('-part1'))",
        "size(disk.symlinks) > 0 && disk.secondary_disks.size() == 0",
        "int(disk.size) > -1 && uint(5) < disk.size",
        "disk.rotational ? disk.size > 1u * TiB : true",
        "has(disk.serial)",
        "type(disk.size) == uint",
        " || ".join(f"disk.serial == 'S{number}'" for number in range(300)),
    ],
)
def test_a_disk_selector_talos_takes_is_taken(selector):
    assert problem(selector, DISK) is None


@pytest.mark.parametrize(
    ("selector", "reason"),
    [
        ("disk.size > 100", "write 120u instead of 120 (column 11)"),
        ("disk.size >= 100 * GiB", "'_*_' applied to '(int, uint)'; sizes are unsigned"),
        ("disk.size in [1, 2]", "'@in' applied to '(uint, list(int))'"),
        ("disk.size > 1.5 * GiB", "'(double, uint)'"),
        ("disk.size", "expression output type is uint, expected bool"),
        ("disk.transprot == 'nvme'", "undefined field 'transprot'; disk has: bus_path, cdrom"),
        ("disks.size > 1u", "undeclared reference to 'disks' (known here: disk, ...)"),
        ("volume.size > 1u", "undeclared reference to 'volume'"),
        ("diskSize(disk) > 1u", "undeclared reference to 'diskSize'"),
        ("disk.rotational == 'no'", "'_==_' applied to '(bool, string)'"),
        ("disk.serial.contains(1)", "'contains' applied to 'string.(int)'"),
        ("disk.model.size.name == ''", "type 'string' does not support field selection"),
        ("system_disk && 1", "'_&&_' applied to '(bool, int)'"),
        ("system_disk ? true : 1", "'_?_:_' applied to '(bool, bool, int)'"),
        ("!disk.model", "'!_' applied to '(string)'"),
        ("-disk.size > 1u", "'-_' applied to '(uint)'"),
        ("glob('a')", "'glob' applied to '(string)'"),
        ("size() > 1", "'size' applied to '()'"),
        ("has(disk)", "invalid argument to has() macro"),
        ("disk.symlinks.all(1, true)", "argument of all() must be a simple name"),
        ("disk.symlinks.exists(x, x)", "exists() needs a bool, found string"),
        ("disk.size.exists(x, true)", "expression of type 'uint' cannot be range of a macro"),
        ("disk.dev_path = '/dev/sda'", "token recognition error at: '=' (column 15)"),
        ("disk.size > 100GB", "mismatched input 'GB', want end"),
        ("disk.model == '\\d'", "token recognition error"),
        ("disk.model == 'a", "token recognition error"),
        ("disk.size > 99999999999999999999u", "invalid uint literal"),
        ("(system_disk", "mismatched input '<EOF>', want )"),
        ("system_disk ||", "mismatched input '<EOF>', want name (column 15)"),
        ("", "mismatched input '<EOF>', want name (column 1)"),
        ("(" * 100 + "true" + ")" * 100, "nested deeper than 60"),
        ("disk" + ".size" * 100, "more than 60 fields or calls in a row"),
        ("true ||" * 5_000, "longer than 10000 characters"),
    ],
)
def test_a_disk_selector_talos_refuses_is_refused_with_the_reason(selector, reason):
    assert reason in problem(selector, DISK)


@pytest.mark.parametrize(
    ("expression", "environment"),
    [
        ('volume.partition_label == "DATA" && disk.transport == "nvme"', VOLUME),
        ("volume.size > 10u * GiB", VOLUME),
        ('mac(link.permanent_addr) == "52:54:00:12:34:56"', LINK),
        ("glob('00:1a:*', mac(link.hardware_addr)) && link.driver == 'e1000'", LINK),
        ("memory_full_avg10 > 12.0 && time_since_trigger > duration('30s')", OOM_TRIGGER),
        ("multiply_qos_vectors(d_qos_memory_full_total, {Burstable: 1.0}) > 0.0", OOM_TRIGGER),
        ("memory_max.hasValue() ? 0.0 : {Besteffort: 1.0}[class] * 2.0", OOM_RANKING),
    ],
)
def test_each_environment_has_what_talos_gives_it(expression, environment):
    assert problem(expression, environment) is None


def test_a_ranking_is_a_number_and_a_selector_a_truth():
    assert problem("true", OOM_RANKING) == "expression output type is bool, expected double"
    assert problem("1.0", DISK) == "expression output type is double, expected bool"


WORDS = """disk volume link .size .symlinks [0] (u) ( ) [ ] { } : , ? ! - + * / % && || == < in
    1 1u 2.5 'a' r'' has( size( type( .exists(x, x true null GiB //"""
SENTENCES = st.lists(st.sampled_from([*WORDS.split(), "\n"]), max_size=40).map(" ".join)


@settings(deadline=None)  # the machine that runs this may be busy with virtual ones
@given(SENTENCES | st.text(max_size=200))
def test_no_text_makes_the_compiler_fail(text):
    for environment in EVERY_ENVIRONMENT:
        assert isinstance(problem(text, environment), str | None)
