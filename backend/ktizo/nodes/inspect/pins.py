"""By which mark each disk of a machine can be told from the others. Pure.

A pin ends up in a selector Talos evaluates. machine.install.diskSelector compares WWID and serial
by `glob`, and takes no disk without a transport, no read-only one and no CD-ROM (siderolabs/talos
v1alpha1_provider.go, DiskMatchExpression, read 2026-11-21): a mark on a disk without transport
would fit none, and which letters a mark may have is clusters/disks.py's to say.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from ktizo.clusters.disks import PIN
from ktizo.nodes.inspect.found import FoundDisk

_PIN = re.compile(PIN)


def with_pins(disks: Sequence[FoundDisk]) -> tuple[FoundDisk, ...]:
    """Return the disks with `install_disk`: by WWID when unique, else by serial when unique."""
    wwids = Counter(disk.wwid for disk in disks)
    serials = Counter(disk.serial for disk in disks)
    return tuple(replace(disk, install_disk=_pin(disk, wwids, serials)) for disk in disks)


def _pin(disk: FoundDisk, wwids: Counter[str], serials: Counter[str]) -> str | None:
    if disk.readonly or not disk.transport:
        return None
    for kind, value, seen in (("wwid", disk.wwid, wwids), ("serial", disk.serial, serials)):
        pin = f"{kind}:{value}"
        if seen[value] == 1 and _PIN.fullmatch(pin):
            return pin
    return None
