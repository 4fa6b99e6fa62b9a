"""The nouns of this room: one file of one build of Talos, and what it is called where.

A build is a schematic at a version. The factory's names and paths: image-factory docs/api.md; a
release's names: the assets of github.com/siderolabs/talos releases (reference talos.md 9).
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from ktizo.core.errors import Invalid

# In place of a schematic: the files of a Talos release itself, which no factory has built.
RELEASE = "release"
SCHEMATIC = r"^(release|[0-9a-f]{64})$"
VERSION = r"^v?\d{1,3}\.\d{1,3}\.\d{1,3}(-(alpha|beta|rc)\.\d{1,3})?$"
_VERSION = re.compile(VERSION)
FIRST_METAL_INSTALLER = (1, 10)  # before, the installer is called `installer` only


class VersionRefused(Invalid):
    """This is not how Talos' versions are written."""


class NoSuchFile(Invalid):
    """A build has no such file."""


class Arch(StrEnum):
    """Processor, in Talos' words."""

    AMD64 = "amd64"
    ARM64 = "arm64"


class Part(StrEnum):
    """What a file of a build is for."""

    KERNEL = "kernel"  # network boot
    INITRAMFS = "initramfs"  # network boot
    CMDLINE = "cmdline"  # network boot: the arguments this build needs, one line
    UKI = "uki"  # kernel, initramfs and cmdline in one signed EFI program
    DISK = "disk"  # a whole disk, zstd
    ISO = "iso"
    INSTALLER = "installer"  # the installer's container image, as a tar


NETWORK_BOOT = (Part.KERNEL, Part.INITRAMFS, Part.CMDLINE)
# Part -> name at the factory, and at a release (None: a release has none). {s} is `-secureboot`.
_NAMES: dict[Part, tuple[str, str | None]] = {
    Part.KERNEL: ("kernel-{a}", "vmlinuz-{a}"),
    Part.INITRAMFS: ("initramfs-{a}.xz", "initramfs-{a}.xz"),
    Part.CMDLINE: ("cmdline-metal-{a}{s}", None),
    Part.UKI: ("metal-{a}{s}-uki.efi", "metal-{a}{s}-uki.efi"),
    Part.DISK: ("metal-{a}{s}.raw.zst", "metal-{a}{s}.raw.zst"),
    Part.ISO: ("metal-{a}{s}.iso", "metal-{a}{s}.iso"),
    Part.INSTALLER: ("installer-{a}{s}.tar", None),
}
_SAME_WITH_SECUREBOOT = frozenset({Part.KERNEL, Part.INITRAMFS})


def version_tag(text: str) -> str:
    """Return `text` as a version with its `v`; raises VersionRefused."""
    if not _VERSION.fullmatch(text):
        raise VersionRefused(f"{text[:40]!r} is not a version of Talos, such as v1.12.11")
    return "v" + text.removeprefix("v")


@dataclass(frozen=True, kw_only=True)
class Image:
    """One file of one build."""

    schematic: str  # 64 hex digits, or RELEASE
    version: str  # with its v
    arch: Arch
    part: Part
    secureboot: bool = False

    @property
    def name(self) -> str:
        """Return the file's name where it comes from; raises NoSuchFile."""
        at_factory, at_release = _NAMES[self.part]
        if self.schematic != RELEASE:
            name: str | None = at_factory
        else:
            name = None if self.secureboot else at_release
        if name is None:
            what = f"{self.part}{' for Secure Boot' if self.secureboot else ''}"
            raise NoSuchFile(f"a release of Talos has no {what}; take it of a schematic")
        return name.format(a=self.arch, s="-secureboot" if self.secureboot else "")

    @property
    def build(self) -> str:
        """Return what the files of one build have in common, as `in_use` names it."""
        return build_key(self.schematic, self.version)


def build_key(schematic: str, version: str) -> str:
    """Return the name of a build: `<schematic>/<version>`."""
    return f"{schematic}/{version}"


def named(schematic: str, version: str, name: str) -> Image | None:
    """Return the file a name stands for; both the factory's names and a release's are known."""
    return next((i for i, names in _every(schematic, version) if name in names), None)


def files_of(
    schematic: str,
    version: str,
    arches: Iterable[Arch],
    parts: Iterable[Part],
    *,
    secureboot: bool = False,
) -> list[Image]:
    """Return the files of a build; those that are the same with Secure Boot are the plain ones."""
    return [
        Image(
            schematic=schematic,
            version=version,
            arch=arch,
            part=part,
            secureboot=secureboot and part not in _SAME_WITH_SECUREBOOT,
        )
        for arch in dict.fromkeys(arches)
        for part in dict.fromkeys(parts)
    ]


def _every(schematic: str, version: str) -> Iterator[tuple[Image, set[str]]]:
    for secureboot in (False, True):
        for image in files_of(schematic, version, Arch, Part, secureboot=secureboot):
            try:
                names = {image.name}
            except NoSuchFile:
                continue
            if not image.secureboot:
                patterns = filter(None, _NAMES[image.part])
                names |= {pattern.format(a=image.arch, s="") for pattern in patterns}
            yield image, names


def installer_reference(
    factory_host: str, schematic: str, version: str, *, secureboot: bool = False
) -> str:
    """Return the installer image of the build that a machine also boots from the network.

    `factory_host`: host, and port if any, of the factory. From Talos 1.10 on the factory calls it
    `metal-installer` (reference talos.md 9).
    """
    tag = version_tag(version)
    major, minor = (int(part) for part in tag[1:].split(".")[:2])
    name = "metal-installer" if (major, minor) >= FIRST_METAL_INSTALLER else "installer"
    return f"{factory_host}/{name}{'-secureboot' if secureboot else ''}/{schematic}:{tag}"
