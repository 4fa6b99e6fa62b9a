"""What a look at a machine's script must not give away: its tickets. Pure.

A ticket opens a config with a cluster's secrets, and ends a lease; asking what a machine would be
told takes a viewer, those take more.
"""

import re
from dataclasses import replace

from ktizo.boot.configs import ConfigFacts
from ktizo.boot.explain import Explanation

HIDDEN = "TICKET"
_TICKET = re.compile(r"(?<=/boot/configs/)[^/\s]+|(?<=/boot/done/)[^/\s]+")


def _hidden(text: str) -> str:
    return _TICKET.sub(HIDDEN, text)


def no_tickets(facts: ConfigFacts) -> ConfigFacts:
    """Return `facts` with a word in place of every ticket, whatever a template does to them."""
    return replace(
        facts,
        config_base=_hidden(facts.config_base),
        config_url=_hidden(facts.config_url),
        done_url=_hidden(facts.done_url),
    )


def without_tickets(found: Explanation) -> Explanation:
    """Return `found` with a word in place of every ticket."""
    return replace(
        found,
        script=_hidden(found.script),
        command_line=found.command_line and _hidden(found.command_line),
    )
