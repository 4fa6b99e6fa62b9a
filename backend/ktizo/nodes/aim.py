"""Which disk a config would install Talos on, read from the very bytes that are to be sent. Pure.

What an operator pinned and what a patch says may differ, and Talos does what the config says. So
the config is asked: `machine.install` up to 1.13, `UnattendedInstallConfig` from 1.14 on. Only a
selector by path, WWID or serial can be followed here; any other Talos evaluates alone.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ktizo.clusters.disks import Pin, pinned
from ktizo.core import yaml
from ktizo.nodes.inspect.found import FoundDisk

_EQUALS = re.compile(r'disk\.(dev_path|wwid|serial)\s*==\s*"((?:[^"\\]|\\["\\])*)"')
# What a selector may add without pointing at another disk.
_HARMLESS = frozenset({"!disk.readonly", "!disk.cdrom", 'disk.transport != ""'})
# What `&&` joins, unless it stands in quotes.
_CONJUNCT = re.compile(r'(?:&&)?((?:"(?:[^"\\]|\\.)*"|(?!&&)[^"])+)')
UNATTENDED = "UnattendedInstallConfig"
_ESCAPED = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class Aim:
    """`by` is path, wwid or serial; `other` a selector that only Talos can evaluate."""

    by: str = ""
    value: str = ""
    other: str = ""

    def __str__(self) -> str:
        return self.other or (self.value if self.by == "path" else f"{self.by}:{self.value}")

    def hits(self, disk: FoundDisk) -> bool:
        """Say whether it points at this disk."""
        if self.by == "path":
            return disk.name == self.value or self.value in disk.symlinks
        return bool(self.value) and getattr(disk, self.by) == self.value


@dataclass(frozen=True, slots=True)
class Shot:
    """Where a config would hit. `missing`: the disk is not there; `wrong`: it would be another.

    `disk` is also None when only Talos can tell.
    """

    disk: FoundDisk | None = None
    missing: str = ""
    wrong: str = ""


def aim(config: bytes) -> Aim:
    """Return what a config says of the disk."""
    documents = [one for one in yaml.load_all(config.decode()) if isinstance(one, dict)]
    unattended = next(
        (one for one in documents if one.get("kind") == "UnattendedInstallConfig"), {}
    )
    match = _at(unattended, "provisioning", "diskSelector").get("match")
    if match:
        return _of_cel(str(match))
    for one in documents:
        install = _at(one, "machine", "install") if "kind" not in one else {}
        if selector := install.get("diskSelector"):
            return _of_selector(selector)
        if install.get("disk"):
            return Aim("path", str(install["disk"]))
    return Aim(other="nothing")


def shoot(config: bytes, install_disk: str | None, disks: Sequence[FoundDisk]) -> Shot:
    """Return which of a machine's disks the config would erase; `install_disk` may pin one."""
    aimed, pin = aim(config), pinned(install_disk)
    if pin is not None and not _agrees(aimed, pin):
        return Shot(
            wrong=f"the disk is pinned ({pin.kind} {pin.value}), and a patch selects {aimed}"
        )
    if aimed.other:
        # Whether it fits, and what, is Talos's to say; without any disk nothing can.
        return Shot() if disks else Shot(missing=aimed.other)
    found = [disk for disk in disks if aimed.hits(disk)]
    if len(found) > 1:
        return Shot(wrong=f"{len(found)} disks are {aimed}: {', '.join(one.name for one in found)}")
    if not found or found[0].readonly:
        return Shot(missing=str(aimed))
    return Shot(found[0])


def _agrees(aimed: Aim, pin: Pin) -> bool:
    return (aimed.by, aimed.value) == (pin.kind, pin.value)


def _at(document: Any, *path: str) -> dict[str, Any]:
    for name in path:
        document = document.get(name) if isinstance(document, dict) else None
    return document if isinstance(document, dict) else {}


def _of_selector(selector: Any) -> Aim:
    if isinstance(selector, dict) and len(selector) == 1:
        by, value = next(iter(selector.items()))
        if by in ("wwid", "serial"):
            return Aim(by, str(value))
    return Aim(other=f"diskSelector {selector}")


def _of_cel(match: str) -> Aim:
    parts = [part.strip() for part in _CONJUNCT.findall(match)]
    telling = [part for part in parts if part not in _HARMLESS]
    found = _EQUALS.fullmatch(telling[0]) if len(telling) == 1 else None
    if found is None:
        return Aim(other=match)
    by = "path" if found[1] == "dev_path" else found[1]
    return Aim(by, _ESCAPED.sub(r"\1", found[2]))
