"""A Talos minor version as this package compares them."""

from ktizo.talos.contracts import CONTRACTS, Minor, contract

__all__ = ["FIRST", "LAST", "Minor", "minor", "shown"]

FIRST: Minor = min(CONTRACTS)
LAST: Minor = max(CONTRACTS)


def minor(version: str) -> Minor:
    """`v1.12`, `1.12.11` or `v1.14.0-rc.1` -> (1, 12); what Ktizo does not know is refused."""
    return contract(version).minor


def shown(version: Minor) -> str:
    """(1, 12) -> `v1.12`."""
    return f"v{version[0]}.{version[1]}"
