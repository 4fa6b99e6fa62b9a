"""What a look at a machine's script must not give away: its tickets. Pure.

A ticket opens a config with a cluster's secrets, and ends a lease; asking what a machine would be
told takes a viewer, those take more.
"""

import re
from dataclasses import replace

from ktizo.boot.explain import Explanation

HIDDEN = "TICKET"
_TICKET = re.compile(r"(?<=/boot/configs/)[^/\s]+|(?<=/boot/done/)[^/\s]+")


def without_tickets(found: Explanation) -> Explanation:
    """Return `found` with a word in place of every ticket."""
    return replace(
        found,
        script=_TICKET.sub(HIDDEN, found.script),
        command_line=found.command_line and _TICKET.sub(HIDDEN, found.command_line),
    )
