"""What the boot path knows of a machine: plain, frozen values read without the ORM."""

from dataclasses import dataclass
from datetime import datetime

from ktizo.devices.lifecycle import State


@dataclass(frozen=True)
class LeaseFacts:
    """An open lease; whether it is still good depends on the clock."""

    id: int
    reason: str
    granted_by: str
    expires_at: datetime
    offers: int
    config_address: str | None

    def live(self, now: datetime) -> bool:
        """Say whether it still permits an installation."""
        return now < self.expires_at


@dataclass(frozen=True)
class InspectionFacts:
    """An open inspection: which build it boots, and who has used it so far."""

    id: int
    schematic: str
    version: str
    expires_at: datetime
    boots: int
    address: str | None  # that fetched its config first

    def live(self, now: datetime) -> bool:
        """Say whether the machine may still be looked at."""
        return now < self.expires_at


@dataclass(frozen=True)
class DeviceFacts:
    """A machine as recorded."""

    id: int
    state: State
    uuid: str | None
    serial: str | None
    hostname: str | None
    role: str | None
    handover: str
    tags: tuple[str, ...]
    boot_mac: str | None
    approved_by: str | None
    approved_at: datetime | None
    lease: LeaseFacts | None
    inspection: InspectionFacts | None = None
    door: int | None = None  # the boot path it has to come by; None: the LAN's
