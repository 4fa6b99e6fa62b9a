"""Talos's own outputs, reproduced from the same secrets and inputs, byte for byte."""

from dataclasses import replace

import pytest

from ktizo.core import yaml
from ktizo.talos import contracts, secrets
from ktizo.talos.generate import Base, documents
from ktizo.talos.inputs import Cluster, Cni, Install, Mirror, Role
from talos.conftest import REFERENCE


def present(pattern, expected):
    """Return the versions the reference data has, at least the expected ones: they skip if gone."""
    found = {path.parent.name for path in REFERENCE.glob(pattern)}
    return sorted(found | set(expected))


GOLDENS = present("golden/v*/controlplane.yaml*", ("v1.9.6", "v1.12.11", "v1.14.0-rc.1"))
STABLE = present("stability/v*/base-controlplane.yaml*", ("v1.9", "v1.12"))
ROLES = pytest.mark.parametrize("role", list(Role))


def golden_cluster(tag, bundle):
    contract = contracts.contract(tag)
    return Cluster(
        name="test-cluster",
        endpoint="https://192.0.2.10:6443",
        secrets=bundle,
        contract=contract,
        kubernetes=contract.default_kubernetes,
        install=Install(disk="/dev/sda", image=f"ghcr.io/siderolabs/installer:{tag}"),
    )


@pytest.fixture(scope="module")
def stability_secrets(reference):
    return secrets.load(reference.text("stability/secrets.yaml"))


def base_cluster(version, bundle):
    return Cluster(
        name="base",
        endpoint="https://base:6443",
        secrets=bundle,
        contract=contracts.contract(version),
        kubernetes="1.28.0",
    )


def overridden(cluster):
    return replace(
        cluster,
        cert_sans=("foo", "bar"),
        allow_scheduling_on_control_planes=True,
        dns_domain="example.com",
        install=Install(disk="/dev/vda", extra_kernel_args=("foo=bar", "bar=baz")),
        local_api_port=5443,
        sysctls={"foo": "bar"},
        cni=Cni("custom", ("https://example.com/cni.yaml",)),
        mirrors={"ghcr.io": Mirror(("https://ghcr.io.my-mirror.com",))},
    )


def patched(found, patch):
    """Put the one thing patch.yaml says where Go's struct order has it."""
    mounts = patch["machine"]["kubelet"]["extraMounts"]
    ordered = [
        {key: mount[key] for key in ("destination", "type", "source", "options")}
        for mount in mounts
    ]
    kubelet = found[0]["machine"]["kubelet"]
    found[0]["machine"]["kubelet"] = {"image": kubelet["image"], "extraMounts": ordered} | kubelet
    return found


@ROLES
@pytest.mark.parametrize("tag", GOLDENS)
def test_a_golden_is_reproduced_byte_for_byte(reference, golden_secrets, tag, role):
    expected = reference.text(f"golden/{tag}/{role}.yaml")
    cluster = golden_cluster(tag, golden_secrets)
    found = documents(cluster, role)
    assert found == yaml.load_all(expected)
    assert Base(found, cluster.contract).text() == expected


@ROLES
@pytest.mark.parametrize("version", STABLE)
def test_a_stability_base_is_reproduced_byte_for_byte(reference, stability_secrets, version, role):
    expected = reference.text(f"stability/{version}/base-{role}.yaml")
    cluster = base_cluster(version, stability_secrets)
    found = documents(cluster, role)
    assert found == yaml.load_all(expected)
    assert Base(found, cluster.contract).text() == expected


@ROLES
@pytest.mark.parametrize("version", STABLE)
def test_stability_overrides_are_reproduced_byte_for_byte(
    reference, stability_secrets, version, role
):
    expected = reference.text(f"stability/{version}/overrides-{role}.yaml")
    cluster = overridden(base_cluster(version, stability_secrets))
    if cluster.contract.split:
        pytest.skip("the patch for split contracts is not in the reference data")
    patch = yaml.load(reference.text("stability/patch.yaml"))
    found = patched(documents(cluster, role), patch)
    assert found == yaml.load_all(expected)
    assert Base(found, cluster.contract).text() == expected


@ROLES
@pytest.mark.parametrize(("version", "like"), [("v1.10", "v1.9.6"), ("v1.11", "v1.9.6")])
def test_1_10_and_1_11_differ_from_1_9_in_image_tags_alone(
    reference, golden_secrets, version, like, role
):
    other = replace(golden_cluster(like, golden_secrets), contract=contracts.contract(version))
    expected = yaml.load_all(reference.text(f"golden/{like}/{role}.yaml"))
    assert documents(other, role) == expected


@ROLES
def test_1_13_differs_from_1_12_in_the_empty_network_alone(reference, golden_secrets, role):
    cluster = replace(
        golden_cluster("v1.12.11", golden_secrets), contract=contracts.contract("v1.13")
    )
    expected = yaml.load_all(reference.text(f"golden/v1.12.11/{role}.yaml"))
    del expected[0]["machine"]["network"]
    assert documents(cluster, role) == expected


@pytest.mark.parametrize("tag", GOLDENS)
def test_a_golden_read_and_written_is_the_same_text(reference, tag):
    for role in Role:
        text = reference.text(f"golden/{tag}/{role}.yaml")
        assert yaml.dump_all(yaml.load_all(text)) == text
    text = reference.text(f"golden/{tag}/talosconfig")
    assert yaml.dump(yaml.load(text)) == text
