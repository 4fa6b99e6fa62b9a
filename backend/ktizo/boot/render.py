"""Scripts for iPXE, each a pure function of a frozen dataclass.

What iPXE does with text decides the rules here (measured on builds of 2019 and 2025): it expands
`${...}` everywhere, splits on blanks, and a word `||`, `&&` or `;` ends a command; so free text is
shown through `plain`. Every command that can fail has its `||` branch, and every script's last word
is the machine's own disk. On UEFI a bare `exit` stops in the firmware's menu, hence `exit 1`.
"""

import re
from dataclasses import dataclass

from ktizo import __version__
from ktizo.core.templates import render_file
from ktizo.devices.identity import Claim

_NOT_PLAIN = re.compile(r"[^A-Za-z0-9 ._:,/()@+=-]")
ALL_FIELDS = (
    "mac=${bootmac}&macs=${net0/mac:hexhyp},${net1/mac:hexhyp},${net2/mac:hexhyp},"
    "${net3/mac:hexhyp}&uuid=${uuid}&serial_hex=${serial:hexraw}&vendor_hex=${manufacturer:hexraw}"
    "&product_hex=${product:hexraw}&asset_hex=${asset:hexraw}&arch=${bootarch}"
    "&platform=${platform}"
)
SANBOOT = "sanboot --no-describe --drive 0x80 || exit 1"


def plain(text: str) -> str:
    """Return `text` with everything iPXE could act on replaced by `?`."""
    return _NOT_PLAIN.sub("?", text)


def handover_command(handover: str, firmware: str | None) -> str:
    """Return the iPXE line that hands over to the local disk, in the way this machine needs."""
    if handover == "sanboot":
        return SANBOOT
    # `exit` on BIOS goes to the next boot device; on UEFI only `exit 1` does.
    return "exit" if handover == "exit" and firmware == "bios" else "exit 1"


@dataclass(frozen=True)
class BootScript:
    """The static "who are you?". `choice` is appended when a profile is asked for by name."""

    base: str
    choice: str | None = None
    fields: str = ALL_FIELDS
    version: str = __version__


@dataclass(frozen=True)
class DiskScript:
    """Explain, then the local disk."""

    rule: str
    reason: str
    machine: str
    handover: str
    version: str = __version__


@dataclass(frozen=True)
class HoldScript:
    """Show the pairing code and ask again."""

    base: str
    machine: str
    product: str
    code: str
    handover: str
    again: str = "boot"
    poll_s: int = 5
    # Between tries while Ktizo does not answer: a restart takes seconds, and must not send forty
    # machines that wait to their disks.
    patience_s: tuple[int, ...] = (3, 5, 7, 10, 10, 10)
    version: str = __version__


@dataclass(frozen=True)
class MenuItem:
    """One line of a menu."""

    name: str
    title: str


@dataclass(frozen=True)
class MenuScript:
    """A choice with a time-out that ends on the local disk. Without items: an unknown machine's."""

    base: str
    machine: str
    items: tuple[MenuItem, ...]
    may_wait: bool
    handover: str
    timeout_ms: int = 30_000
    version: str = __version__


@dataclass(frozen=True)
class LinuxScript:
    """Kernel, initrds and one command line: the only script that may lead to an installer."""

    machine: str
    profile: str
    title: str
    kernel: str
    cmdline: str
    initrds: tuple[str, ...]
    handover: str
    version: str = __version__


Script = BootScript | DiskScript | HoldScript | MenuScript | LinuxScript

_TEMPLATES: dict[type[Script], str] = {
    BootScript: "ipxe/boot.ipxe.j2",
    DiskScript: "ipxe/disk.ipxe.j2",
    HoldScript: "ipxe/hold.ipxe.j2",
    MenuScript: "ipxe/menu.ipxe.j2",
    LinuxScript: "ipxe/linux.ipxe.j2",
}


def script(content: Script) -> str:
    """Return the text of a script."""
    return render_file(_TEMPLATES[type(content)], content)


def machine_name(claim: Claim | None, hostname: str | None = None) -> str:
    """Return how the console names the machine."""
    if claim is None:
        return "this machine"
    return plain(f"{hostname} ({claim.mac})" if hostname else claim.mac)


def product_name(claim: Claim) -> str:
    """Return vendor, product and serial as far as they are known."""
    parts = [claim.vendor, claim.product, f"serial {claim.serial}" if claim.serial else None]
    return plain(" ".join(part for part in parts if part)) or "unknown make"


# What is left when even our own code fails: it needs no template, no database, no disk.
LAST_RESORT = f"""#!ipxe
echo Ktizo: something went wrong on the server, see its log
echo Ktizo: booting from the local disk.
{SANBOOT}
""".encode()
