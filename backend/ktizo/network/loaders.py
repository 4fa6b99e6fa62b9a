"""Which loader goes to which firmware: the only table of it, for dnsmasq, TFTP, HTTP and explain.

The code is the firmware's own word in DHCP option 93 (RFC 4578 2.1, IANA "Processor Architecture
Types"). Nothing here looks at the vendor class string: an iPXE that was loaded by another program
sends a bare "PXEClient" (lab.md 3), but every firmware sends option 93.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from ktizo.network.lan import UefiLoader


class Over(StrEnum):
    """How the firmware fetches its loader."""

    TFTP = "tftp"
    HTTP = "http"


@dataclass(frozen=True, slots=True)
class Architecture:
    """One firmware kind. `loaders`: file names, the one wanted most first."""

    code: int
    label: str
    over: Over
    loaders: tuple[str, ...]


BIOS = ("undionly.kpxe", "undionly.kkpxe", "ipxe.pxe")
X86_64 = ("ipxe.efi", "snponly.efi")
IA32 = ("ipxe-ia32.efi",)
ARM64 = ("ipxe-arm64.efi", "snponly-arm64.efi")

ARCHITECTURES = (
    Architecture(0, "BIOS", Over.TFTP, BIOS),
    Architecture(6, "UEFI ia32", Over.TFTP, IA32),
    # x86-64 firmware sends 7 (IANA's meaning); RFC 4578's text said 9, and some firmware obeys it.
    Architecture(7, "UEFI x86-64", Over.TFTP, X86_64),
    Architecture(9, "UEFI x86-64", Over.TFTP, X86_64),
    Architecture(11, "UEFI arm64", Over.TFTP, ARM64),
    Architecture(15, "UEFI HTTP Boot ia32", Over.HTTP, IA32),
    Architecture(16, "UEFI HTTP Boot x86-64", Over.HTTP, X86_64),
    Architecture(19, "UEFI HTTP Boot arm64", Over.HTTP, ARM64),
)

# Every name has a dot: dnsmasq makes `name.0` of a pxe-service name without one.
# Where distributions keep each file, relative to the loaders folder; the first that exists wins.
# Debian: flat (`ipxe.efi` is a link into /boot). Fedora: suffixes and `arm64-efi/`. iPXE's own
# build tree: `bin-<platform>/`.
CANDIDATES: dict[str, tuple[str, ...]] = {
    "undionly.kpxe": ("undionly.kpxe", "bin/undionly.kpxe"),
    "undionly.kkpxe": ("undionly.kkpxe", "bin/undionly.kkpxe"),
    "ipxe.pxe": ("ipxe.pxe", "bin/ipxe.pxe"),
    "ipxe.efi": (
        "ipxe.efi",
        "ipxe-x86_64.efi",
        "x86_64-efi/ipxe.efi",
        "bin-x86_64-efi/ipxe.efi",
    ),
    "snponly.efi": (
        "snponly.efi",
        "ipxe-snponly-x86_64.efi",
        "x86_64-efi/snponly.efi",
        "bin-x86_64-efi/snponly.efi",
    ),
    "ipxe-ia32.efi": (
        "ipxe-ia32.efi",
        "ipxe-i386.efi",
        "i386-efi/ipxe.efi",
        "bin-i386-efi/ipxe.efi",
    ),
    "ipxe-arm64.efi": ("ipxe-arm64.efi", "arm64-efi/ipxe.efi", "bin-arm64-efi/ipxe.efi"),
    "snponly-arm64.efi": (
        "snponly-arm64.efi",
        "arm64-efi/snponly.efi",
        "bin-arm64-efi/snponly.efi",
    ),
}

# Newer iPXE fetches it, unasked, from where it came itself (TFTP root or HTTP folder).
AUTOEXEC = "autoexec.ipxe"
SERVED = (*CANDIDATES, AUTOEXEC)
MAX_LOADER = 16 << 20  # bytes; the largest iPXE build is about 1 MB


@dataclass(frozen=True, slots=True)
class Advert:
    """What one architecture is offered; `file` None: nothing, and `why` says so."""

    architecture: Architecture
    file: str | None
    why: str


def find(loaders_dir: Path) -> dict[str, Path]:
    """Return, for each loader that exists under `loaders_dir`, the real file behind it.

    Links are followed: Debian's `ipxe.efi` points into /boot, and a container without that folder
    has a link to nowhere, which counts as missing. Reads the disk: call it from a thread.
    """
    found = {}
    for name, places in CANDIDATES.items():
        real = next((loaders_dir / place for place in places if _usable(loaders_dir / place)), None)
        if real is not None:
            found[name] = real.resolve()
    return found


def _usable(path: Path) -> bool:
    try:
        return path.is_file() and 0 < path.stat().st_size <= MAX_LOADER
    except OSError:
        return False


def advertise(available: Collection[str], uefi_loader: UefiLoader) -> tuple[Advert, ...]:
    """Return what each architecture gets, given the loader files that can be served."""
    return tuple(_advert(one, available, uefi_loader) for one in ARCHITECTURES)


def _advert(one: Architecture, available: Collection[str], uefi_loader: UefiLoader) -> Advert:
    wanted = one.loaders
    if one.loaders is X86_64 and uefi_loader is UefiLoader.SNPONLY:
        wanted = tuple(reversed(X86_64))
    file = next((name for name in wanted if name in available), None)
    if file is None:
        names = " or ".join(wanted)
        return Advert(one, None, f"no {names} in the loaders folder; nothing is offered")
    if file != wanted[0]:
        return Advert(one, file, f"{wanted[0]} is missing, {file} is offered instead")
    return Advert(one, file, "offered")
