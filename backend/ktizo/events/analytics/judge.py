"""Did a boot reach its goal? Pure.

Reached: the machine was told to boot its own disk because that is what it should do (it is
installed, its profile says so, or it was rejected); or it was given an installer and then said
itself that it is installed (or an operator said so); or it was given a profile that installs
nothing and cannot say anything (a rescue system), and its kernel was fetched.

Failed: everything else that ended. An installer that was given out and stood still for
STALLED_AFTER, or began again from the start, failed where it stopped; a decision that keeps an
approved machine from what it should do failed by that rule; a boot loop is one of those.

Neither: a machine on which nobody has decided (it waits for a person), and a boot under way.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum

from ktizo.events.analytics.facts import BootFacts, Mark
from ktizo.events.kinds import LOCAL_DISK

STALLED_AFTER = timedelta(minutes=30)  # an installer may be silent for long
SILENT_AFTER = timedelta(minutes=5)  # firmware and loaders are not

# Rules of boot.decide, which this room cannot see; a test of boot compares the words.
ON_PURPOSE = {"already_installed", "profile_local_disk", "rejected"}
NOBODY_DECIDED = {"unknown", "not_approved", "inspection"}
INSTALLER = "boot"


class Outcome(StrEnum):
    """What became of a boot."""

    REACHED = "reached"
    FAILED = "failed"
    UNDECIDED = "undecided"  # it waits for a person
    UNDER_WAY = "under_way"


Verdict = tuple[Outcome, str]  # and the cause of a failure, else ""

REACHED: Verdict = (Outcome.REACHED, "")
UNDECIDED: Verdict = (Outcome.UNDECIDED, "")
UNDER_WAY: Verdict = (Outcome.UNDER_WAY, "")


def judge(boot: BootFacts, now: datetime, silent: Collection[str] = ()) -> Verdict:
    """Return what became of `boot`, and if it failed, why.

    `silent`: names of profiles that install nothing and so never say that they are done.
    """
    if boot.action is None:
        return _never_asked(boot, now)
    if boot.action == INSTALLER:
        return _given_installer(boot, now, silent)
    if boot.action != LOCAL_DISK or boot.rule in NOBODY_DECIDED:
        return UNDECIDED  # it waits, or has a menu before it in which nobody chose
    return REACHED if boot.rule in ON_PURPOSE else (Outcome.FAILED, boot.rule or "unreadable")


def _given_installer(boot: BootFacts, now: datetime, silent: Collection[str]) -> Verdict:
    if boot.done or (boot.profile in silent and Mark.KERNEL in boot.marks):
        return REACHED
    if boot.looped:
        return Outcome.FAILED, "boot_loop"
    if not boot.followed and now - boot.last_at < STALLED_AFTER:
        return UNDER_WAY
    furthest = [mark for mark in Mark if mark in boot.marks][-1]
    return Outcome.FAILED, f"stopped_after_{furthest}"


def _never_asked(boot: BootFacts, now: datetime) -> Verdict:
    if not boot.followed and now - boot.last_at < SILENT_AFTER:
        return UNDER_WAY
    if Mark.KERNEL in boot.marks or Mark.CONFIG in boot.marks or Mark.DONE in boot.marks:
        return UNDECIDED  # the rest of a boot whose beginning is no longer kept
    if boot.missing_file:
        return Outcome.FAILED, "loader_missing"
    if Mark.SCRIPT in boot.marks:
        return Outcome.FAILED, "stopped_after_script"
    if Mark.LOADER in boot.marks:
        return Outcome.FAILED, "loader_silent"
    return Outcome.FAILED, "loader_not_fetched" if Mark.DHCP in boot.marks else "no_loader_offered"
