"""Which disk a config would erase is read from the config itself."""

import pytest

from clusters.samples import cluster, member
from ktizo.clusters import generate
from ktizo.core import yaml
from ktizo.nodes.aim import Aim, aim, shoot
from ktizo.nodes.inspect.found import FoundDisk
from nodes.conftest import VERSIONS, new_bundle

ODD = 'a "b" &&c.1'
DISKS = (
    FoundDisk("/dev/sda", 1, wwid="W1", serial="S1", transport="sata"),
    FoundDisk("/dev/sdb", 1, wwid=ODD, serial="S2", symlinks=("/dev/disk/by-id/x",)),
)


def config(version: str, install_disk: str | None) -> bytes:
    """A config of a machine with this disk."""
    made = generate.prepare(cluster(version), BUNDLE, "worker")
    return generate.machine(made, member(install_disk=install_disk))[0].encode()


def matching(match: str) -> bytes:
    """A config whose disk the cluster selects by CEL."""
    shared = {"install_disk": None, "install_disk_match": match}
    made = generate.prepare(cluster("v1.14.0-rc.1", **shared), BUNDLE, "worker")
    return generate.machine(made, member())[0].encode()


BUNDLE = new_bundle()


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("install_disk", "aimed", "disk"),
    [
        ("wwid:W1", Aim("wwid", "W1"), "/dev/sda"),
        ("serial:S2", Aim("serial", "S2"), "/dev/sdb"),
        (f"wwid:{ODD}", Aim("wwid", ODD), "/dev/sdb"),
        ("/dev/sda", Aim("path", "/dev/sda"), "/dev/sda"),
        ("/dev/disk/by-id/x", Aim("path", "/dev/disk/by-id/x"), "/dev/sdb"),
        (None, Aim("path", "/dev/sda"), "/dev/sda"),
    ],
)
def test_what_ktizo_writes_is_followed_in_every_version(
    version: str, install_disk: str | None, aimed: Aim, disk: str
):
    body = config(version, install_disk)
    assert aim(body) == aimed
    shot = shoot(body, install_disk, DISKS)
    assert shot.disk is not None
    assert (shot.disk.name, shot.missing, shot.wrong) == (disk, "", "")


@pytest.mark.parametrize(
    "match",
    [
        "disk.size > 10u * GB",
        'disk.wwid == "W1" || disk.wwid == "W2"',
        'disk.wwid == "W1" && disk.size > 5u',
        "!disk.readonly",
    ],
)
def test_a_selector_only_talos_can_evaluate_is_left_to_it(match: str):
    body = matching(match)
    assert aim(body) == Aim(other=match)
    assert shoot(body, None, DISKS).wrong == shoot(body, None, DISKS).missing == ""
    assert shoot(body, None, ()).missing == match, "without a disk nothing fits"
    assert shoot(body, "wwid:W1", DISKS).wrong, "but never in place of a pin"


def test_what_a_selector_adds_harmlessly_changes_nothing():
    match = '!disk.readonly && disk.serial == "S1" && disk.transport != ""'
    body = matching(match)
    assert aim(body) == Aim("serial", "S1")


@pytest.mark.parametrize(
    "text",
    ["a: 1\n", "machine: []\n", "machine:\n  install: 7\n", "kind: UnattendedInstallConfig\n"],
)
def test_a_config_that_names_no_disk_hits_none(text: str):
    assert shoot(text.encode(), "wwid:W1", DISKS).wrong
    assert shoot(text.encode(), None, DISKS).disk is None


def test_a_selector_of_two_marks_is_not_a_pin():
    selector = {"machine": {"install": {"diskSelector": {"wwid": "W1", "serial": "S1"}}}}
    assert aim(yaml.dump(selector).encode()).other
