"""One-time tickets a boot script carries: for the machine's own config, for its proof, for a look.

A ticket names the machine and the lease, or the inspection, it was made for and is signed, so it
needs no row; it is good exactly as long as that lease or inspection is open and in time. A spent,
revoked or expired one makes every ticket worthless, and a ticket for one purpose is worthless for
the others.
"""

from dataclasses import dataclass

from ktizo.core.tokens import sign, verify
from ktizo.devices.facts import InspectionFacts, LeaseFacts

CONFIG, DONE, INSPECT = "boot-config", "boot-done", "boot-inspect"


@dataclass(frozen=True)
class Ticket:
    """What a valid ticket says."""

    device_id: int
    lease_id: int
    profile_id: int  # which was booted: a menu offers several; 0 for a proof


@dataclass(frozen=True)
class LookTicket:
    """What a valid ticket of an inspection says."""

    device_id: int
    inspection_id: int


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

    def inspect(self, device_id: int, inspection: InspectionFacts) -> str:
        """Return the ticket for the config of a machine that is only looked at."""
        return sign(self._key, INSPECT, device_id, inspection.id)

    def read_inspect(self, ticket: str) -> LookTicket | None:
        """Return what a ticket of an inspection says, None when it is none of ours."""
        fields = verify(self._key, INSPECT, ticket)
        if fields is None or len(fields) != 2:
            return None
        return LookTicket(*map(int, fields))

    def read(self, purpose: str, ticket: str) -> Ticket | None:
        """Return what `ticket` says, None when it is not ours or for something else."""
        fields = verify(self._key, purpose, ticket)
        if fields is None or len(fields) != 3:
            return None
        return Ticket(*map(int, fields))
