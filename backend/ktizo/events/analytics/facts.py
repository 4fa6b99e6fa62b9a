"""One network boot, boiled down to what counting needs. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ktizo.events.kinds import EventKind
from ktizo.events.timeline import Boot


class Mark(StrEnum):
    """How far a boot is; in the usual order."""

    DHCP = "dhcp"  # it was offered a loader
    LOADER = "loader"  # the loader went out, by TFTP or HTTP
    SCRIPT = "script"  # the loader runs and asked what to do
    KERNEL = "kernel"  # its kernel was asked for
    INITRD = "initrd"  # its initrd was asked for
    CONFIG = "config"  # the kernel runs and fetched its machine's config
    DONE = "done"  # the installed machine said so itself


_MARKS = {
    EventKind.DHCP_OFFER: Mark.DHCP,
    EventKind.TFTP_SENT: Mark.LOADER,
    EventKind.LOADER_SENT: Mark.LOADER,
    EventKind.SCRIPT_ASKED: Mark.SCRIPT,
    EventKind.DECIDED: Mark.SCRIPT,  # where the first script was answered by a cache in between
    EventKind.KERNEL_SENT: Mark.KERNEL,
    EventKind.INITRD_SENT: Mark.INITRD,
    EventKind.CONFIG_SENT: Mark.CONFIG,
    EventKind.DONE: Mark.DONE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BootFacts:
    """A boot. `action`, `rule`, `profile` are those of the last decision; None: it never asked."""

    mac: str
    device_id: int | None
    first_id: int  # of its first event
    started_at: datetime
    last_at: datetime
    marks: dict[Mark, datetime]  # the first time each was reached
    action: str | None
    rule: str | None
    profile: str | None
    missing_file: bool  # it asked TFTP for a loader we do not have
    looped: bool  # it was held on its disk after this
    proved: bool = False  # an operator said afterwards that it runs
    followed: bool = False  # the same machine began another boot since

    @property
    def done(self) -> bool:
        """Say whether the machine or an operator said that it is installed."""
        return self.proved or Mark.DONE in self.marks


def facts_of(mac: str, device_id: int | None, boot: Boot) -> BootFacts:
    """Return `boot` of the machine with this MAC, boiled down."""
    marks: dict[Mark, datetime] = {}
    said: dict[str, str | None] = {}
    kinds = set()
    for step in boot.steps:
        kinds.add(step.kind)
        mark = _MARKS.get(step.kind)  # type: ignore[call-overload]  # text equal to a member
        if mark is not None:
            marks.setdefault(mark, step.at)
        if step.kind == EventKind.DECIDED:
            said = step.data
    return BootFacts(
        mac=mac,
        device_id=device_id,
        first_id=min(step.id for step in boot.steps),
        started_at=boot.started_at,
        last_at=boot.ended_at,
        marks=marks,
        action=said.get("action"),
        rule=said.get("rule"),
        profile=said.get("profile"),
        missing_file=EventKind.TFTP_MISSING in kinds,
        looped=EventKind.BOOT_LOOP in kinds,
    )
