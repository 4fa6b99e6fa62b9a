"""Configs as people see them."""

from datetime import datetime

from pydantic import Field

from ktizo.clusters.schemas.words import Wire


class Preview(Wire):
    """What a machine would get now. Secrets show as fingerprints unless a reason was given."""

    device_id: int
    cluster: str
    cluster_version: int
    role: str
    sha256: str = Field(description="Of the exact bytes it would be served.")
    size: int
    config: str
    warnings: list[str]
    redacted: bool


class Diff(Wire):
    """The difference between what a machine was given and what it would get now."""

    device_id: int
    same: bool
    served_at: datetime
    served_sha256: str
    sha256: str
    diff: str = Field(description="Unified; empty when nothing differs.")


class ServedOut(Wire):
    """One entry of a machine's history."""

    id: int
    at: datetime
    last_at: datetime
    times: int
    cluster_id: int
    cluster_version: int
    role: str
    lease_id: int
    address: str | None
    sha256: str
    size: int


class Generated(Wire):
    """The configs both roles of a cluster share, without any machine's own part; redacted."""

    cluster: str
    cluster_version: int
    controlplane: str
    worker: str
    warnings: list[str]


class Regenerated(Wire):
    """What came of making every machine's config again."""

    machines: int
    written: int = Field(description="Files in compiled/talos/configs that changed.")
    failed: dict[int, str] = Field({}, description="Machines without a config, and why.")
    seconds: float
