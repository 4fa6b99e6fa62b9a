"""A machine nobody approved stays off every installer and boots its own disk, in every way."""

from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from itertools import product

import pytest

from . import office
from .machine import LOCAL_DISK_BOOTED, VirtualMachine
from .office import Boot
from .site import Site, together

NEEDS = ("loaders", "standin-amd64", "disks")

FIRMWARES = ("uefi", "bios")
HANDOVERS = ("exit", "http_404", "sanboot")
INSTALLER = {"kernel_sent", "initrd_sent", "config_sent", "lease_granted"}


@dataclass(frozen=True)
class Story:
    """What one machine went through."""

    machine: VirtualMachine
    boot: Boot
    kinds: list[str]
    device: office.Device


def never_seen_before(site: Site, firmware: str) -> Story:
    """Switch on a machine that Ktizo has never heard of."""
    return _boot(site, site.machine(firmware), "decided", "device_seen")


def handed_over(site: Site, firmware: str, handover: str) -> Story:
    """Switch on a machine that was entered with its way to the disk, and not approved."""
    machine = site.machine(firmware)
    office.register(site.ktizo, machine, handover=handover)
    return _boot(site, machine, "decided")


def rejected(site: Site, firmware: str) -> Story:
    """Switch on a machine that was approved once and is rejected now."""
    machine = site.machine(firmware)
    device = office.register(site.ktizo, machine)
    office.approve(site.ktizo, device, "standin-amd64")
    site.ktizo.api("POST", f"devices/{device['id']}/reject")
    return _boot(site, machine, "decided")


def _boot(site: Site, machine: VirtualMachine, *noted: str) -> Story:
    with machine:
        machine.wait(LOCAL_DISK_BOOTED)
    device = office.wait_for_device(site.ktizo, machine)
    boot = office.wait_for_boot(site.ktizo, device, noted)
    return Story(machine, boot, office.all_kinds(site.ktizo, device), device)


@pytest.fixture(scope="module")
def stories(site: Site) -> Iterator[dict[str, "Future[Story]"]]:
    office.create_profile(site.ktizo, office.standin("amd64"))
    tellers = {
        f"{firmware}-{handover}": partial(handed_over, site, firmware, handover)
        for firmware, handover in product(FIRMWARES, HANDOVERS)
    }
    tellers |= {f"unknown-{name}": partial(never_seen_before, site, name) for name in FIRMWARES}
    tellers["rejected"] = partial(rejected, site, "bios")
    with together(tellers) as told:
        yield told


@pytest.mark.parametrize("firmware", FIRMWARES)
def test_an_unknown_machine_is_noted_and_boots_its_own_disk(
    stories: dict[str, "Future[Story]"], firmware: str
) -> None:
    story = stories[f"unknown-{firmware}"].result()
    assert story.machine.console.saw("Ktizo: booting from the local disk")
    assert story.machine.console.saw("never seen before and is not approved")
    assert story.boot.decisions == [("local_disk", "unknown")]
    assert "device_seen" in story.kinds
    assert INSTALLER.isdisjoint(story.kinds)
    assert story.device["state"] == "pending"
    assert story.device["uuid"] == story.machine.smbios.uuid
    assert story.device["serial"] == story.machine.smbios.serial
    assert story.device["firmware"] == firmware
    assert story.device["arch"] == "x86_64"


@pytest.mark.parametrize("firmware", FIRMWARES)
@pytest.mark.parametrize("handover", HANDOVERS)
def test_every_way_of_handing_over_ends_on_the_local_disk(
    stories: dict[str, "Future[Story]"], firmware: str, handover: str
) -> None:
    story = stories[f"{firmware}-{handover}"].result()
    assert not story.machine.console.saw("STANDIN|Linux version")
    assert set(story.boot.decisions) == {("local_disk", "not_approved")}
    assert INSTALLER.isdisjoint(story.kinds)


def test_a_rejected_machine_never_sees_an_installer_again(
    stories: dict[str, "Future[Story]"],
) -> None:
    story = stories["rejected"].result()
    assert story.machine.console.saw("Ktizo: an operator rejected this machine")
    assert story.boot.decisions == [("local_disk", "rejected")]
    assert {"kernel_sent", "initrd_sent", "config_sent"}.isdisjoint(story.kinds)
    assert story.device["lease"] is None
