"""From power-on to the machine's own system, then to its own disk, on every firmware."""

import hashlib
import re
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial

import pytest

from . import office
from .appliance import ADDRESS, PORT
from .machine import LOCAL_DISK_BOOTED, VirtualMachine
from .office import Boot
from .site import OpenSite, Site, SiteSettings, together

NEEDS = ("loaders", "standin-amd64", "standin-arm64", "disks")

BASE = f"http://{ADDRESS}:{PORT}"
# Case -> firmware, and the loader that must reach it; None: the ROM is iPXE already.
CASES = {
    "bios-undionly": ("bios-undionly", "undionly.kpxe"),
    "arm64": ("arm64", "ipxe-arm64.efi"),
    "arm64-http": ("arm64-http", "ipxe-arm64.efi"),
    "uefi": ("uefi", "ipxe.efi"),
    "uefi-http": ("uefi-http", "ipxe.efi"),
    "uefi-snponly": ("uefi", "snponly.efi"),
    "bios": ("bios", None),
    "bios-2025": ("bios-2025", None),
}
OVER_HTTP = {"uefi-http", "arm64-http"}


@dataclass(frozen=True)
class Story:
    """What one machine went through."""

    machine: VirtualMachine
    first: Boot
    second: Boot
    state_after: str


def first_boot(site: Site, firmware: str) -> Story:
    """Approve a machine before it is switched on; let it run; switch it on once more."""
    machine = site.machine(firmware)
    device = office.register(
        site.ktizo, machine, hostname=f"node-{machine.mac[-5:-3]}{machine.mac[-2:]}"
    )
    office.approve(site.ktizo, device, f"standin-{machine.firmware.arch}")
    with machine:
        machine.wait("STANDIN bye")
        machine.console.wait_for_end(timeout_s=20)
        # Its own proof, and nothing else, spends the permission to install.
        device = office.wait_for_device(site.ktizo, machine, lease=None)
        first = office.wait_for_boot(site.ktizo, device, {"done"})
        machine.power_cycle()
        machine.wait(LOCAL_DISK_BOOTED)
    second = office.wait_for_boot(site.ktizo, device, {"decided"}, after=first)
    device = office.wait_for_device(site.ktizo, machine)
    return Story(machine, first, second, device["state"])


@pytest.fixture(scope="module")
def stories(sites: OpenSite) -> Iterator[dict[str, "Future[Story]"]]:
    ordinary = sites()
    # The other loader, and while at it the other HTTP server.
    snponly = sites(SiteSettings(ktizo={"SERVER": "uvicorn"}, lan={"uefi_loader": "snponly"}))
    for site in (ordinary, snponly):
        office.create_profile(site.ktizo, office.standin("amd64"))
    office.create_profile(ordinary.ktizo, office.standin("arm64"))
    tellers = {
        case: partial(first_boot, snponly if case == "uefi-snponly" else ordinary, firmware)
        for case, (firmware, _) in CASES.items()
    }
    with together(tellers) as told:
        yield told


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def story(stories: dict[str, "Future[Story]"], case: str) -> Story:
    return stories[case].result()


def test_an_approved_machine_runs_its_own_system_with_the_config_made_for_it(story: Story) -> None:
    console = story.machine.consoles[0]
    url = re.search(r"STANDIN config sha256=(\w+) url=(\S+)", console.text)
    done = re.search(r"STANDIN done url=(\S+) answer=", console.text)
    assert url is not None
    assert done is not None
    assert url[2].startswith(f"{BASE}/boot/configs/")
    assert done[1].startswith(f"{BASE}/boot/done/")
    hostname = f"node-{story.machine.mac[-5:-3]}{story.machine.mac[-2:]}"
    config = f"version: v1alpha1\n# for {hostname} {story.machine.mac}\n# ktizo-done: {done[1]}\n"
    assert url[1] == hashlib.sha256(config.encode()).hexdigest()


def test_the_kernel_gets_exactly_the_command_line_of_its_profile(story: Story) -> None:
    console = story.machine.consoles[0]
    said = re.search(r"STANDIN cmdline (.*)", console.text)
    url = re.search(r"STANDIN config sha256=\w+ url=(\S+)", console.text)
    assert said is not None
    assert url is not None
    name = "kernel " if story.machine.firmware.uefi else ""
    serial = story.machine.firmware.console
    assert said[1] == (
        f"{name}initrd=initrd0 console={serial} no_timer_check panic=5 "
        f"talos.platform=metal talos.config={url[1]} "
        f"talos.events.sink={ADDRESS}:8081 talos.logging.kernel=tcp://{ADDRESS}:8082"
    )


def test_the_timeline_tells_the_same_boot_step_by_step(story: Story, case: str) -> None:
    _, loader = CASES[case]
    fetched = [
        (step["kind"], step["data"]["file"])
        for step in story.first.steps
        if step["kind"] in ("tftp_sent", "loader_sent") and step["data"]["file"] != "autoexec.ipxe"
    ]
    way = "loader_sent" if case in OVER_HTTP else "tftp_sent"
    assert set(fetched) == ({(way, loader)} if loader else set())
    order = ["dhcp_seen", "dhcp_offer", "script_asked", "decided", "kernel_sent", "initrd_sent"]
    order += ["config_sent", "done"]
    ids = [story.first.first(kind)["id"] for kind in order]
    assert ids == sorted(ids)
    assert story.first.decisions == [("boot", "approved")]
    assert story.first.done
    assert all(step["since_previous_ms"] >= 0 for step in story.first.steps[1:])


def test_the_timeline_says_who_got_which_kernel(story: Story) -> None:
    arch = story.machine.firmware.arch
    kernel, initrd = story.first.first("kernel_sent"), story.first.first("initrd_sent")
    assert kernel["data"]["profile"] == f"standin-{arch}"
    assert kernel["data"]["file"] == f"vmlinuz-{arch}"
    assert initrd["data"]["file"] == f"initrd-{arch}.img"
    assert kernel["address"] == story.first.first("decided")["address"]


def test_once_it_has_run_the_next_power_on_boots_from_its_own_disk(story: Story) -> None:
    console = story.machine.consoles[1]
    assert console.saw("Ktizo: it is installed")
    assert not console.saw("STANDIN|Linux version|Booting Linux")
    assert story.second.decisions == [("local_disk", "already_installed")]
    assert "kernel_sent" not in story.second.kinds
    assert story.state_after in ("installed", "running")
