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
