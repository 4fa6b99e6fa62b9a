"""Which MAC has an address just now: the kernel's own table of who it spoke to last."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path

_COMPLETE = 0x2  # linux/if_arp.h ATF_COM
FRESH_S = 1.0


def parse_arp(text: str) -> dict[str, str]:
    """Read /proc/net/arp: address -> MAC, finished entries only."""
    found = {}
    for line in text.splitlines()[1:]:
        fields = line.split()
        if len(fields) == 6 and int(fields[2], 16) & _COMPLETE:
            found[fields[0]] = fields[3].lower()
    return found


def neighbours(file: Path = Path("/proc/net/arp")) -> dict[str, str]:
    """Return the table; empty when it cannot be read. A kernel file: no disk is waited for."""
    try:
        return parse_arp(file.read_text())
    except (OSError, ValueError):
        return {}


class Cards:
    """Whose network card an address on our own wire belongs to, as the kernel sees it.

    A machine says its MAC itself; this is the MAC its packets really come from. None: not on our
    wire (behind a router), so the kernel cannot know.
    """

    def __init__(
        self,
        look_up: Callable[[], Mapping[str, str]] = neighbours,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._look_up, self._clock = look_up, clock
        self._table: Mapping[str, str] = {}
        self._read_at = float("-inf")

    def at(self, address: str) -> str | None:
        """Return the MAC behind `address`. A missing entry is looked for anew every time."""
        if address.startswith("127."):
            return None
        if address not in self._table or self._clock() - self._read_at > FRESH_S:
            self._table, self._read_at = self._look_up(), self._clock()
        return self._table.get(address)
