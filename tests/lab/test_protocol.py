"""DHCP, TFTP and HTTP as firmware speaks them, by hand-made packets: no machine needed."""

import pytest

from .machine import FIRMWARES
from .net import ADDRESSES
from .packets import (
    ACK,
    OFFER,
    VENDOR_CLASS,
    DhcpAnswer,
    PxeClient,
    TftpRefused,
    ask_boot_server,
    discover,
    tftp_read,
)
from .site import Site
from .supplies import LOADERS

NEEDS = ("loaders",)

APPLIANCE = ADDRESSES["appliance"]
BOOT_SCRIPT = f"http://{APPLIANCE}:8000/boot/boot.ipxe"
# Option 93 -> loader, of the architectures whose loader Debian 13 ships.
OVER_TFTP = {0: "undionly.kpxe", 7: "ipxe.efi", 9: "ipxe.efi", 11: "ipxe-arm64.efi"}
OVER_HTTP = {16: "ipxe.efi", 19: "ipxe-arm64.efi"}
WITHOUT_LOADER = {2: "Itanium", 6: "UEFI ia32", 15: "UEFI ia32 over HTTP", 27: "RISC-V 64"}


def answered(answer: DhcpAnswer | None) -> DhcpAnswer:
    assert answer is not None
    return answer


@pytest.mark.parametrize(("arch", "loader"), OVER_TFTP.items())
def test_firmware_is_sent_to_its_loader_by_tftp(site: Site, arch: int, loader: str) -> None:
    client = PxeClient(arch)
    offer = answered(discover(site.lan, client))
    assert offer.message_type == OFFER
    assert offer.your_address == "0.0.0.0"
    assert offer.options[VENDOR_CLASS] == b"PXEClient"
    given = answered(ask_boot_server(site.lan, client))
    assert (given.message_type, given.next_server, given.boot_file) == (ACK, APPLIANCE, loader)


@pytest.mark.parametrize("loader", sorted(set(OVER_TFTP.values())))
def test_every_loader_that_is_offered_comes_by_tftp_byte_for_byte(site: Site, loader: str) -> None:
    assert tftp_read(site.lan, loader) == (LOADERS / loader).read_bytes()


@pytest.mark.parametrize(("arch", "loader"), OVER_HTTP.items())
def test_uefi_http_boot_is_given_an_address_that_serves_the_loader(
    site: Site, arch: int, loader: str
) -> None:
    offer = answered(discover(site.lan, PxeClient(arch, http_boot=True)))
    assert offer.options[VENDOR_CLASS] == b"HTTPClient"
    assert offer.boot_file == f"http://{APPLIANCE}:8000/boot/loaders/{loader}"
    size = site.ktizo.ask_as_machine("HEAD", offer.boot_file).headers["Content-Length"]
    served = site.ktizo.ask_as_machine("GET", offer.boot_file).content
    assert served == (LOADERS / loader).read_bytes()
    assert int(size) == len(served)


@pytest.mark.parametrize("arch", [*OVER_TFTP, *WITHOUT_LOADER])
def test_ipxe_is_sent_straight_to_ktizo_whatever_it_runs_on(site: Site, arch: int) -> None:
    offer = answered(discover(site.lan, PxeClient(arch, ipxe=True)))
    # iPXE ignores a proxy whose next server is 0.0.0.0.
    assert (offer.boot_file, offer.next_server) == (BOOT_SCRIPT, APPLIANCE)


@pytest.mark.parametrize("arch", WITHOUT_LOADER, ids=WITHOUT_LOADER.values())
def test_an_architecture_without_a_loader_is_offered_nothing(site: Site, arch: int) -> None:
    assert discover(site.lan, PxeClient(arch, http_boot=arch == 15)) is None


def test_an_ordinary_dhcp_client_is_left_to_the_router(site: Site) -> None:
    assert discover(site.lan, PxeClient(0, vendor_class="udhcp 1.35.0")) is None


@pytest.mark.parametrize("vendor_class", ["PXEClient", "PXEClient:Arch:00007:UNDI:003016"])
def test_the_architecture_is_read_from_option_93_not_from_the_vendor_class(
    site: Site, vendor_class: str
) -> None:
    client = PxeClient(11, vendor_class=vendor_class)
    discover(site.lan, client)
    assert answered(ask_boot_server(site.lan, client)).boot_file == "ipxe-arm64.efi"


def test_autoexec_ipxe_lies_beside_the_loaders_and_leads_to_ktizo(site: Site) -> None:
    by_tftp = tftp_read(site.lan, "autoexec.ipxe")
    by_http = site.ktizo.ask_as_machine("GET", "/boot/loaders/autoexec.ipxe").content
    assert by_tftp == by_http
    assert by_tftp.startswith(b"#!ipxe\n")
    assert BOOT_SCRIPT.encode() in by_tftp


@pytest.mark.parametrize(
    "file",
    ["../data/cli.token", "../../etc/passwd", "/etc/passwd", "..\\..\\etc\\passwd", "nothing"],
)
def test_tftp_gives_away_its_own_folder_and_nothing_else(site: Site, file: str) -> None:
    with pytest.raises(TftpRefused):
        tftp_read(site.lan, file)


@pytest.mark.parametrize(
    "path",
    [
        "/boot/",
        "/boot/boot.ipxe",
        "/boot/menu.ipxe",
        "/boot/menu.ipxe?mac=nonsense",
        "/boot/menu.ipxe?mac=52-54-00-00-00-01",
        "/boot/nothing.ipxe",
        "/boot/nothing.ipxe?mac=52-54-00-00-00-01",
        "/boot/no/such/thing",
        "/boot/configs/forged/user-data",
        "/boot/assets/none/vmlinuz",
    ],
)
def test_a_machine_never_gets_a_web_page(site: Site, path: str) -> None:
    # A BIOS runs any unknown bytes that come with a 200 as a program, and hangs.
    answer = site.ktizo.ask_as_machine("GET", path, headers={"Accept": "text/html"})
    assert "html" not in answer.headers["Content-Type"]
    assert not answer.is_redirect
    assert answer.is_client_error or answer.text.startswith("#!ipxe\n")
    assert not answer.is_server_error


def test_the_lab_knows_every_firmware_the_protocol_cases_stand_for() -> None:
    assert {firmware.arch for firmware in FIRMWARES.values()} == {"amd64", "arm64"}
