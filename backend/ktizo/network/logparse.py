"""dnsmasq's log, line by line, into facts; pure. Formats of dnsmasq 2.90 with `log-dhcp`.

One DHCP packet makes a block of lines under one transaction id, in this order: "available DHCP",
vendor class, user class, the packet itself (`PXE(lan0) MAC proxy`, `DHCPDISCOVER(lan0) MAC`), its
tags, our answer (`DHCPOFFER(lan0) ADDRESS MAC`), boot file, next server, then "sent size" for each
option of the answer, 53 first. The architecture is not printed, but our own tags `archN` are.

Strings that machines choose (vendor class, file names) have their control characters removed by
dnsmasq, so they cannot forge a line; they can hold any words, so only line ends are trusted.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from ktizo.network.facts import (
    Client,
    DhcpReply,
    DhcpSeen,
    Fact,
    Failed,
    Kind,
    Started,
    Stopped,
    TftpAborted,
    TftpMissing,
    TftpSent,
)

_LINE = re.compile(r"dnsmasq(?:-(?P<part>\w+))?(?P<pid>\[\d+\])?: (?P<text>.*)")
_DHCP = re.compile(r"(?P<xid>\d+) (?P<text>.*)")
_ADDRESS = r"\d{1,3}(?:\.\d{1,3}){3}"
_PACKET = re.compile(
    rf"(?P<type>PXE|DHCP[A-Z]+)\((?P<interface>\S+)\) (?:(?P<address>{_ADDRESS}) )?"
    r"(?P<mac>[0-9a-f]{2}(?::[0-9a-f]{2}){5})(?: (?P<rest>.*))?"
)
_SENT_OPTION = re.compile(r"sent size:\s*\d+ option:\s*(?P<number>\d+) \S+\s*(?P<value>.*)")
_TFTP = (
    (re.compile(rf"sent (?P<what>.*) to (?P<address>{_ADDRESS})"), TftpSent),
    (re.compile(rf"file (?P<what>.*) not found for (?P<address>{_ADDRESS})"), TftpMissing),
    (re.compile(rf"error (?P<what>.*) received from (?P<address>{_ADDRESS})"), TftpAborted),
)
_ARCH_TAG = re.compile(r"arch(\d{1,5})")
# Options that come before the boot file name in an answer: type, server, lease time.
_BEFORE_FILE = {53, 54, 51}
_BOOTFILE = 67
_ANSWERS = {"DHCPOFFER": Kind.OFFER, "DHCPACK": Kind.ACK}


@dataclass(slots=True)
class _Packet:
    """The block of lines being read."""

    xid: str
    notes: dict[str, str] = field(default_factory=dict)
    asked: re.Match[str] | None = None
    answered: re.Match[str] | None = None
    message_type: int = 0
    complete: bool = False

    def client(self, mac: str) -> Client:
        tags = self.notes.get("tags", "").split(", ")
        archs = [int(found[1]) for tag in tags if (found := _ARCH_TAG.fullmatch(tag))]
        return Client(
            mac=mac,
            arch=archs[0] if archs else None,
            ipxe="ipxe" in tags,
            vendor_class=self.notes.get("vendor class", ""),
            user_class=self.notes.get("user class", ""),
        )

    def facts(self) -> list[Fact]:
        return [*self._seen(), *self._reply()]

    def _seen(self) -> list[Fact]:
        asked = self.asked
        if asked is None or self.message_type == 5 or asked["type"] not in {"PXE", "DHCPDISCOVER"}:
            return []
        if asked["type"] == "PXE" and asked["address"]:
            return []  # a boot server request: it was seen before
        said = asked["rest"] or ""
        ignored = "" if asked["type"] == "PXE" and said == "proxy" else said
        if asked["type"] == "DHCPDISCOVER" and self.answered is not None:
            ignored = ""
        return [DhcpSeen(self.client(asked["mac"]), ignored)]

    def _reply(self) -> list[Fact]:
        packet = self.answered or self.asked
        if packet is None or not self.message_type:
            return []
        if packet["type"] == "PXE":
            kind = Kind.PROXY if self.message_type == 2 else Kind.BOOT_SERVER
        elif packet["type"] in _ANSWERS:
            kind = _ANSWERS[packet["type"]]
        else:
            return []
        return [
            DhcpReply(
                client=self.client(packet["mac"]),
                kind=kind,
                address=packet["address"],
                next_server=self.notes.get("next server", ""),
                filename=self.notes.get("bootfile name", ""),
            )
        ]


class LogReader:
    """Feed it every line, in order; it returns the facts each line completes."""

    def __init__(self) -> None:
        self._packet: _Packet | None = None
        self._aborted = ""

    def feed(self, line: str) -> Sequence[Fact]:
        """Return what is known for certain now; often nothing."""
        match = _LINE.fullmatch(line.strip())
        if match is None:
            return []
        dhcp = _DHCP.fullmatch(match["text"]) if match["part"] == "dhcp" else None
        if dhcp is not None:
            return self._dhcp(dhcp["xid"], dhcp["text"])
        facts = self._finish()
        if match["part"] == "tftp":
            return [*facts, *self._tftp(match["text"])]
        return [*facts, *_of_the_program(match["text"], from_die=match["pid"] is None)]

    def _dhcp(self, xid: str, text: str) -> Sequence[Fact]:
        facts: Sequence[Fact] = []
        if self._packet is None or self._packet.xid != xid or text.startswith("available DHCP"):
            facts = self._finish()
            self._packet = _Packet(xid)
        _read_into(self._packet, text)
        return [*facts, *self._finish()] if self._packet.complete else facts

    def _finish(self) -> Sequence[Fact]:
        packet, self._packet = self._packet, None
        return packet.facts() if packet is not None else []

    def _tftp(self, text: str) -> Sequence[Fact]:
        found = ((pattern.fullmatch(text), fact) for pattern, fact in _TFTP)
        match, fact = next((one for one in found if one[0]), (None, TftpSent))
        if match is None:
            return []
        aborted, self._aborted = self._aborted, ""
        if fact is TftpAborted:
            self._aborted = match["address"]
        elif fact is TftpSent and aborted == match["address"]:
            return []  # dnsmasq 2.90 logs "sent" right after the abort as well
        return [fact(match["address"], match["what"])]


def _read_into(packet: _Packet, text: str) -> None:
    if option := _SENT_OPTION.fullmatch(text):
        _read_option(packet, int(option["number"]), option["value"])
    elif match := _PACKET.fullmatch(text):
        if match["type"] in _ANSWERS:
            packet.answered = match
        else:
            packet.asked = match
    elif ": " in text:
        name, _, value = text.partition(": ")
        packet.notes[name] = value
        refused = packet.asked is not None and packet.asked["rest"] not in {None, "proxy"}
        if name == "tags" and refused and packet.asked and not packet.asked["address"]:
            packet.complete = True  # no answer follows


def _read_option(packet: _Packet, number: int, value: str) -> None:
    if number == 53:
        packet.message_type = int(value) if value.isdecimal() else 0
        if packet.answered is None:
            packet.complete = True  # PXE answers have said everything by now
    elif number == _BOOTFILE:
        packet.notes["bootfile name"] = value
        packet.complete = True
    elif number not in _BEFORE_FILE:
        packet.complete = True


def _of_the_program(text: str, *, from_die: bool) -> Sequence[Fact]:
    if text.startswith("started, version "):
        return [Started(text.removeprefix("started, version ").partition(" ")[0])]
    if text.startswith("exiting on receipt of "):
        return [Stopped(text)]
    # dnsmasq gives up with a line that has no pid.
    return [Failed(text)] if from_die or text == "FAILED to start up" else []
