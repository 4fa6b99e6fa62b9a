"""What can be made to go wrong on a simulated node."""

from dataclasses import dataclass, field

from grpclib.const import Status


@dataclass
class Faults:
    """Faults by method name (`Version`, `Bootstrap`, ...); change them at any time."""

    delay_s: dict[str, float] = field(default_factory=dict)  # before it begins
    hangs: set[str] = field(default_factory=set)  # never answers
    # The line breaks after so many messages; 0: the order is done, and no answer comes.
    drop_after: dict[str, int] = field(default_factory=dict)
    reboots_in: set[str] = field(default_factory=set)  # does it, reboots instead of answering
    crashes_before: set[str] = field(default_factory=set)  # reboots before it does anything
    answers: dict[str, list[tuple[Status, str]]] = field(default_factory=dict)  # instead, in order
    garbage_frames: set[str] = field(default_factory=set)  # bytes that are not HTTP/2
    garbage_messages: set[str] = field(default_factory=set)  # gRPC around bytes nobody can read
    endless_messages: set[str] = field(default_factory=set)  # announces 4 GiB
    without_status: set[str] = field(default_factory=set)  # ends without saying how it went
    foreign_identity: bool = False  # comes up with a certificate of another CA
    clock_skew_s: float = 0.0  # how far its clock is off; its certificates begin and end by it
    stays_away: bool = False  # does not come back from the next reboot
    rolls_back: bool = False  # what was installed does not boot: it comes back as what it was
    never_ready: set[str] = field(default_factory=set)  # components of Kubernetes, by name
