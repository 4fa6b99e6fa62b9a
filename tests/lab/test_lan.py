"""Networks as they are: without IPv6, with a rival boot file, without Ktizo, with only Ktizo."""

from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial

import pytest

from . import office
from .machine import LOCAL_DISK_BOOTED, Smbios, VirtualMachine
from .net import ADDRESSES
from .office import Boot
from .router import RouterSettings
from .site import OpenSite, Site, SiteSettings, together

NEEDS = ("loaders", "standin-amd64", "disks")

FULL = {
    "mode": "full",
    "range_start": "10.77.0.50",
    "range_end": "10.77.0.90",
    "gateway": ADDRESSES["router"],
}
NOBODY_LISTENS = f"http://{ADDRESSES['appliance']}:9"
AWKWARD = Smbios(
    uuid="5f3c1d2e-0000-4000-8000-00000000a3c4",
    vendor="ACME & Söhne",
    product='Edge Box/0 v2 "${net0/mac}" || shell',
    serial="SN 0000#A",
    asset="100%25 & more",
)


@dataclass(frozen=True)
class Story:
    """What one machine went through; no boot when Ktizo never heard of it."""

    machine: VirtualMachine
    boot: Boot | None = None
    device: office.Device | None = None


def installs(site: Site, firmware: str) -> Story:
    """Approve a machine, switch it on, and wait until it runs."""
    machine = site.machine(firmware)
    device = office.register(site.ktizo, machine)
    office.approve(site.ktizo, device, "standin-amd64")
    with machine:
        machine.wait("STANDIN bye")
    boot = office.wait_for_boot(site.ktizo, device, {"done"})
    return Story(machine, boot, office.wait_for_device(site.ktizo, machine))


def ends_on_its_disk(site: Site, firmware: str) -> Story:
    """Approve a machine that will not get through, and wait for its disk."""
    machine = site.machine(firmware)
    device = office.register(site.ktizo, machine)
    office.approve(site.ktizo, device, "standin-amd64")
    with machine:
        machine.wait(LOCAL_DISK_BOOTED)
    return Story(machine, device=office.wait_for_device(site.ktizo, machine))


def tells_its_name(site: Site, firmware: str, number: int) -> Story:
    """Switch on a machine whose vendor wrote awkward strings into it."""
    uuid = f"{AWKWARD.uuid[:-1]}{number}"
    serial = f"{AWKWARD.serial}{number}"
    smbios = Smbios(uuid, serial, AWKWARD.vendor, AWKWARD.product, AWKWARD.asset)
    machine = site.machine(firmware, smbios=smbios)
    with machine:
        machine.wait(LOCAL_DISK_BOOTED)
    device = office.wait_for_device(site.ktizo, machine)
    return Story(machine, office.wait_for_boot(site.ktizo, device, {"decided"}), device)


@pytest.fixture(scope="module")
def stories(sites: OpenSite) -> Iterator[dict[str, "Future[Story]"]]:
    silent = sites(SiteSettings(lan=None))
    no_ipv6 = sites(SiteSettings(router=RouterSettings(advertises_ipv6=False)))
    rival = sites(SiteSettings(router=RouterSettings(rival_boot_file="other.0")))
    full = sites(SiteSettings(router=None, lan=FULL))
    closed = sites(SiteSettings(ktizo={"BASE_URL": NOBODY_LISTENS}))
    for site in (silent, no_ipv6, rival, full, closed):
        office.create_profile(site.ktizo, office.standin("amd64"))
    tellers = {
        "closed uefi": partial(ends_on_its_disk, closed, "uefi"),
        "rival bios": partial(ends_on_its_disk, rival, "bios-2025"),
        "no IPv6 bios": partial(installs, no_ipv6, "bios"),
        "no IPv6 uefi": partial(installs, no_ipv6, "uefi"),
        "rival uefi": partial(installs, rival, "uefi"),
        "full uefi": partial(installs, full, "uefi"),
        "full uefi-http": partial(installs, full, "uefi-http"),
        "full bios-undionly": partial(installs, full, "bios-undionly"),
        "full bios": partial(installs, full, "bios"),
        # Not UEFI: without any answer OVMF tries HTTP, IPv4 and IPv6, for three minutes.
        "silent bios": partial(ends_on_its_disk, silent, "bios"),
        "silent bios-2025": partial(ends_on_its_disk, silent, "bios-2025"),
        "closed bios": partial(ends_on_its_disk, closed, "bios"),
        "awkward uefi": partial(tells_its_name, no_ipv6, "uefi", 1),
        "awkward bios": partial(tells_its_name, full, "bios", 2),
        "awkward bios-2025": partial(tells_its_name, full, "bios-2025", 3),
    }
    with together(tellers) as told:
        yield told


@pytest.mark.parametrize("firmware", ["bios", "uefi"])
def test_a_lan_without_ipv6_only_takes_longer(
    stories: dict[str, "Future[Story]"], firmware: str
) -> None:
    story = stories[f"no IPv6 {firmware}"].result()
    assert story.boot is not None
    assert story.boot.decisions == [("boot", "approved")]


@pytest.mark.parametrize("firmware", ["bios", "bios-undionly", "uefi", "uefi-http"])
def test_ktizo_as_the_only_dhcp_server_boots_machines_too(
    stories: dict[str, "Future[Story]"], firmware: str
) -> None:
    story = stories[f"full {firmware}"].result()
    assert story.boot is not None
    assert story.boot.decisions == [("boot", "approved")]
    assert {"dhcp_seen", "dhcp_offer"} <= set(story.boot.kinds)
    assert story.machine.console.saw(r"STANDIN address 10\.77\.0\.([5-8]\d|90)")


def test_a_rival_boot_file_does_not_lead_a_uefi_machine_away(
    stories: dict[str, "Future[Story]"],
) -> None:
    story = stories["rival uefi"].result()
    assert story.boot is not None
    assert story.boot.decisions == [("boot", "approved")]


def test_a_rival_boot_file_leads_a_bios_with_ipxe_to_its_disk_and_no_further(
    stories: dict[str, "Future[Story]"],
) -> None:
    # iPXE in the ROM prefers the router's file over a proxy's: nothing we send can change that.
    story = stories["rival bios"].result()
    assert story.machine.console.saw("other.0")
    assert not story.machine.console.saw("STANDIN|Linux version")


@pytest.mark.parametrize("firmware", ["bios", "bios-2025"])
def test_without_the_lan_service_a_machine_boots_its_own_disk(
    stories: dict[str, "Future[Story]"], firmware: str
) -> None:
    story = stories[f"silent {firmware}"].result()
    assert not story.machine.console.saw("Ktizo")
    assert story.device is not None
    assert story.device["first_seen"] is None


@pytest.mark.parametrize("firmware", ["bios", "uefi"])
def test_when_nobody_listens_at_ktizos_address_a_machine_boots_its_own_disk(
    stories: dict[str, "Future[Story]"], firmware: str
) -> None:
    story = stories[f"closed {firmware}"].result()
    assert story.machine.console.saw("Connection reset|Connection refused")
    assert not story.machine.console.saw("STANDIN|Linux version")


@pytest.mark.parametrize("firmware", ["bios", "bios-2025", "uefi"])
def test_awkward_vendor_strings_arrive_exactly(
    stories: dict[str, "Future[Story]"], firmware: str
) -> None:
    story = stories[f"awkward {firmware}"].result()
    said = story.machine.smbios
    assert story.device is not None
    assert {
        name: story.device[name] for name in ("vendor", "product", "serial", "asset", "uuid")
    } == {
        "vendor": said.vendor,
        "product": said.product,
        "serial": said.serial,
        "asset": said.asset,
        "uuid": said.uuid,
    }
