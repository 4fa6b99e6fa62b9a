"""Where Ktizo stands with a server, beside what the provider calls it. Pure.

    wanted ──> ordered ──> delivered ──> ending ──> gone
       │ └──> unsure ──┘       │
       └────> refused          └──> failed

WANTED is written before the order goes out. Whoever is killed after that does not know whether it
did, and finds the row WANTED: it counts as UNSURE, is looked for by its tag, and is never ordered
again by itself.
"""

from enum import StrEnum


class Stage(StrEnum):
    """How far a server's story is."""

    WANTED = "wanted"  # the order is going out now
    UNSURE = "unsure"  # it may have been ordered: looked for by its tag, never ordered again
    REFUSED = "refused"  # it was not ordered, and costs nothing
    ORDERED = "ordered"  # the provider is making it ready
    DELIVERED = "delivered"  # the provider calls it ready; what runs on it the node shows
    FAILED = "failed"  # the provider says that it failed; it may still cost
    ENDING = "ending"  # given back; until its last day it may still be there
    GONE = "gone"


# Nothing is there that costs, as far as is known.
ENDED = frozenset({Stage.REFUSED, Stage.GONE})
# Its boot path opens: it is, or may be, at the provider.
OPEN = frozenset({Stage.WANTED, Stage.UNSURE, Stage.ORDERED, Stage.DELIVERED})
