from datetime import date, datetime

from pydantic import BaseModel, Field

from ktizo.devices.naming import Named
from ktizo.events.analytics.count import Failure, StepTimes


class Group(BaseModel):
    """Machines that need the same; `machines` are the first few, longest waiting first."""

    total: int
    machines: list[Named]


class Lan(BaseModel):
    """The LAN service in one line."""

    set_up: bool
    enabled: bool
    running: bool
    restarts: int
    last_error: str | None


class History(BaseModel):
    """The writer of history; while it is not healthy nothing is installed."""

    healthy: bool
    waiting: int = Field(description="Items to be written.")
    dropped: int = Field(description="Items lost since the start.")
    last_error: str


class Coming(BaseModel):
    """A boot file that is not there yet. `size`, `total` in bytes; null while nobody knows."""

    id: int
    schematic: str
    version: str
    name: str
    size: int | None = Field(description="So much is here.")
    total: int | None
    problem: str | None = Field(description="Why the last try failed.")


class Mirror(BaseModel):
    """Boot files of the mirror."""

    stored: int
    coming: list[Coming] = Field(description="On their way or waiting to be tried again.")
    failed: list[Coming] = Field(description="Given up until somebody asks again.")


class Overview(BaseModel):
    """What an operator wants to know first."""

    by_state: dict[str, int]
    pending: Group
    boot_loops: Group
    contested: Group
    lapsed: Group
    drifted: Group = Field(
        description="Installed machines whose cluster would give them another config today than "
        "the one they were last given."
    )
    lan: Lan
    history: History
    mirror: Mirror
    clusters: int


class FailureList(BaseModel):
    """Failed boots by cause."""

    first_day: date
    failures: list[Failure]


class StepList(BaseModel):
    """Times of each step; the last is the whole way."""

    first_day: date
    steps: list[StepTimes]


class SlowOne(BaseModel):
    """A machine's boots that fetched a kernel and reached their goal, in milliseconds."""

    name: str = Field(description="Hostname, else make and model, else its MAC.")
    mac: str
    device_id: int | None
    boots: int
    median_ms: int
    longest_ms: int
    last_at: datetime


class SlowList(BaseModel):
    """The slowest machines, slowest first."""

    first_day: date
    machines: list[SlowOne]
