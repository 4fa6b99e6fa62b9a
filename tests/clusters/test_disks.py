"""Disks pinned by a mark of their own: what is taken, and what Talos is told."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from clusters.conftest import bundle
from clusters.samples import cluster, member
from ktizo.clusters import check, generate
from ktizo.clusters.disks import Pin, pinned
from ktizo.clusters.facts import MemberFacts
from ktizo.clusters.schemas.members import MemberIn
from ktizo.core import yaml
from ktizo.devices.schemas import InstallDisk
from ktizo.talos.validate import validate

LEGACY = ["v1.9.6", "v1.10.9", "v1.11.6", "v1.12.11", "v1.13.9"]
WWID, SERIAL = "wwid:naa.5002538e40b5cc1a", "serial:S664NE0R123456X"
ATA = "wwid:t10.ATA     QEMU HARDDISK                           QM00005"
QUOTED = 'serial:a"b'


@pytest.mark.parametrize(
    ("text", "pin"),
    [
        (WWID, Pin("wwid", "naa.5002538e40b5cc1a")),
        (SERIAL, Pin("serial", "S664NE0R123456X")),
        (ATA, Pin("wwid", ATA.removeprefix("wwid:"))),
        ("serial:a:b", Pin("serial", "a:b")),
        ("/dev/sda", None),
        ("/dev/disk/by-id/wwid:1", None),
        ("", None),
        (None, None),
    ],
)
def test_a_pin_is_one_disk_and_a_path_is_none(text: str | None, pin: Pin | None):
    assert pinned(text) == pin


@pytest.mark.parametrize("text", ["/dev/sda", WWID, SERIAL, ATA, QUOTED, "serial:" + "x" * 240])
def test_paths_and_pins_are_taken_where_one_machine_is_meant(text: str):
    assert MemberIn(install_disk=text).install_disk == text
    assert TypeAdapter(InstallDisk).validate_python(text) == text


@pytest.mark.parametrize(
    "text",
    ["wwid:*", "serial:S6?4", "wwid:[a-z]", "serial:{a,b}", "serial:a\\b", "wwid:", "serial:a\nb",
     "serial:ä", "uuid:1", "WWID:naa.1", "sda", "serial:" + "x" * 241, " wwid:naa.1", "wwid:a\n"],
)  # fmt: skip
def test_what_could_stand_for_other_disks_is_no_pin(text: str):
    """Before 1.14 Talos compares by pattern, and a disk says itself what it is called."""
    for take in (
        lambda: MemberIn(install_disk=text),
        lambda: TypeAdapter(InstallDisk).validate_python(text),
    ):
        with pytest.raises(ValidationError):
            take()


def made(version: str, disk: str, **settings: Any) -> list[Any]:
    prepared = generate.prepare(cluster(version, **settings), bundle(), "worker")
    text, _ = generate.machine(prepared, member(install_disk=disk))
    assert validate(text, version, on_node=True).ok
    return list(yaml.load_all(text))


@pytest.mark.parametrize("version", LEGACY)
@pytest.mark.parametrize("disk", [WWID, SERIAL, ATA, QUOTED])
def test_until_1_13_the_disk_is_selected_by_its_mark(version: str, disk: str):
    kind, _, value = disk.partition(":")
    install = made(version, disk)[0]["machine"]["install"]
    assert install["diskSelector"] == {kind: value}
    assert "disk" not in install
    assert "installer" in install["image"]


@pytest.mark.parametrize("disk", [WWID, SERIAL, ATA, QUOTED])
def test_from_1_14_on_by_an_expression(disk: str):
    kind, _, value = disk.partition(":")
    (found,) = [one for one in made("v1.14.0", disk) if one.get("kind") == generate.UNATTENDED[1]]
    quoted = generate.cel_text(value)
    assert found["provisioning"]["diskSelector"] == {"match": f"disk.{kind} == {quoted}"}


def test_a_machines_own_pin_takes_the_place_of_the_clusters_selector():
    of_cluster = {"install_disk": None, "install_disk_selector": {"model": "WDC*"}}
    install = made("v1.12.11", WWID, **of_cluster)[0]["machine"]["install"]
    assert install["diskSelector"] == {"wwid": "naa.5002538e40b5cc1a"}


def test_a_pin_and_a_path_are_both_looked_at_when_a_cluster_is_checked(
    monkeypatch: pytest.MonkeyPatch,
):
    seen: list[str | None] = []

    def look(_: object, one: MemberFacts, __: object) -> None:
        seen.append(one.install_disk)

    monkeypatch.setattr(check, "machine", look)
    disks = ["/dev/sda", "/dev/sdb", WWID, "wwid:naa.2", SERIAL]
    check.cluster(cluster(), bundle(), [member(install_disk=disk) for disk in disks])
    assert [one for one in seen if one] == ["/dev/sda", WWID, SERIAL]
