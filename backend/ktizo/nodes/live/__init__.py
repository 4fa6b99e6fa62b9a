"""Live from second five: what nodes say of themselves, before anybody can ask them.

Nodes send their events (`sink`) and their kernel log (`kmsg`) to Ktizo, without encryption and
without saying who they are. `Sources` finds the machine by its address, `Consoles` shows the lines,
`Timeline` notes stages, steps and errors. None of it decides anything: a state is only ever taken
from the node's own API.
"""

from ktizo.nodes.live.console import Consoles
from ktizo.nodes.live.limits import Counts, Limits
from ktizo.nodes.live.live import Live, Ports
from ktizo.nodes.live.sources import Sources

__all__ = ["Consoles", "Counts", "Limits", "Live", "Ports", "Sources"]
