"""A real installer: Debian's, driven until it has fetched and used the preseed Ktizo made."""

import re
from dataclasses import dataclass

import pytest

from . import office
from .machine import LOCAL_DISK_BOOTED, VirtualMachine
from .office import Boot
from .site import Site

NEEDS = ("loaders", "disks", "installer")

# early_command runs as soon as the preseed is read: what it does shows that it was used. Here it
# reports like an installer that has finished, and switches the machine off.
PRESEED = """d-i debian-installer/locale string en_US.UTF-8
d-i keyboard-configuration/xkb-keymap select us
d-i preseed/early_command string \\
  echo "PRESEED used by {{ hostname }}" >/dev/console; \\
  wget -q -O /dev/console {{ done_url }} && echo "PRESEED reported" >/dev/console; \\
  poweroff -f
"""


@dataclass(frozen=True)
class Story:
    """What the machine went through."""

    machine: VirtualMachine
    first: Boot
    second: Boot
    state: str


@pytest.fixture(scope="module")
def story(site: Site) -> Story:
    profile = office.create_profile(site.ktizo, office.debian_installer(site.ktizo, PRESEED))
    machine = site.machine("bios", memory_mb=1024)
    device = office.register(site.ktizo, machine, hostname="debian-one")
    office.approve(site.ktizo, device, profile)
    with machine:
        machine.wait("PRESEED reported", timeout_s=300)
        first = office.wait_for_boot(site.ktizo, device, {"done"})
        machine.power_cycle()
        machine.wait(LOCAL_DISK_BOOTED)
    state = office.wait_for_device(site.ktizo, machine)["state"]
    second = office.wait_for_boot(site.ktizo, device, {"decided"}, after=first)
    return Story(machine, first, second, state)


def test_the_installer_uses_the_preseed_made_for_this_machine(story: Story) -> None:
    console = story.machine.consoles[0]
    assert console.saw("PRESEED used by debian-one")
    url = re.search(r"Command line: .*\burl=(\S+)", console.text)
    assert url is not None
    assert "/boot/configs/" in url[1]


def test_the_timeline_shows_the_installer_and_its_preseed(story: Story) -> None:
    assert story.first.decisions == [("boot", "approved")]
    order = ["script_asked", "decided", "kernel_sent", "initrd_sent", "config_sent", "done"]
    ids = [story.first.first(kind)["id"] for kind in order]
    assert ids == sorted(ids)
    assert story.first.first("kernel_sent")["data"]["file"] == "linux"
    assert story.first.first("initrd_sent")["data"]["file"] == "initrd.gz"


def test_after_its_installer_reported_the_machine_boots_its_own_disk(story: Story) -> None:
    assert story.second.decisions == [("local_disk", "already_installed")]
    assert story.state in ("installed", "running")
