"""A machine's events, read as the story of its boots. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ktizo.events.kinds import LOCAL_DISK, Event, EventKind

# Longer than firmware and loader ever pause between two of their steps; an installer may be silent
# for longer, but what it then does never begins a boot.
PAUSE = timedelta(minutes=2)
MILLISECOND = timedelta(milliseconds=1)

BEGINNINGS = {EventKind.DHCP_SEEN, EventKind.SCRIPT_ASKED}
LOADING = {
    EventKind.DHCP_SEEN,
    EventKind.DHCP_OFFER,
    EventKind.TFTP_SENT,
    EventKind.TFTP_MISSING,
    EventKind.LOADER_SENT,
}
KERNEL_RUNS = {EventKind.KERNEL_SENT, EventKind.INITRD_SENT, EventKind.CONFIG_SENT}
OWN_STEPS = (
    LOADING
    | KERNEL_RUNS
    | {
        EventKind.DEVICE_SEEN,
        EventKind.SCRIPT_ASKED,
        EventKind.DECIDED,
        EventKind.FILE_SENT,
        EventKind.CONFIG_REFUSED,
        EventKind.DONE,
        EventKind.BOOT_LOOP,
    }
)
# Talos on its way, told by itself: part of the boot until that has ended, however long it takes.
OF_NODE = {
    EventKind.NODE_STAGE,
    EventKind.NODE_STEP,
    EventKind.NODE_ERROR,
    EventKind.TALOS_FOUND,
    EventKind.NODE_STATE,
    EventKind.NODE_TROUBLE,
    EventKind.INSPECTED,
    EventKind.HANDED_OVER,
    EventKind.DISK_MISSING,
}


@dataclass(frozen=True, slots=True)
class Step:
    """One event of a boot."""

    id: int
    at: datetime
    since_previous_ms: int | None  # milliseconds after the step before; None for the first
    kind: str
    address: str | None
    data: dict[str, Any]
    count: int


@dataclass(frozen=True, slots=True)
class Boot:
    """Steps that belong together, oldest first.

    `network_boot` is False for what happened to the machine while it was not booting, such as an
    approval in the office. `done`: the machine itself proved, in this boot, that it runs.
    """

    started_at: datetime
    ended_at: datetime
    duration_ms: int
    network_boot: bool
    done: bool
    steps: list[Step]


def boots(events: Iterable[Event]) -> list[Boot]:
    """Group the events of ONE machine into its boots, oldest first; every event is in one.

    A boot begins where the firmware asks for DHCP or the loader for its script: the first time,
    after PAUSE, after an end (it proved that it runs, or was sent to its disk), or where the
    machine has plainly started over.
    """
    groups: list[list[Event]] = []
    for event in sorted(events, key=lambda event: (event.at, event.id)):
        if not groups or _begins(groups[-1], event):
            groups.append(_loading_before(groups, event))
        groups[-1].append(event)
    return [_boot(group) for group in groups if group]


def _begins(current: list[Event], event: Event) -> bool:
    paused = event.at - current[-1].at > PAUSE
    if event.kind in BEGINNINGS:
        return paused or not _is_boot(current) or _over(current, event)
    if event.kind in OWN_STEPS:
        return False
    if event.kind in OF_NODE and _is_boot(current) and not _ended(current):
        return False
    return paused and _is_boot(current)


def _is_boot(group: list[Event]) -> bool:
    return any(event.kind in OWN_STEPS for event in group)


def _ended(group: list[Event]) -> bool:
    """Say whether the machine was sent to its disk, or runs."""
    for event in reversed(group):
        if event.kind == EventKind.DONE:
            return True
        if event.kind == EventKind.DECIDED:
            return event.data.get("action") == LOCAL_DISK
    return False


def _over(current: list[Event], event: Event) -> bool:
    if _ended(current):
        return True
    kinds = {before.kind for before in current}
    kernel_runs = not kinds.isdisjoint(KERNEL_RUNS)
    if event.kind == EventKind.SCRIPT_ASKED:
        return kernel_runs  # a running kernel asks for no script: the machine was reset
    # The firmware and then the loader ask for DHCP; an installer does so too, after its kernel.
    return EventKind.SCRIPT_ASKED in kinds and not kernel_runs


def _loading_before(groups: list[list[Event]], event: Event) -> list[Event]:
    """Take back the DHCP and TFTP that already belonged to the boot `event` begins.

    Only a script asked for after a kernel shows that the DHCP just before it was no installer's.
    """
    taken: list[Event] = []
    if groups and event.kind == EventKind.SCRIPT_ASKED:
        last = groups[-1]
        while last and last[-1].kind in LOADING and event.at - last[-1].at <= PAUSE:
            taken.insert(0, last.pop())
    return taken


def _boot(group: list[Event]) -> Boot:
    return Boot(
        started_at=group[0].at,
        ended_at=group[-1].at,
        duration_ms=(group[-1].at - group[0].at) // MILLISECOND,
        network_boot=_is_boot(group),
        done=any(event.kind == EventKind.DONE for event in group),
        steps=[
            Step(
                id=event.id,
                at=event.at,
                since_previous_ms=None if before is None else (event.at - before.at) // MILLISECOND,
                kind=event.kind,
                address=event.address,
                data=event.data,
                count=event.count,
            )
            for before, event in zip([None, *group[:-1]], group, strict=True)
        ],
    )
