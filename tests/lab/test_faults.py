"""Something between a machine and Ktizo answers wrong: the machine still ends where it should."""

from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial

import pytest

from . import faults, office
from .faults import BASE_URL, Faults, Spoil
from .machine import LOCAL_DISK_BOOTED, VirtualMachine
from .site import OpenSite, Site, SiteSettings, together

NEEDS = ("loaders", "standin-amd64", "disks")

# Case -> firmware, what happens to its menus. HTML with a 200 cannot be survived by a BIOS: iPXE
# runs any unknown bytes as a boot program there, so test_protocol insists we never send it.
NEVER_RIGHT: dict[str, tuple[str, Spoil]] = {
    "uefi html": ("uefi", faults.html),
    "uefi 404": ("uefi", faults.status(404)),
    "uefi empty": ("uefi", faults.empty),
    "bios 404": ("bios", faults.status(404)),
    "bios 500": ("bios-2025", faults.status(500)),
    "bios empty": ("bios", faults.empty),
    "bios hang up": ("bios-2025", faults.hang_up),
}
SOON_RIGHT: dict[str, tuple[Spoil, int]] = {
    "500 twice": (faults.status(500), 2),
    "late": (faults.slow, 1),
}


@dataclass(frozen=True)
class Story:
    """What one machine went through; `asked` counts its spoiled menus."""

    machine: VirtualMachine
    asked: int
    kinds: list[str]


def never_a_right_answer(site: Site, proxy: Faults, firmware: str, spoil: Spoil) -> Story:
    """Approve a machine and spoil every answer it gets."""
    machine = site.machine(firmware)
    device = office.register(site.ktizo, machine)
    office.approve(site.ktizo, device, "standin-amd64")
    proxy.spoil(machine.mac, spoil)
    with machine:
        machine.wait(LOCAL_DISK_BOOTED)
    asked = proxy.spoiled[machine.mac.replace(":", "-")]
    return Story(machine, asked, office.all_kinds(site.ktizo, device))


def soon_right(site: Site, proxy: Faults, spoil: Spoil, times: int) -> Story:
    """Approve a machine and spoil its first answers."""
    machine = site.machine("bios")
    device = office.register(site.ktizo, machine)
    office.approve(site.ktizo, device, "standin-amd64")
    proxy.spoil(machine.mac, spoil, times=times)
    with machine:
        machine.wait("STANDIN bye")
    boot = office.wait_for_boot(site.ktizo, device, {"done"})
    asked = proxy.spoiled[machine.mac.replace(":", "-")]
    return Story(machine, asked, boot.kinds)


@pytest.fixture(scope="module")
def stories(sites: OpenSite) -> Iterator[dict[str, "Future[Story]"]]:
    behind = {"BASE_URL": BASE_URL, "TRUSTED_PROXIES": "127.0.0.0/8"}
    site = sites(SiteSettings(ktizo=behind))
    office.create_profile(site.ktizo, office.standin("amd64"))
    with Faults(site.lan) as proxy:
        tellers = {
            case: partial(never_a_right_answer, site, proxy, firmware, spoil)
            for case, (firmware, spoil) in NEVER_RIGHT.items()
        }
        tellers |= {
            case: partial(soon_right, site, proxy, spoil, times)
            for case, (spoil, times) in SOON_RIGHT.items()
        }
        with together(tellers) as told:
            yield told


@pytest.mark.parametrize("case", NEVER_RIGHT)
def test_a_machine_that_gets_no_right_answer_boots_its_own_disk(
    stories: dict[str, "Future[Story]"], case: str
) -> None:
    story = stories[case].result()
    assert story.asked == 3
    assert story.machine.console.saw("Ktizo: no answer, trying again")
    assert story.machine.console.saw("Ktizo: booting from the local disk")
    assert not story.machine.console.saw("SPOILED|STANDIN|Linux version")
    assert {"decided", "kernel_sent"}.isdisjoint(story.kinds)


@pytest.mark.parametrize("case", SOON_RIGHT)
def test_a_fault_that_passes_does_not_stop_a_boot(
    stories: dict[str, "Future[Story]"], case: str
) -> None:
    story = stories[case].result()
    assert story.asked == SOON_RIGHT[case][1]
    assert not story.machine.console.saw("SPOILED")
    assert "kernel_sent" in story.kinds
