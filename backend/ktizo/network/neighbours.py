"""Which MAC has an address just now: the kernel's own table of who it spoke to last."""

from pathlib import Path

_COMPLETE = 0x2  # linux/if_arp.h ATF_COM


def parse_arp(text: str) -> dict[str, str]:
    """Read /proc/net/arp: address -> MAC, finished entries only."""
    found = {}
    for line in text.splitlines()[1:]:
        fields = line.split()
        if len(fields) == 6 and int(fields[2], 16) & _COMPLETE:
            found[fields[0]] = fields[3].lower()
    return found


def neighbours(file: Path = Path("/proc/net/arp")) -> dict[str, str]:
    """Return the table; empty when it cannot be read. A kernel file: no disk is waited for."""
    try:
        return parse_arp(file.read_text())
    except (OSError, ValueError):
        return {}
