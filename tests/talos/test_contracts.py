import itertools

import pytest

from ktizo.core.errors import Invalid
from ktizo.talos import contracts
from ktizo.talos.compatibility import (
    TABLE,
    check_kubernetes,
    check_kubernetes_upgrade,
    check_talos_upgrade,
    parse,
)
from ktizo.talos.contracts import CONTRACTS, contract


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("v1.9", contracts.V1_9),
        ("1.9", contracts.V1_9),
        ("v1.10.9", contracts.V1_10),
        ("1.12.11", contracts.V1_12),
        (" v1.13 ", contracts.V1_13),
        ("v1.14.0-rc.1", contracts.V1_14),
        ("v1.14.0-alpha.0-12-gabcdef", contracts.V1_14),
    ],
)
def test_a_version_is_understood_however_it_is_written(version, expected):
    assert contract(version) is expected


@pytest.mark.parametrize("version", ["v1.8.4", "1.15", "2.0", "v0.14.1", "v1.100"])
def test_a_talos_outside_the_range_is_refused_with_the_range(version):
    with pytest.raises(Invalid, match=r"outside what Ktizo makes configs for: v1\.9 to v1\.14"):
        contract(version)


@pytest.mark.parametrize("version", ["", "v1", "latest", "1.12.x", "v1.12.11 or so"])
def test_what_is_no_version_is_refused_with_how_to_write_one(version):
    with pytest.raises(Invalid, match=r"write it as v1\.12"):
        contract(version)


def test_every_contract_has_its_row_and_its_own_default_kubernetes_is_in_range():
    assert set(CONTRACTS) == set(TABLE)
    for talos in CONTRACTS.values():
        newest = TABLE[talos.minor].kubernetes[1]
        assert check_kubernetes(talos, talos.default_kubernetes) == talos.default_kubernetes
        assert parse(talos.default_kubernetes)[:2] == newest


@pytest.mark.parametrize(
    ("talos", "oldest", "newest"),
    [
        ("1.9", 27, 32), ("1.10", 28, 33), ("1.11", 29, 34),
        ("1.12", 30, 35), ("1.13", 31, 36), ("1.14", 32, 37),
    ],
)  # fmt: skip
def test_each_talos_runs_six_kubernetes_versions_and_no_other(talos, oldest, newest):
    for minor in range(oldest, newest + 1):
        assert check_kubernetes(contract(talos), f"v1.{minor}.3") == f"1.{minor}.3"
    for minor in (oldest - 1, newest + 1):
        with pytest.raises(Invalid, match=f"runs Kubernetes 1.{oldest} to 1.{newest}, not"):
            check_kubernetes(contract(talos), f"1.{minor}.0")


def test_a_kubernetes_release_candidate_counts_as_its_minor_version():
    assert check_kubernetes(contracts.V1_14, "1.37.0-rc.0") == "1.37.0-rc.0"
    with pytest.raises(Invalid, match=r"write it as 1\.35\.4"):
        check_kubernetes(contracts.V1_14, "newest")


@pytest.mark.parametrize(
    ("host", "target"),
    [
        ("v1.12.11", "v1.13.9"), ("1.10.9", "1.12.11"), ("1.8.0", "1.9.6"), ("1.12.3", "1.12.11"),
        ("1.13.9", "1.12.11"), ("1.10.0", "1.9.6"), ("1.15.0", "1.14.0"),
    ],
)  # fmt: skip
def test_a_host_may_take_these_steps(host, target):
    check_talos_upgrade(host, target)


@pytest.mark.parametrize(
    ("host", "target", "says"),
    [
        ("1.9.6", "1.12.11", "only 1.10 to 1.13 can"),
        ("1.11.6", "1.14.0", "only 1.12 to 1.15 can"),
        ("1.14.0", "1.12.11", "only 1.10 to 1.13 can"),
        ("1.11.0", "1.9.6", "only 1.8 to 1.10 can"),
        ("1.7.7", "1.9.6", "only 1.8 to 1.10 can; take the versions between one at a time"),
        ("1.12.0", "1.15.0", "v1.9 to v1.14"),
    ],
)
def test_a_host_may_not_jump_further_and_is_told_from_where_it_could(host, target, says):
    with pytest.raises(Invalid, match=says):
        check_talos_upgrade(host, target)


def test_kubernetes_goes_one_minor_version_at_a_time():
    check_kubernetes_upgrade(contracts.V1_12, "1.34.2", "1.35.4")
    check_kubernetes_upgrade(contracts.V1_12, "1.35.0", "1.35.4")
    for current, target in (("1.33.0", "1.35.4"), ("1.35.0", "1.34.1")):
        with pytest.raises(Invalid, match="the same or the next minor version"):
            check_kubernetes_upgrade(contracts.V1_12, current, target)
    with pytest.raises(Invalid, match=r"runs Kubernetes 1\.30 to 1\.35"):
        check_kubernetes_upgrade(contracts.V1_12, "1.35.0", "1.36.0")


def test_what_each_version_added_or_dropped_is_in_one_place():
    def changed(before, after):
        names = (name for name in before.__slots__ if name not in ("minor", "default_kubernetes"))
        return {name for name in names if getattr(before, name) != getattr(after, name)}

    versions = [CONTRACTS[minor] for minor in sorted(CONTRACTS)]
    assert [changed(*pair) for pair in itertools.pairwise(versions)] == [
        set(),
        set(),
        {
            "locked_features",
            "endpoint_in_cert_sans",
            "grub_uses_uki_cmdline",
            "network_documents",
        },
        {"empty_machine_network", "kubespan_document", "roles"},
        {"grub_uses_uki_cmdline", "split", "urlsafe_cluster_id"},
    ]
