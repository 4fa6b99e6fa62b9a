"""What files of a build are called, at the factory and at a release."""

import pytest

from images.factory_double import VANILLA, VERSION
from ktizo.images.image import (
    NETWORK_BOOT,
    RELEASE,
    Arch,
    Image,
    NoSuchFile,
    Part,
    VersionRefused,
    files_of,
    installer_reference,
    named,
    version_tag,
)


def image(
    part: Part, arch: Arch = Arch.AMD64, schematic: str = VANILLA, *, secureboot: bool = False
) -> Image:
    return Image(schematic=schematic, version=VERSION, arch=arch, part=part, secureboot=secureboot)


@pytest.mark.parametrize(
    ("part", "name", "with_secureboot"),
    [
        (Part.KERNEL, "kernel-arm64", "kernel-arm64"),
        (Part.INITRAMFS, "initramfs-arm64.xz", "initramfs-arm64.xz"),
        (Part.CMDLINE, "cmdline-metal-arm64", "cmdline-metal-arm64-secureboot"),
        (Part.UKI, "metal-arm64-uki.efi", "metal-arm64-secureboot-uki.efi"),
        (Part.DISK, "metal-arm64.raw.zst", "metal-arm64-secureboot.raw.zst"),
        (Part.ISO, "metal-arm64.iso", "metal-arm64-secureboot.iso"),
        (Part.INSTALLER, "installer-arm64.tar", "installer-arm64-secureboot.tar"),
    ],
)
def test_the_factory_calls_its_files_so(part: Part, name: str, with_secureboot: str):
    assert image(part, Arch.ARM64).name == name
    assert image(part, Arch.ARM64, secureboot=True).name == with_secureboot


def test_a_release_calls_its_files_otherwise_and_has_fewer():
    assert image(Part.KERNEL, schematic=RELEASE).name == "vmlinuz-amd64"
    assert image(Part.DISK, schematic=RELEASE).name == "metal-amd64.raw.zst"
    for part in (Part.CMDLINE, Part.INSTALLER):
        with pytest.raises(NoSuchFile, match=f"a release of Talos has no {part}; take it of"):
            _ = image(part, schematic=RELEASE).name
    with pytest.raises(NoSuchFile, match="no uki for Secure Boot"):
        _ = image(Part.UKI, schematic=RELEASE, secureboot=True).name


@pytest.mark.parametrize("schematic", [VANILLA, RELEASE])
@pytest.mark.parametrize("secureboot", [False, True])
def test_a_name_leads_back_to_its_file(schematic: str, secureboot: bool):
    found = 0
    for one in files_of(schematic, VERSION, Arch, Part, secureboot=secureboot):
        try:
            name = one.name
        except NoSuchFile:
            continue
        assert named(schematic, VERSION, name) == one
        found += 1
    assert found == (4 if secureboot else 10) if schematic == RELEASE else 14


def test_both_spellings_of_a_kernel_mean_the_same_file():
    assert named(VANILLA, VERSION, "vmlinuz-amd64") == image(Part.KERNEL)
    assert named(RELEASE, VERSION, "kernel-amd64") == image(Part.KERNEL, schematic=RELEASE)


@pytest.mark.parametrize("name", ["", "kernel", "kernel-riscv64", "talosctl", "../kernel-amd64"])
def test_other_names_mean_nothing(name: str):
    assert named(VANILLA, VERSION, name) is None


def test_a_network_boot_with_secure_boot_shares_kernel_and_initramfs():
    files = files_of(VANILLA, VERSION, [Arch.AMD64], NETWORK_BOOT, secureboot=True)
    assert [one.name for one in files] == [
        "kernel-amd64",
        "initramfs-amd64.xz",
        "cmdline-metal-amd64-secureboot",
    ]
    assert len(files_of(VANILLA, VERSION, [Arch.AMD64] * 2, [Part.UKI] * 2)) == 1


@pytest.mark.parametrize("text", ["v1.12.11", "1.12.11"])
def test_versions_are_taken_with_and_without_their_v(text: str):
    assert version_tag(text) == "v1.12.11"
    assert version_tag("v1.14.0-rc.1") == "v1.14.0-rc.1"


@pytest.mark.parametrize("text", ["", "v1.12", "latest", "v1.12.11/..", "vv1.2.3", "1.2.3-dirty"])
def test_what_is_no_version_is_refused(text: str):
    with pytest.raises(VersionRefused):
        version_tag(text)


def test_the_installer_is_of_the_schematic_that_boots_from_the_network():
    """Reference talos.md 9: metal-installer from 1.10 on, installer before."""
    host = "factory.talos.dev"
    assert installer_reference(host, VANILLA, "1.12.11") == (
        f"factory.talos.dev/metal-installer/{VANILLA}:v1.12.11"
    )
    assert installer_reference("f.lan:5000", VANILLA, "v1.10.0", secureboot=True) == (
        f"f.lan:5000/metal-installer-secureboot/{VANILLA}:v1.10.0"
    )
    assert installer_reference(host, VANILLA, "v1.9.6") == (
        f"factory.talos.dev/installer/{VANILLA}:v1.9.6"
    )
