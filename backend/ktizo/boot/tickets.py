"""One-time tickets a boot script carries: for the machine's own config, and for its proof.

A ticket names the machine and the lease it was made for and is signed, so it needs no row; it is
good exactly as long as that lease is open and in time. A spent, revoked or expired lease makes
every ticket worthless, and a ticket for one purpose is worthless for the other.
"""

from dataclasses import dataclass

from ktizo.core.tokens import sign, verify
from ktizo.devices.facts import LeaseFacts

CONFIG, DONE = "boot-config", "boot-done"


@dataclass(frozen=True)
class Ticket:
    """What a valid ticket says."""

    device_id: int
    lease_id: int
    profile_id: int  # which was booted: a menu offers several; 0 for a proof


class Tickets:
    """Makes and reads tickets under one key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def config(self, device_id: int, lease: LeaseFacts, profile_id: int) -> str:
        """Return the ticket for fetching the machine's config of the profile it boots."""
        return sign(self._key, CONFIG, device_id, lease.id, profile_id)

    def done(self, device_id: int, lease: LeaseFacts) -> str:
        """Return the ticket with which the machine proves that it runs."""
        return sign(self._key, DONE, device_id, lease.id, 0)

    def read(self, purpose: str, ticket: str) -> Ticket | None:
        """Return what `ticket` says, None when it is not ours or for something else."""
        fields = verify(self._key, purpose, ticket)
        if fields is None or len(fields) != 3:
            return None
        return Ticket(*map(int, fields))
