"""A held machine shows a code, waits, and boots on without a reset the moment it is approved."""

import re
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

FIRMWARES = ("uefi", "bios")
PAIRING = r"pairing code +([0-9A-Z]{3}-[0-9A-Z]{3})"
ESCAPE, DOWN, ENTER = "\x1b", "\x1b[B", "\r"


@dataclass(frozen=True)
class Story:
    """What one machine went through; `code` is what its console showed."""

    machine: VirtualMachine
    boot: Boot
    code: str = ""
    code_in_api: str = ""


def approved_while_it_waits(site: Site, firmware: str) -> Story:
    """Read the code on the console, approve the device that has it, and watch."""
    machine = site.machine(firmware)
    with machine:
        code = machine.wait(PAIRING)[1]
        device = office.wait_for_device(site.ktizo, machine, state="pending")
        # It asks again and again: the approval comes after it has asked twice.
        machine.wait(rf"(?s){PAIRING}.*{PAIRING}")
        office.approve(site.ktizo, device, "standin-amd64")
        machine.wait("STANDIN bye")
    boot = office.wait_for_boot(site.ktizo, device, {"done"})
    return Story(machine, boot, code, device["pairing_code"])


def sent_away_by_hand(site: Site) -> Story:
    """Press ESC on the console of a held machine."""
    machine = site.machine("bios")
    with machine:
        machine.wait("Press ESC to boot from the local disk")
        machine.console.type(ESCAPE)
        machine.wait(LOCAL_DISK_BOOTED)
    device = office.wait_for_device(site.ktizo, machine, state="pending")
    return Story(machine, office.wait_for_boot(site.ktizo, device, {"decided"}))


def menu_left_alone(site: Site) -> Story:
    """Look at an unknown machine's menu, and choose nothing but its default."""
    machine = site.machine("bios")
    with machine:
        machine.wait("Boot from the local disk")
        machine.console.type(ENTER)
        machine.wait(LOCAL_DISK_BOOTED)
    device = office.wait_for_device(site.ktizo, machine, state="pending")
    return Story(machine, office.wait_for_boot(site.ktizo, device, {"decided"}))


def menu_chosen_from(site: Site) -> Story:
    """Choose the stand-in from an approved machine's menu with the keyboard."""
    machine = site.machine("bios")
    device = office.register(site.ktizo, machine)
    site.ktizo.api("POST", "boot/profiles", {"name": "choice", "type": "menu"})
    office.approve(site.ktizo, device, "choice")
    with machine:
        machine.wait("standin-amd64")
        machine.console.type(DOWN + ENTER)
        machine.wait("STANDIN bye")
    return Story(machine, office.wait_for_boot(site.ktizo, device, {"kernel_sent"}))


@pytest.fixture(scope="module")
def stories(sites: OpenSite) -> Iterator[dict[str, "Future[Story]"]]:
    hold = sites(SiteSettings(ktizo={"UNKNOWN_MACHINES": "hold"}))
    menu = sites(SiteSettings(ktizo={"UNKNOWN_MACHINES": "menu"}))
    for site in (hold, menu):
        office.create_profile(site.ktizo, office.standin("amd64"))
    tellers = {name: partial(approved_while_it_waits, hold, name) for name in FIRMWARES}
    tellers["escape"] = partial(sent_away_by_hand, hold)
    tellers["menu left alone"] = partial(menu_left_alone, menu)
    tellers["menu chosen from"] = partial(menu_chosen_from, menu)
    with together(tellers) as told:
        yield told


@pytest.mark.parametrize("firmware", FIRMWARES)
def test_a_machine_approved_while_it_waits_boots_on_without_a_reset(
    stories: dict[str, "Future[Story]"], firmware: str
) -> None:
    story = stories[firmware].result()
    assert len(story.machine.consoles) == 1
    assert len(re.findall("Linux version", story.machine.console.text)) == 1
    banner = "SeaBIOS" if firmware == "bios" else "BdsDxe: starting"
    assert len(re.findall(banner, story.machine.console.text)) == 1
    assert story.boot.decisions[0] == ("hold", "unknown")
    assert story.boot.decisions[-1] == ("boot", "approved")
    assert story.boot.done


@pytest.mark.parametrize("firmware", FIRMWARES)
def test_the_code_on_the_console_is_the_one_the_operator_sees(
    stories: dict[str, "Future[Story]"], firmware: str
) -> None:
    story = stories[firmware].result()
    assert story.code == story.code_in_api


def test_a_person_at_a_waiting_machine_can_send_it_to_its_disk(
    stories: dict[str, "Future[Story]"],
) -> None:
    story = stories["escape"].result()
    assert story.boot.decisions[0] == ("hold", "unknown")
    assert "kernel_sent" not in story.boot.kinds


def test_the_menu_of_an_unknown_machine_offers_nothing_that_installs(
    stories: dict[str, "Future[Story]"],
) -> None:
    story = stories["menu left alone"].result()
    assert story.machine.console.saw("Wait here for approval")
    assert not story.machine.console.saw("standin")
    assert story.boot.decisions == [("menu_unknown", "unknown")]


def test_an_approved_machine_boots_what_a_person_chooses_from_its_menu(
    stories: dict[str, "Future[Story]"],
) -> None:
    story = stories["menu chosen from"].result()
    assert story.boot.decisions == [("menu", "menu"), ("boot", "approved")]
    assert story.boot.first("kernel_sent")["data"]["profile"] == "standin-amd64"
