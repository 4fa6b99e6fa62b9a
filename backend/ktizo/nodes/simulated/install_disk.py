"""Which disk Talos installs itself to: machine.install up to 1.13, UnattendedInstallConfig after.

The rules are Talos's, written a second time: siderolabs/talos pkg/machinery/config/types/v1alpha1
(InstallDiskSelector) and the CEL expression of 1.14, as far as Ktizo writes it.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from ktizo.core.errors import Invalid
from ktizo.nodes.simulated.hardware import SimulatedDisk

_TERM = re.compile(
    r"""disk\.(?P<field>dev_path|wwid|serial|model|transport)\s*==\s*
        (?P<quote>["'])(?P<value>[^"'\\]*)(?P=quote)""",
    re.VERBOSE,
)
_READ: dict[str, Callable[[SimulatedDisk], str]] = {
    "dev_path": lambda disk: disk.path,
    "wwid": lambda disk: disk.wwid,
    "serial": lambda disk: disk.serial,
    "model": lambda disk: disk.model,
    "transport": lambda disk: disk.transport,
    "type": lambda disk: _type(disk),
}


@dataclass(frozen=True, slots=True)
class InstallDisk:
    """What a config says about the disk; `wanted` are (field, pattern) pairs that all must fit."""

    wanted: tuple[tuple[str, str], ...] = ()
    unreadable: str = ""  # what no simulated node can evaluate

    def among(self, disks: tuple[SimulatedDisk, ...]) -> SimulatedDisk | None:
        """Return the disk Talos would take: the first that fits; None: it would find none.

        Raises Invalid rather than guess at an expression it cannot evaluate.
        """
        if self.unreadable:
            raise Invalid(f"a simulated node cannot evaluate {self.unreadable!r}")
        for disk in disks:
            if disk.readonly or disk.cdrom:
                continue
            fits = [fnmatchcase(_READ[name](disk), pattern) for name, pattern in self.wanted]
            if fits and all(fits):
                return disk
        return None


def _type(disk: SimulatedDisk) -> str:
    if disk.transport == "nvme":
        return "nvme"
    return "hdd" if disk.rotational else "ssd"


def read(install: dict[str, Any], unattended: dict[str, Any]) -> InstallDisk:
    """Read machine.install and UnattendedInstallConfig."""
    selector = install.get("diskSelector") or {}
    if selector:  # it wins over `disk`
        if unknown := set(selector) - set(_READ):
            return InstallDisk(unreadable=f"diskSelector {sorted(unknown)}")
        return InstallDisk(tuple((name, str(value)) for name, value in selector.items()))
    if install.get("disk"):
        return InstallDisk((("dev_path", str(install["disk"])),))
    found = (unattended.get("provisioning") or {}).get("diskSelector") or {}
    return _matching(str(found.get("match") or ""))


def _matching(match: str) -> InstallDisk:
    found = []
    for part in match.split("&&") if match else []:
        term = _TERM.fullmatch(part.strip().strip("()").strip())
        if term is None:
            return InstallDisk(unreadable=match)
        found.append((term["field"], term["value"]))
    return InstallDisk(tuple(found))
