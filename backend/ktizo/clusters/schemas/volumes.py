"""How volumes are laid out."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from ktizo.clusters.schemas.words import Role, Wire


class VolumeIn(Wire):
    """How a volume is laid out, in the whole cluster, for a role, or on one machine."""

    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,34}$")] = Field(
        examples=["EPHEMERAL"]
    )
    kind: Literal["system", "user", "raw", "swap"] = "system"
    disk_selector_match: Annotated[str, StringConstraints(max_length=2000)] | None = Field(
        None, examples=['disk.transport == "nvme"']
    )
    min_size: Annotated[str, StringConstraints(max_length=32)] | None = None
    max_size: Annotated[str, StringConstraints(max_length=32)] | None = None
    grow: bool | None = None
    cluster: str | None = Field(None, max_length=63, description="Default: the first cluster.")
    role: Role | None = Field(None, description="Only for machines of this role.")
    device_id: int | None = Field(None, ge=1, lt=2**31, description="Only for this machine.")

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if self.role is not None and self.device_id is not None:
            raise ValueError("give a role or a machine, not both")
        return self


class VolumeOut(Wire):
    """A volume config."""

    id: int
    name: str
    kind: str
    disk_selector_match: str | None
    min_size: str | None
    max_size: str | None
    grow: bool | None
    cluster_id: int
    place: str = Field(description="cluster, controlplane, worker or device:<number>")
    device_id: int | None
    created_at: datetime
    updated_at: datetime
