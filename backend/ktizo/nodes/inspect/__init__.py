"""Looking at a machine that waits in memory: what it is, and what would be lost on its disks.

`look(client)` reads, `holds` says in words, `keep` writes it down. Nothing is changed on the
machine, and nothing of what it says is believed beyond being shown.
"""

from ktizo.nodes.inspect.found import Found, FoundCard, FoundDisk, FoundVolume
from ktizo.nodes.inspect.look import look

__all__ = ["Found", "FoundCard", "FoundDisk", "FoundVolume", "look"]
