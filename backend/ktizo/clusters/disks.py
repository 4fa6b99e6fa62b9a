"""The disk a machine is installed on, by a mark of its own and not by its place. Pure.

`/dev/sda` is whichever disk the kernel found first; `wwid:naa.5002538e...` and `serial:S664NE0R...`
are one disk wherever it is plugged. A machine with such a pin is given its whole config only after
that disk was seen in it.
"""

from dataclasses import dataclass
from typing import Literal, cast

# Printable ASCII without `*?[]{}` and backslash: before Talos 1.14 the mark is a glob pattern, and
# a disk that calls itself `*` must not stand for all disks.
PIN = r"(wwid|serial):[ -)+->@-Z^-z|~]{1,240}"

Kind = Literal["wwid", "serial"]
_KINDS = ("wwid", "serial")


@dataclass(frozen=True, slots=True)
class Pin:
    """One disk, by what it calls itself."""

    kind: Kind
    value: str


def pinned(install_disk: str | None) -> Pin | None:
    """Return which disk `install_disk` pins; None when it is a path, or not said."""
    kind, colon, value = (install_disk or "").partition(":")
    return Pin(cast(Kind, kind), value) if colon and kind in _KINDS else None
