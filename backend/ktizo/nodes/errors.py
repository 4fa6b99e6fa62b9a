"""What can go wrong between Ktizo and a node, sorted by what to do about it.

NodeError                    502  the node failed at it: read its own words
├── Unreachable              503  nothing there answers in time: wait, look at power and network
│   └── Interrupted          503  the line broke after the request was sent: it may have been done;
│                                 look at the node before asking again
├── WrongKey                 502  another key than the one we trust: do not talk, find out who it is
├── WrongClock               502  a certificate is not valid *now*: set the clocks
├── NotAdmitted              502  the node wants a client certificate of its CA, and ours is not
├── Refused                  403  our role, or the node's state of mind, does not allow it
├── NotInThisMode            409  maintenance or configured: this call works in the other one
│   └── NotOnThisVersion     409  this Talos does not have the call
├── AlreadyDone              409  it was done before; for most callers that is success
├── Busy                     409  not yet, or somebody else is at it: wait, then ask again
├── NoSuchResource           404  the node has no such thing
├── Rejected                 422  the node refuses the value: change it
└── Malformed                502  it answers, and not as the Talos API does

No class is ever retried by the client; callers retry `Unreachable` and `Busy`, and only for calls
that change nothing.
"""

from typing import ClassVar

from ktizo.core.errors import KtizoError


class NodeError(KtizoError):
    """The node could not do it; the message carries its own words."""

    status: ClassVar[int] = 502


class Unreachable(NodeError):
    """Nothing answered in time, or the line broke before the request was sent."""

    status = 503


class Interrupted(Unreachable):
    """The line broke, or time was up, after the request was sent: it may have been done."""


class WrongKey(NodeError):
    """Somebody with another key answers; nothing was sent to them."""


class WrongClock(NodeError):
    """A certificate is not valid yet, or no longer; one of the clocks is wrong, or time is up."""


class NotAdmitted(NodeError):
    """The node asks for a client certificate we do not have, or does not believe ours."""


class Refused(NodeError):
    """The node knows us and says no."""

    status = 403


class NotInThisMode(NodeError):
    """The call does not work in the mode the node is in; nothing was sent."""

    status = 409


class NotOnThisVersion(NotInThisMode):
    """The node's Talos does not have the call."""


class AlreadyDone(NodeError):
    """It was done before (bootstrapped, installed)."""

    status = 409


class Busy(NodeError):
    """The node is not ready for it, or is at something else."""

    status = 409


class NoSuchResource(NodeError):
    """The node has no such resource."""

    status = 404


class Rejected(NodeError):
    """The node refuses the value that was sent."""

    status = 422


class Malformed(NodeError):
    """What answers does not speak the Talos API, or breaks it."""
