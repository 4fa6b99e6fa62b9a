"""The one rule that matters: what may this machine boot now? Pure and total.

Read from the top: every line but the last three ends on the machine's own disk, keeps it waiting
or lets it be looked at in memory, and an installer is reached only by falling through all of them.
"""

from dataclasses import dataclass
from enum import StrEnum

from ktizo.core.settings import UnknownPolicy
from ktizo.devices.lifecycle import MAY_INSTALL, PROVED, UNDECIDED, State


class Action(StrEnum):
    """What the answer to a network boot does."""

    LOCAL_DISK = "local_disk"  # explain, then hand over to the machine's own disk
    HOLD = "hold"  # show a pairing code and ask again
    MENU_UNKNOWN = "menu_unknown"  # local disk, wait, power off: nothing that writes
    INSPECT = "inspect"  # Talos in memory with a config that installs nothing: writes to no disk
    MENU = "menu"  # an approved machine may choose a profile
    BOOT = "boot"  # kernel and initrd of a profile: the only one that can write to a disk


class ProfileState(StrEnum):
    """How ready the profile is that was asked for."""

    NONE = "none"  # nothing assigned and no role to fall back on
    LOCAL_DISK = "local_disk"
    MENU = "menu"
    READY = "ready"  # a kernel that can be served and a command line that renders
    BROKEN = "broken"
    NOT_ASSIGNED = "not_assigned"  # asked for by name, not given to this machine


class LookState(StrEnum):
    """Whether an operator asked to look at the machine, and whether that can be."""

    NONE = "none"  # nobody asked, or its time is over
    READY = "ready"  # its build can be served
    BROKEN = "broken"


class Rule(StrEnum):
    """Which line decided; shown to operators and on the machine's console."""

    UNREADABLE = "unreadable"
    DATABASE_DOWN = "database_down"
    UNKNOWN = "unknown"
    REJECTED = "rejected"
    IDENTITY_CONTESTED = "identity_contested"
    IDENTITY_UNPROVEN = "identity_unproven"
    FOREIGN_CARD = "foreign_card"
    WRONG_DOOR = "wrong_door"
    BOOT_LOOP = "boot_loop"
    NOT_APPROVED = "not_approved"
    INSPECTION = "inspection"
    INSPECTION_IMPOSSIBLE = "inspection_impossible"
    INSPECTION_USED_UP = "inspection_used_up"
    ALREADY_INSTALLED = "already_installed"
    NO_PROFILE = "no_profile"
    PROFILE_LOCAL_DISK = "profile_local_disk"
    PROFILE_BROKEN = "profile_broken"
    NOT_ASSIGNED = "not_assigned"
    NO_LEASE = "no_lease"
    CANNOT_RECORD = "cannot_record"
    MENU = "menu"
    APPROVED = "approved"


@dataclass(frozen=True)
class Facts:
    """Everything the decision looks at."""

    state: State | None  # None: nobody knows this machine
    same_identity: bool = True
    lease_live: bool = False
    offers: int = 0
    offers_limit: int = 5
    profile: ProfileState = ProfileState.NONE
    look: LookState = LookState.NONE
    look_boots: int = 0  # how often it was booted for that; `offers_limit` is enough
    can_record: bool = True
    shows_its_marks: bool = True  # the request named the UUID and serial on record
    right_door: bool = True  # a rented server came by its own boot path, and by no other
    own_card: bool = True  # its packets come from the card it names, as far as can be seen
    unknown_policy: UnknownPolicy = UnknownPolicy.LOCAL_DISK
    readable: bool = True  # the request named a machine
    database: bool = True  # and we could look it up
    chose_to_wait: bool = False  # in the menu for unknown machines


@dataclass(frozen=True)
class Decision:
    """What to do, and the rule that said so."""

    action: Action
    rule: Rule

    @property
    def reason(self) -> str:
        """The rule in an operator's words."""
        return REASONS[self.rule]


REASONS: dict[Rule, str] = {
    Rule.UNREADABLE: "the request does not say which machine is asking",
    Rule.DATABASE_DOWN: "Ktizo cannot read its database",
    Rule.UNKNOWN: "this machine was never seen before and is not approved",
    Rule.REJECTED: "an operator rejected this machine",
    Rule.IDENTITY_CONTESTED: "its UUID or serial is not the one recorded, an operator must look",
    Rule.IDENTITY_UNPROVEN: "the request leaves out the UUID or serial on record",
    Rule.FOREIGN_CARD: "the request comes from another network card than the one it names",
    Rule.WRONG_DOOR: "this machine does not belong to the boot path it asked by",
    Rule.BOOT_LOOP: "it asked for its installer again and again without getting anywhere",
    Rule.NOT_APPROVED: "no operator has approved this machine",
    Rule.INSPECTION: "an operator asked to look at this machine; nothing on it is written",
    Rule.INSPECTION_IMPOSSIBLE: "an operator asked to look at this machine, and that cannot be",
    Rule.INSPECTION_USED_UP: "it booted to be looked at again and again without getting anywhere",
    Rule.ALREADY_INSTALLED: "it is installed: its own disk is what it should run",
    Rule.NO_PROFILE: "it is approved, but no boot profile and no role is set",
    Rule.PROFILE_LOCAL_DISK: "its boot profile is the local disk",
    Rule.PROFILE_BROKEN: "its boot profile cannot be served, see the profile's files",
    Rule.NOT_ASSIGNED: "that boot profile is not assigned to this machine",
    Rule.NO_LEASE: "it is approved, but the permission to install has run out",
    Rule.CANNOT_RECORD: "Ktizo cannot write its history, so it lets nothing be installed",
    Rule.MENU: "it is approved and its profile is a menu",
    Rule.APPROVED: "it is approved and holds a live permission to install",
}

_WAITING = {
    UnknownPolicy.LOCAL_DISK: Action.LOCAL_DISK,
    UnknownPolicy.HOLD: Action.HOLD,
    UnknownPolicy.MENU: Action.MENU_UNKNOWN,
}


def decide(facts: Facts) -> Decision:
    """Return what the machine is told. Every combination of facts has an answer."""
    refusal = _unfit(facts) or _not_permitted(facts) or _no_profile(facts)
    if refusal is Rule.NOT_APPROVED and facts.look is not LookState.NONE:
        return _looked_at(facts)
    if refusal is not None:
        undecided = refusal in {Rule.UNKNOWN, Rule.NOT_APPROVED}
        return Decision(_waiting(facts) if undecided else Action.LOCAL_DISK, refusal)
    if facts.profile is ProfileState.MENU:
        return Decision(Action.MENU, Rule.MENU)
    return Decision(Action.BOOT, Rule.APPROVED)


def _looked_at(facts: Facts) -> Decision:
    """Return what a machine is told on which nobody has decided, and which is to be looked at.

    A request that is not believed leaves it waiting as before: a held machine asks again.
    """
    if facts.look is LookState.BROKEN:
        return Decision(Action.LOCAL_DISK, Rule.INSPECTION_IMPOSSIBLE)
    if facts.look_boots >= facts.offers_limit:
        return Decision(Action.LOCAL_DISK, Rule.INSPECTION_USED_UP)
    doubt = _not_believed(facts)
    if doubt is not None:
        return Decision(_waiting(facts), doubt)
    return Decision(Action.INSPECT, Rule.INSPECTION)


def _waiting(facts: Facts) -> Action:
    """Return what a machine sees on which nobody has decided yet."""
    if facts.chose_to_wait and facts.unknown_policy is UnknownPolicy.MENU:
        return Action.HOLD
    return _WAITING[facts.unknown_policy]


def _unfit(facts: Facts) -> Rule | None:
    """Return why this machine may never be installed as things stand."""
    if not facts.readable:
        return Rule.UNREADABLE
    if not facts.database:
        return Rule.DATABASE_DOWN
    if not facts.right_door:
        return Rule.WRONG_DOOR
    if facts.state is None:
        return Rule.UNKNOWN
    if facts.state is State.REJECTED:
        return Rule.REJECTED
    if facts.state is State.CONFLICT or not facts.same_identity:
        return Rule.IDENTITY_CONTESTED
    return None


def _not_permitted(facts: Facts) -> Rule | None:
    """Return why it may not be installed now."""
    if facts.state is State.BOOT_LOOP:
        return Rule.BOOT_LOOP
    if facts.state in UNDECIDED:
        return Rule.NOT_APPROVED
    if facts.state in PROVED:
        return Rule.ALREADY_INSTALLED
    if facts.state not in MAY_INSTALL or not facts.lease_live:
        return Rule.NO_LEASE
    if facts.offers >= facts.offers_limit:
        return Rule.BOOT_LOOP
    return _not_believed(facts)


def _not_believed(facts: Facts) -> Rule | None:
    """Return why this very request is not answered with an installer, though the machine may."""
    if not facts.shows_its_marks:
        return Rule.IDENTITY_UNPROVEN
    if not facts.own_card:
        return Rule.FOREIGN_CARD
    return None if facts.can_record else Rule.CANNOT_RECORD


def _no_profile(facts: Facts) -> Rule | None:
    """Return why there is nothing to boot, though it may."""
    return {
        ProfileState.NONE: Rule.NO_PROFILE,
        ProfileState.LOCAL_DISK: Rule.PROFILE_LOCAL_DISK,
        ProfileState.BROKEN: Rule.PROFILE_BROKEN,
        ProfileState.NOT_ASSIGNED: Rule.NOT_ASSIGNED,
    }.get(facts.profile)
