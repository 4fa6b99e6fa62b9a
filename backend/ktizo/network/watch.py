"""From dnsmasq's log to each machine's timeline. TFTP knows addresses only; here they get a MAC."""

from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from typing import Any, Protocol

from ktizo.core.clock import utc_now
from ktizo.core.mac import parse_mac
from ktizo.events.kinds import EventKind
from ktizo.network.facts import Client, DhcpReply, DhcpSeen, Kind, TftpMissing, TftpSent
from ktizo.network.loaders import ARCHITECTURES, AUTOEXEC
from ktizo.network.logparse import LogReader
from ktizo.network.neighbours import neighbours

KNOWN = 4096  # addresses remembered
KNOWN_FOR = timedelta(minutes=10)  # a lease may have moved to another machine since
WAITING = 1000  # TFTP lines whose machine is not known yet
WAITING_FOR = timedelta(minutes=5)
TEXT = 200  # characters kept of what a machine chose itself

# Our own dhcp-ignore line is the only one there is.
_REASONS = {"proxy-ignored": "no loader for this architecture"}
_LABELS = {one.code: one.label for one in ARCHITECTURES}


class Record(Protocol):
    """Writes one timeline event; never blocks, never raises."""

    def __call__(
        self,
        kind: EventKind,
        *,
        mac: str | None,
        address: str | None,
        data: Mapping[str, Any],
        at: datetime,
    ) -> None:
        """Take the event; events.record.record with its writer bound is one."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    at: datetime
    fact: TftpSent | TftpMissing


class Watch:
    """Give it every line of dnsmasq and every (address, MAC) that HTTP requests reveal."""

    def __init__(
        self,
        record: Record,
        *,
        look_up: Callable[[], Mapping[str, str]] = neighbours,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._record, self._look_up, self._clock = record, look_up, clock
        self._reader = LogReader()
        self._known: OrderedDict[str, tuple[str, datetime]] = OrderedDict()
        self._waiting: deque[_Waiting] = deque(maxlen=WAITING)

    def feed(self, line: str) -> None:
        """Take one line of dnsmasq's log."""
        for fact in self._reader.feed(line):
            if isinstance(fact, DhcpSeen):
                self._seen(fact)
            elif isinstance(fact, DhcpReply):
                self._replied(fact)
            elif isinstance(fact, TftpSent | TftpMissing):
                self._tftp(fact)

    def learned(self, address: str, mac: str) -> None:
        """Note that `mac` has `address` now, and give it the TFTP lines that waited for that."""
        self._known[address] = (mac, self._clock())
        self._known.move_to_end(address)
        if len(self._known) > KNOWN:
            self._known.popitem(last=False)
        if self._waiting:
            self._hand_over(address, mac)

    def _seen(self, fact: DhcpSeen) -> None:
        if fact.client.netboots and (mac := _own_mac(fact.client)):
            data = _of(fact.client)
            if fact.ignored:
                data["ignored"] = _REASONS.get(fact.ignored, fact.ignored[:TEXT])
            self._note(EventKind.DHCP_SEEN, mac, None, data)

    def _replied(self, fact: DhcpReply) -> None:
        mac = _own_mac(fact.client)
        if mac is None:
            return
        if fact.address is not None and fact.kind is not Kind.OFFER:
            self.learned(fact.address, mac)
        if fact.client.netboots and fact.kind is not Kind.ACK:
            data = _of(fact.client) | {
                "via": fact.kind.value,
                "next_server": fact.next_server,
                "file": fact.filename[:TEXT],
            }
            self._note(EventKind.DHCP_OFFER, mac, fact.address, data)

    def _tftp(self, fact: TftpSent | TftpMissing) -> None:
        if isinstance(fact, TftpMissing) and PurePosixPath(fact.file).name == AUTOEXEC:
            return  # every newer iPXE asks for it; no fault of anyone
        mac = self._mac_of(fact.address)
        if mac is not None:
            self._file_event(fact, mac, self._clock())
        else:
            self._waiting.append(_Waiting(self._clock(), fact))

    def _mac_of(self, address: str) -> str | None:
        # The kernel has just exchanged packets with this address, so it knows best.
        mac = self._look_up().get(address)
        if mac is not None:
            return mac
        known = self._known.get(address)
        return known[0] if known and self._clock() - known[1] < KNOWN_FOR else None

    def _hand_over(self, address: str, mac: str) -> None:
        oldest = self._clock() - WAITING_FOR
        fresh = [one for one in self._waiting if one.at >= oldest]
        self._waiting = deque((one for one in fresh if one.fact.address != address), maxlen=WAITING)
        for one in fresh:
            if one.fact.address == address:
                self._file_event(one.fact, mac, one.at)

    def _file_event(self, fact: TftpSent | TftpMissing, mac: str, at: datetime) -> None:
        sent = isinstance(fact, TftpSent)
        kind = EventKind.TFTP_SENT if sent else EventKind.TFTP_MISSING
        data = {"file": PurePosixPath(fact.file).name[:TEXT]}
        self._record(kind, mac=mac, address=fact.address, data=data, at=at)

    def _note(
        self, kind: EventKind, mac: str, address: str | None, data: Mapping[str, Any]
    ) -> None:
        self._record(kind, mac=mac, address=address, data=data, at=self._clock())


def _own_mac(client: Client) -> str | None:
    try:
        return parse_mac(client.mac)
    except ValueError:  # all zeros, a group address: some firmware bug, or somebody's joke
        return None


def _of(client: Client) -> dict[str, Any]:
    return {
        "arch": client.arch,
        "firmware": _LABELS.get(client.arch) if client.arch is not None else None,
        "ipxe": client.ipxe,
        "vendor_class": client.vendor_class[:TEXT],
        "user_class": client.user_class[:TEXT],
    }
