"""Ktizo killed with -9 in the middle: the machine ends on its disk, and nothing is lost."""

from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial

import pytest

from . import office
from .machine import LOCAL_DISK_BOOTED, VirtualMachine
from .office import Boot
from .site import OpenSite, Site, SiteSettings, together

NEEDS = ("loaders", "standin-amd64", "disks")


@dataclass(frozen=True)
class Story:
    """What one machine and its Ktizo went through."""

    machine: VirtualMachine
    before: list[dict[str, object]]  # events before the crash
    after: list[dict[str, object]]  # events after the restart
    device_before: office.Device
    device_after: office.Device
    boot_after: Boot


def killed_while_the_kernel_is_on_its_way(site: Site) -> Story:
    """The slowest way to fetch a kernel (UNDI) leaves seconds to kill Ktizo in."""
    machine = site.machine("bios-undionly")
    device = office.register(site.ktizo, machine, hostname="crashed")
    office.approve(site.ktizo, device, "standin-amd64")
    with machine:
        machine.wait(r"vmlinuz-amd64\.\.\. +\d+%")
        office.wait_for_boot(site.ktizo, device, {"decided"})
        before = _events(site)
        device_before = office.wait_for_device(site.ktizo, machine)
        site.ktizo.kill()
        machine.wait(LOCAL_DISK_BOOTED)
    return _restart(site, machine, before, device_before)


def killed_while_a_machine_waits(site: Site) -> Story:
    """The machine polls; Ktizo dies; the next poll finds nobody."""
    machine = site.machine("bios")
    with machine:
        machine.wait("pairing code")
        device = office.wait_for_device(site.ktizo, machine, state="pending")
        office.wait_for_boot(site.ktizo, device, {"decided"})
        before = _events(site)
        site.ktizo.kill()
        machine.wait(LOCAL_DISK_BOOTED)
    site.ktizo.start()
    site.ktizo.wait_for_lan()
    office.approve(site.ktizo, device, "standin-amd64")
    return _next_boot(site, machine, before, device)


def _restart(
    site: Site,
    machine: VirtualMachine,
    before: list[dict[str, object]],
    device_before: office.Device,
) -> Story:
    site.ktizo.start()
    site.ktizo.wait_for_lan()
    return _next_boot(site, machine, before, device_before)


def _next_boot(
    site: Site,
    machine: VirtualMachine,
    before: list[dict[str, object]],
    device_before: office.Device,
) -> Story:
    after = _events(site)
    device_after = office.wait_for_device(site.ktizo, machine)
    with machine:
        machine.wait("STANDIN bye")
    boot = office.wait_for_boot(site.ktizo, device_before, {"done"})
    return Story(machine, before, after, device_before, device_after, boot)


def _events(site: Site) -> list[dict[str, object]]:
    events: list[dict[str, object]] = site.ktizo.api("GET", "events/recent", limit="1000")["events"]
    return events


@pytest.fixture(scope="module")
def stories(sites: OpenSite) -> Iterator[dict[str, "Future[Story]"]]:
    fetching, waiting = sites(), sites(SiteSettings(ktizo={"UNKNOWN_MACHINES": "hold"}))
    for site in (fetching, waiting):
        office.create_profile(site.ktizo, office.standin("amd64"))
    tellers = {
        "fetching": partial(killed_while_the_kernel_is_on_its_way, fetching),
        "waiting": partial(killed_while_a_machine_waits, waiting),
    }
    with together(tellers) as told:
        yield told


@pytest.fixture(params=("fetching", "waiting"))
def story(request: pytest.FixtureRequest, stories: dict[str, "Future[Story]"]) -> Story:
    return stories[request.param].result()


def test_a_machine_whose_ktizo_died_ends_on_its_own_disk(story: Story) -> None:
    console = story.machine.consoles[0]
    assert console.saw("Ktizo: booting from the local disk")
    assert not console.saw("STANDIN")


def test_after_the_restart_the_next_boot_works(story: Story) -> None:
    assert story.boot_after.decisions[-1] == ("boot", "approved")
    assert story.boot_after.done


def test_nothing_written_before_the_crash_is_lost(story: Story) -> None:
    kept = [event for event in story.after if event["id"] in {e["id"] for e in story.before}]
    assert kept == story.before
    for name in ("id", "macs", "uuid", "serial", "hostname", "first_seen"):
        assert story.device_after[name] == story.device_before[name]


def test_the_permission_to_install_survives_the_crash(
    stories: dict[str, "Future[Story]"],
) -> None:
    story = stories["fetching"].result()
    assert story.device_after["lease"]["granted_at"] == story.device_before["lease"]["granted_at"]
    assert story.device_after["state"] == "installing"
