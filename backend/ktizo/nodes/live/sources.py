"""Which machine is at an address. Talos does not say who it is, so the address has to.

An address proves nothing on a network where anybody may take it: what comes from it is shown, and
nothing is decided by it.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import datetime
from ipaddress import ip_address
from typing import Any

from ktizo.core.bootdb import BootReader
from ktizo.devices import store as devices
from ktizo.nodes.live.store import nodes_at

KNOWN_S, UNKNOWN_S = 2.0, 1.0  # how long an answer is kept
KEPT = 10_000  # answers; the oldest are forgotten
Candidates = Sequence[tuple[int, Any]]


def plain(address: str) -> str:
    """Return an address as it is recorded: no zone (%eth0), IPv4 as such also on a dual socket."""
    bare = address.partition("%")[0]
    try:
        mapped = getattr(ip_address(bare), "ipv4_mapped", None)
    except ValueError:
        return bare
    return str(mapped) if mapped is not None else bare


class Sources:
    """Answers for addresses, kept for a moment so that a flood costs no query each."""

    def __init__(
        self,
        reader: BootReader,
        mac_at: Callable[[str], str | None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._reader = reader
        self._mac_at = mac_at
        self._clock = clock
        self._kept: OrderedDict[str, tuple[float, int | None]] = OrderedDict()

    def remembered(self, address: str) -> tuple[bool, int | None]:
        """Return whether the answer is still known, and the answer."""
        found = self._kept.get(address)
        if found is None or found[0] <= self._clock():
            return False, None
        return True, found[1]

    async def device_at(self, address: str) -> int | None:
        """Return the machine at `address` (see `plain`), None when it is none of ours.

        Raises Unavailable when the database cannot be asked.
        """
        known, device_id = self.remembered(address)
        if known:
            return device_id
        device_id = await self._find(address)
        stays_s = UNKNOWN_S if device_id is None else KNOWN_S
        self._kept[address] = (self._clock() + stays_s, device_id)
        self._kept.move_to_end(address)
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return device_id

    async def _find(self, address: str) -> int | None:
        """Ask in the order of what an address is worth as a sign.

        A config fetched with a ticket; the node's own API, which proved who it is; the card its
        packets come from; an address a machine once asked from, and may have lost since.
        """
        ticketed = await devices.configured_at(self._reader, address)
        if ticketed:
            return latest(ticketed)
        answering = await nodes_at(self._reader, address)
        if answering:
            return latest(answering)
        mac = self._mac_at(address)
        by_card = await devices.id_of_mac(self._reader, mac) if mac is not None else None
        if by_card is not None:
            return by_card
        return latest(await devices.last_at(self._reader, address))


def latest(candidates: Candidates) -> int | None:
    """Return the machine seen last; None when there is none, or two were seen equally lately."""
    best: dict[int, datetime | None] = {}
    for device_id, at in candidates:
        known = best.get(device_id)
        best[device_id] = at if known is None or (at is not None and at > known) else known
    if len(best) < 2:
        return next(iter(best), None)
    timed = sorted(((at, who) for who, at in best.items() if at is not None), reverse=True)
    if not timed or (len(timed) > 1 and timed[0][0] == timed[1][0]):
        return None
    return timed[0][1]
