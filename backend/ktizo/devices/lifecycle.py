"""The states of a machine, and the only ways between them.

                 approve                installer sent            proof
    pending ───────────────► approved ────────────────► installing ────► installed ──► running
      ▲  ▲                     │  ▲ ▲                     │    │            │             │
      │  └─ restore ─ rejected │  │ └──── reinstall ──────┼────┼────────────┴─────────────┘
      │                        ▼  │                       ▼    ▼
   first seen               lapsed┘ (approve again)    lapsed  boot_loop (approve or reinstall)

`rejected` and `conflict` can be entered from everywhere, and left only by an operator. A machine
that is taken out of its cluster is `pending` before anything on it is wiped.
"""

from enum import StrEnum

from ktizo.core.errors import Conflict


class State(StrEnum):
    """Where a machine stands. Only APPROVED and INSTALLING may ever see an installer."""

    REGISTERED = "registered"  # entered by MAC before it was ever seen
    PENDING = "pending"  # seen, nobody decided
    APPROVED = "approved"  # holds a lease, has not asked yet
    INSTALLING = "installing"  # an installer was sent; what became of it only the machine can say
    INSTALLED = "installed"  # its installer said it finished
    RUNNING = "running"  # its own system answered
    LAPSED = "lapsed"  # the lease ran out before it proved anything
    BOOT_LOOP = "boot_loop"  # asked again and again without progress: held on its own disk
    CONFLICT = "conflict"  # another machine claims to be this one, or this one changed
    REJECTED = "rejected"  # an operator said no


class Event(StrEnum):
    """What can happen to a machine."""

    SEEN = "seen"
    APPROVE = "approve"
    REJECT = "reject"
    RESTORE = "restore"
    INSTALLER_SENT = "installer_sent"
    PROVED_INSTALLED = "proved_installed"
    PROVED_RUNNING = "proved_running"
    LEASE_EXPIRED = "lease_expired"
    REINSTALL = "reinstall"
    LOOP_FOUND = "loop_found"
    CONFLICT_FOUND = "conflict_found"
    RESOLVED_KEEP = "resolved_keep"
    RESOLVED_CHANGED = "resolved_changed"
    REMOVED = "removed"  # taken out of its cluster, to be wiped


S, E = State, Event
MAY_INSTALL = frozenset({S.APPROVED, S.INSTALLING})
UNDECIDED = frozenset({S.REGISTERED, S.PENDING, S.LAPSED})
PROVED = frozenset({S.INSTALLED, S.RUNNING})

_EVERYWHERE = frozenset(State)
_MOVES: dict[Event, tuple[frozenset[State], State]] = {
    E.APPROVE: (UNDECIDED | MAY_INSTALL | {S.BOOT_LOOP}, S.APPROVED),
    E.REJECT: (_EVERYWHERE, S.REJECTED),
    E.RESTORE: (frozenset({S.REJECTED}), S.PENDING),
    E.INSTALLER_SENT: (MAY_INSTALL, S.INSTALLING),
    # Talos may take longer than its lease; what it proves by then is true all the same.
    E.PROVED_INSTALLED: (MAY_INSTALL | {S.LAPSED, S.BOOT_LOOP}, S.INSTALLED),
    E.PROVED_RUNNING: (MAY_INSTALL | PROVED | {S.LAPSED, S.BOOT_LOOP}, S.RUNNING),
    E.LEASE_EXPIRED: (MAY_INSTALL, S.LAPSED),
    E.REINSTALL: (PROVED | {S.LAPSED, S.BOOT_LOOP}, S.APPROVED),
    E.LOOP_FOUND: (MAY_INSTALL, S.BOOT_LOOP),
    E.CONFLICT_FOUND: (_EVERYWHERE - {S.REJECTED}, S.CONFLICT),
    E.RESOLVED_CHANGED: (frozenset({S.CONFLICT}), S.PENDING),
    # Wiped, it asks the network: with a lease, or as one that may install, it would come back.
    E.REMOVED: (_EVERYWHERE - {S.REGISTERED, S.REJECTED, S.CONFLICT}, S.PENDING),
}

_WAY_OUT: dict[State, str] = {
    S.REJECTED: "it was rejected; restore it first",
    S.CONFLICT: "its identity is contested; resolve that first",
    S.INSTALLED: "it is installed; ask for a reinstall instead",
    S.RUNNING: "it is running; ask for a reinstall instead",
    S.BOOT_LOOP: "it is held in a boot loop; approve or reinstall it to try again",
}


class WrongState(Conflict):
    """The machine is in a state from which this cannot be done."""


def after(state: State, event: Event, *, before_conflict: State | None = None) -> State:
    """Return the state that follows; raises WrongState with the way out.

    `before_conflict` is where a contested machine stood: keeping its recorded identity brings it
    back there, except that a machine which could install has to be approved again.
    """
    if event is E.SEEN:
        return S.PENDING if state is S.REGISTERED else state
    if event is E.RESOLVED_KEEP:
        if state is not S.CONFLICT:
            raise WrongState(f"nothing is contested: the machine is {state}", state=state)
        back = before_conflict or S.PENDING
        return S.PENDING if back in MAY_INSTALL | {S.CONFLICT, S.REGISTERED} else back
    allowed, target = _MOVES[event]
    if state not in allowed:
        why = _WAY_OUT.get(state, f"it is {state}")
        raise WrongState(f"cannot {event.replace('_', ' ')} this machine: {why}", state=state)
    return target
