"""Names advertised, files placed and files served are the same names."""

from pathlib import Path

import pytest

from ktizo.core import urls
from ktizo.network.lan import Lan, UefiLoader
from ktizo.network.loaders import (
    ARCHITECTURES,
    AUTOEXEC,
    CANDIDATES,
    MAX_LOADER,
    SERVED,
    advertise,
    find,
)
from ktizo.network.place import loader_file, look_at, place
from ktizo.network.plan import Places, plan

from .samples import DEBIAN_12, EVERY_LOADER, a_full_lan, a_lan, adverts

URL = "http://10.77.0.2:8000/boot/boot.ipxe"
DEBIAN = Path("/usr/lib/ipxe")


def files(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(f"the bytes of {name}".encode())
    return folder


def test_codes_are_those_of_the_issue_and_each_is_there_once() -> None:
    assert [one.code for one in ARCHITECTURES] == [0, 6, 7, 9, 11, 15, 16, 19]


def test_every_advertised_name_has_a_place_to_come_from() -> None:
    assert {name for one in ARCHITECTURES for name in one.loaders} == set(CANDIDATES)


def test_every_name_has_a_dot_or_dnsmasq_would_append_one() -> None:
    assert all("." in name for name in SERVED)


@pytest.mark.parametrize("available", [DEBIAN_12, EVERY_LOADER, frozenset({"snponly.efi"})])
@pytest.mark.parametrize("lan", [a_lan(), a_full_lan(uefi_loader=UefiLoader.SNPONLY)])
def test_what_dnsmasq_advertises_is_what_tftp_and_http_can_give(
    lan: Lan, available: frozenset[str], tmp_path: Path
) -> None:
    source = files(tmp_path / "lib", *available)
    tftp = tmp_path / "tftp"
    place(find(source), tftp, URL)

    told = plan(
        lan, adverts(lan, available), Places(tmp_path, tmp_path), base="http://k", user=None
    )

    names = {offer.target for offer in told.tftp}
    names |= {offer.target.removeprefix("http://k" + urls.loader("")) for offer in told.http}
    assert names
    for name in names:
        served = loader_file(name, tftp)
        assert served is not None
        assert served.read_bytes() == f"the bytes of {name}".encode()


def test_x86_64_uefi_gets_the_loader_that_was_chosen_and_the_other_when_it_is_missing() -> None:
    def offered(available: frozenset[str], choice: UefiLoader) -> dict[int, str | None]:
        return {one.architecture.code: one.file for one in advertise(available, choice)}

    both = frozenset({"ipxe.efi", "snponly.efi"})
    assert offered(both, UefiLoader.IPXE)[7] == "ipxe.efi"
    assert offered(both, UefiLoader.SNPONLY)[16] == "snponly.efi"
    assert offered(frozenset({"snponly.efi"}), UefiLoader.IPXE)[9] == "snponly.efi"


def test_debian_12_has_nothing_for_arm64_and_the_status_says_so() -> None:
    arm64 = {one.architecture.code: one for one in advertise(DEBIAN_12, UefiLoader.IPXE)}[11]

    assert arm64.file is None
    assert arm64.why == (
        "no ipxe-arm64.efi or snponly-arm64.efi in the loaders folder; nothing is offered"
    )


def test_a_link_is_followed_and_a_link_to_nowhere_is_a_missing_file(tmp_path: Path) -> None:
    lib, boot = tmp_path / "lib", files(tmp_path / "boot", "ipxe.efi")
    lib.mkdir()
    (lib / "ipxe.efi").symlink_to(boot / "ipxe.efi")  # as Debian's package has it
    (lib / "snponly.efi").symlink_to(tmp_path / "nowhere")

    assert find(lib) == {"ipxe.efi": boot / "ipxe.efi"}


def test_other_distributions_and_a_build_tree_are_found(tmp_path: Path) -> None:
    lib = files(tmp_path, "ipxe-x86_64.efi", "arm64-efi/ipxe.efi", "bin/undionly.kpxe")

    assert find(lib) == {
        "ipxe.efi": lib / "ipxe-x86_64.efi",
        "ipxe-arm64.efi": lib / "arm64-efi/ipxe.efi",
        "undionly.kpxe": lib / "bin/undionly.kpxe",
    }


def test_empty_files_folders_and_giants_are_no_loaders(tmp_path: Path) -> None:
    (tmp_path / "ipxe.efi").touch()
    (tmp_path / "snponly.efi").mkdir()
    with (tmp_path / "undionly.kpxe").open("wb") as giant:
        giant.truncate(MAX_LOADER + 1)

    assert find(tmp_path) == {}
    assert find(tmp_path / "nowhere") == {}


def test_placing_again_does_not_touch_a_file_that_is_being_sent(tmp_path: Path) -> None:
    found = find(files(tmp_path / "lib", "ipxe.efi"))
    tftp = tmp_path / "tftp"
    place(found, tftp, URL)
    before = (tftp / "ipxe.efi").stat()

    placed = place(found, tftp, URL)

    assert (tftp / "ipxe.efi").stat().st_ino == before.st_ino
    assert set(placed) == {"ipxe.efi", AUTOEXEC}
    assert placed["ipxe.efi"] == look_at("ipxe.efi", tftp)


def test_a_loader_whose_source_is_gone_goes_too_and_other_files_stay(tmp_path: Path) -> None:
    lib, tftp = files(tmp_path / "lib", "ipxe.efi"), tmp_path / "tftp"
    place(find(lib), tftp, URL)
    files(tftp, "somebody.elses")
    (lib / "ipxe.efi").unlink()

    place(find(lib), tftp, None)

    assert {path.name for path in tftp.iterdir()} == {"somebody.elses"}


def test_autoexec_names_ktizo_and_hands_over_when_it_is_silent(tmp_path: Path) -> None:
    place({}, tmp_path, URL)

    script = (tmp_path / AUTOEXEC).read_text()
    assert (
        script
        == f"""#!ipxe
# Newer iPXE builds fetch this file from where they came. It names Ktizo directly, so a boot file
# name sent by another DHCP server cannot lead the machine elsewhere.
set tries:int32 0
:again
dhcp || goto failed
chain --replace {URL} || goto failed
:failed
inc tries || exit 1
iseq ${{tries}} 3 && goto give_up ||
sleep 2 ||
goto again
:give_up
echo Ktizo did not answer at {URL}, handing over to the next boot device ||
exit 1
"""
    )


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../tftp/ipxe.efi", "/etc/passwd", "ipxe.efi\0", "dnsmasq.conf", "IPXE.EFI"],
)
def test_only_known_names_are_served(name: str, tmp_path: Path) -> None:
    place(find(files(tmp_path / "lib", "ipxe.efi")), tmp_path / "tftp", URL)
    files(tmp_path / "tftp", "dnsmasq.conf")

    assert loader_file(name, tmp_path / "tftp") is None


def test_a_link_laid_among_the_loaders_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "ipxe.efi").symlink_to("/etc/hostname")

    assert loader_file("ipxe.efi", tmp_path) is None


@pytest.mark.skipif(not DEBIAN.is_dir(), reason="needs Debian's ipxe package")
def test_debians_own_package_covers_bios_and_x86_64() -> None:
    found = find(DEBIAN)

    offered = {one.architecture.code for one in advertise(found, UefiLoader.IPXE) if one.file}
    assert {0, 7, 9, 16} <= offered
