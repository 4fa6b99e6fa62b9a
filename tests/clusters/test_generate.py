"""Facts to configs: what holds whatever an operator chooses."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clusters.conftest import bundle
from clusters.samples import cluster, member
from ktizo.clusters import check, generate, links
from ktizo.clusters.check import ConfigRefused
from ktizo.clusters.facts import VolumeFacts
from ktizo.core import yaml
from ktizo.talos import secrets
from ktizo.talos.validate import validate

VERSIONS = ["v1.9.6", "v1.10.9", "v1.11.6", "v1.12.11", "v1.13.9", "v1.14.0"]
GOLDEN = Path(__file__).parents[3] / "shared" / "reference" / "talos" / "golden"


@pytest.mark.parametrize("version", ["v1.9.6", "v1.12.11"])
@pytest.mark.parametrize("role", ["controlplane", "worker"])
def test_without_wishes_of_its_own_a_cluster_gets_what_talosctl_makes(version, role):
    golden = GOLDEN / version
    if not golden.is_dir():
        pytest.skip("the goldens are not here")
    own = secrets.load((GOLDEN / "secrets.yaml").read_text())
    facts = cluster(
        version, name="test-cluster", install_image=f"ghcr.io/siderolabs/installer:{version}"
    )
    made = generate.prepare(facts, own, role).base.text()
    wanted = (golden / f"{role}.yaml").read_text()
    assert yaml.load_all(made) == yaml.load_all(wanted)


@pytest.mark.parametrize(
    ("version", "schematic", "image"),
    [
        ("v1.12.11", None, "ghcr.io/siderolabs/installer:v1.12.11"),
        ("v1.12.11", "a" * 64, f"factory.talos.dev/metal-installer/{'a' * 64}:v1.12.11"),
        ("v1.9.6", "a" * 64, f"factory.talos.dev/installer/{'a' * 64}:v1.9.6"),
        ("v1.14.0", None, f"factory.talos.dev/metal-installer/{generate.PLAIN}:v1.14.0"),
    ],
)
def test_the_installer_has_what_the_schematic_says(version, schematic, image):
    assert generate.installer(cluster(version, schematic=schematic)) == image


networks = st.booleans()
volumes = st.lists(
    st.builds(
        VolumeFacts,
        name=st.just("EPHEMERAL"),
        max_size=st.sampled_from([None, "100GB", "1TiB"]),
        min_size=st.sampled_from([None, "2GB"]),
        grow=st.sampled_from([None, True, False]),
    ),
    max_size=1,
).map(tuple)


@settings(max_examples=60, deadline=None)
@given(
    version=st.sampled_from(VERSIONS),
    role=st.sampled_from(["controlplane", "worker"]),
    vip=st.sampled_from([None, "192.0.2.10"]),
    gateway=st.sampled_from([None, "192.0.2.1"]),
    address=st.sampled_from([None, "192.0.2.11/24"]),
    hostname=st.sampled_from([None, "node-1"]),
    servers=st.booleans(),
    disk=st.sampled_from([None, "/dev/nvme0n1", '/dev/disk/by-id/a"b', "wwid:naa.5002538e"]),
    patched=st.booleans(),
    shared=volumes,
    own=volumes,
)
def test_whatever_is_chosen_talos_takes_the_config(
    version, role, vip, gateway, address, hostname, servers, disk, patched, shared, own
):
    facts = cluster(
        version,
        vip=vip,
        gateway=gateway,
        nameservers=("192.0.2.2",) if servers else (),
        time_servers=("ntp.example.org",) if servers else (),
        volumes={"cluster": shared},
    )
    wanted = member(
        role,
        hostname=hostname,
        address=address,
        install_disk=disk,
        volumes=own,
        patches=("machine:\n    sysfs:\n        a.b: c\n",) if patched else (),
    )
    text, _ = generate.machine(generate.prepare(facts, bundle(), role), wanted)
    assert validate(text, version, on_node=True).ok
    documents = yaml.load_all(text)
    assert documents[0]["machine"]["type"] == role
    assert ("192.0.2.11/24" in text) is (address is not None)
    assert (hostname or "stable") in text
    again, _ = generate.machine(generate.prepare(facts, bundle(), role), wanted)
    assert again == text, "the same facts, the same bytes"


def test_a_patch_of_the_link_we_configure_is_merged_not_lost():
    mtu = f"apiVersion: v1alpha1\nkind: LinkConfig\nname: {links.ALIAS}\nmtu: 9000\n"
    facts = cluster(patches={"cluster": (mtu,)})
    text, _ = generate.machine(
        generate.prepare(facts, bundle(), "worker"), member(address="192.0.2.11/24")
    )
    found = [one for one in yaml.load_all(text) if one.get("kind") == "LinkConfig"]
    assert found == [
        {
            "apiVersion": "v1alpha1",
            "kind": "LinkConfig",
            "name": links.ALIAS,
            "mtu": 9000,
            "addresses": [{"address": "192.0.2.11/24"}],
        }
    ]


def test_a_size_does_not_take_away_what_talos_adds_to_a_volume():
    facts = cluster("v1.14.0", volumes={"cluster": (VolumeFacts("EPHEMERAL", max_size="9GB"),)})
    text, _ = generate.machine(generate.prepare(facts, bundle(), "worker"), member())
    found = next(one for one in yaml.load_all(text) if one.get("name") == "EPHEMERAL")
    assert found["mount"] == {"secure": True}
    assert found["provisioning"] == {"maxSize": "9GB"}


def test_a_refusal_names_the_scope_and_the_number_of_the_patch():
    good, bad = "machine: {env: {A: b}}", "machine: {colour: blue}"
    facts = cluster(patches={"worker": (good, bad)})
    with pytest.raises(ConfigRefused, match=r"worker patch 2: .*machine.colour") as caught:
        check.cluster(facts, bundle())
    assert caught.value.detail["findings"][0]["path"] == "machine.colour"


def test_every_member_with_patches_of_its_own_is_looked_at():
    bad = member(device_id=7, patches=("cluster: {network: {dnsDomain: '!'}}",))
    with pytest.raises(ConfigRefused, match="the config of machine 7"):
        check.cluster(cluster(), bundle(), [member(device_id=6), bad])
