"""What scripts/lab-setup.sh prepared, and the reason when something is not there."""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
# The lab's own variable, shared with lab-setup.sh; the product never sees it.
_ELSEWHERE = os.environ.get("KTIZO_LAB_CACHE")  # noqa: TID251
CACHE = Path(_ELSEWHERE) if _ELSEWHERE else REPOSITORY / ".cache/lab"
KTIZO = REPOSITORY / ".venv/bin/ktizo"
LOADERS = CACHE / "loaders"
OVMF = Path("/usr/share/OVMF")
AAVMF = Path("/usr/share/AAVMF")
DEBIAN_INSTALLER = Path("/usr/lib/debian-installer/images/12/amd64/text/debian-installer/amd64")

# Part, as lab-setup.sh names it -> files that prove it is there.
PARTS = {
    "loaders": (LOADERS / "ipxe-arm64.efi", LOADERS / "undionly.kpxe", CACHE / "pxe-virtio.rom"),
    "standin-amd64": (CACHE / "vmlinuz-amd64", CACHE / "initrd-amd64.img"),
    "standin-arm64": (CACHE / "vmlinuz-arm64", CACHE / "initrd-arm64.img"),
    "disks": (CACHE / "disk-bios.img", CACHE / "disk-uefi.img"),
    "installer": (DEBIAN_INSTALLER / "linux", DEBIAN_INSTALLER / "initrd.gz"),
    "tools": (OVMF / "OVMF_CODE_4M.fd", AAVMF / "AAVMF_CODE.fd"),
}
PROGRAMS = ("ip", "dnsmasq", "ethtool", "tcpdump", "qemu-system-x86_64", "qemu-system-aarch64")


def why_no_lab() -> str | None:
    """Return why no lab test at all can run here; None when they can."""
    if os.geteuid() != 0:
        return "the lab needs root for network namespaces"
    if not Path("/dev/net/tun").exists():
        return "the lab needs /dev/net/tun for the machines' network"
    absent = [program for program in PROGRAMS if shutil.which(program) is None]
    if absent:
        return f"not installed: {', '.join(absent)}; run scripts/lab-setup.sh"
    if not KTIZO.exists():
        return "ktizo is not installed in .venv; run make setup"
    return why_missing("tools")


def why_missing(part: str) -> str | None:
    """Return why lab-setup.sh has not prepared `part`; None when it is there."""
    note = CACHE / "missing" / part
    if note.exists():
        return f"{part}: {note.read_text().strip()}"
    if not all(path.exists() for path in PARTS[part]):
        return f"{part}: not prepared; run scripts/lab-setup.sh"
    return None


def why_any_missing(parts: Iterable[str]) -> str | None:
    """Return the first reason why one of `parts` is missing."""
    return next((reason for part in parts if (reason := why_missing(part))), None)
