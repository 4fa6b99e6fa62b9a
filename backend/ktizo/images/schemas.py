"""What people send and get about images: JSON shapes."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from ktizo.images.image import NETWORK_BOOT, SCHEMATIC, VERSION, Arch, Part, version_tag

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F]{64}$")]
Version = Annotated[str, Field(pattern=VERSION, examples=["v1.12.11"]), AfterValidator(version_tag)]

State = Literal["stored", "coming", "waiting", "given_up"]


class Wire(BaseModel):
    """Refuses fields it does not know: a misspelt one must not be dropped silently."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)


class OfferOut(Wire):
    """What the factory offers."""

    items: list[Any]
    fetched_at: datetime
    stale: bool = Field(description="The factory is away; this is what it said before.")
    problem: str = Field(description="Why it is stale.")


class SchematicIn(Wire):
    """A schematic to make: its YAML as text, or as JSON."""

    name: Name = Field(examples=["storage"])
    schematic: str | dict[str, Any] = Field(
        examples=[
            "customization:\n  systemExtensions:\n    officialExtensions: [siderolabs/drbd]\n"
        ]
    )
    notes: str = Field("", max_length=2000)


class SchematicOut(Wire):
    """A schematic; several clusters and profiles may share it."""

    id: int
    name: str
    schematic_id: str = Field(description="SHA-256 of the document: what images are called after.")
    document: str = Field(description="Canonical YAML.")
    notes: str
    created_at: datetime
    registered_at: datetime | None = Field(description="When a factory took it; null: not yet.")
    problem: str = Field("", description="Why no factory has taken it, when that was just tried.")


class MirrorIn(Wire):
    """Files of one build to bring into the mirror."""

    schematic: str = Field(
        pattern=r"^[0-9a-z][0-9a-z-]{0,63}$",
        description="Name or id of a schematic; `release` for the files of a Talos release.",
        examples=["storage"],
    )
    version: Version
    arches: list[Arch] = Field([Arch.AMD64], min_length=1, max_length=2)
    parts: list[Part] = Field(list(NETWORK_BOOT), min_length=1, max_length=len(Part))
    secureboot: bool = False
    checksums: dict[str, Sha256] = Field(
        {}, max_length=32, description="SHA-256 by file name, where they are known."
    )


class FileOut(Wire):
    """A file of the mirror, there or not."""

    id: int
    schematic: str
    version: str
    arch: Arch
    part: Part
    secureboot: bool
    name: str
    state: State = Field(
        description="coming: bytes arrive. waiting: for its turn, or to be tried again."
    )
    size: int | None = Field(description="Bytes it has, or how many came so far.")
    total: int | None = Field(description="Bytes it will have, when that is known.")
    sha256: str | None
    checksum_from: str = Field(
        description="Who said what the checksum must be: operator, listed, or first (recorded "
        "when it first came)."
    )
    problem: str
    stored_at: datetime | None


class Room(Wire):
    """The disk the mirror is on, in bytes."""

    free: int
    used_by_mirror: int


class MirrorOut(Wire):
    """The mirror."""

    files: list[FileOut]
    room: Room


class PruneIn(Wire):
    """What may go."""

    dry_run: bool = False
    older_than_days: int = Field(0, ge=0, le=3650, description="Only what is older.")


class PruneOut(Wire):
    """What went, or would go."""

    files: list[FileOut]
    bytes: int = Field(description="Of contents only these files had.")


class ImportIn(Wire):
    """A folder or a plain tar below data/import on the appliance."""

    path: str = Field(min_length=1, max_length=1024, examples=["talos-v1.12.11.tar"])
    schematic: str | None = Field(
        None, pattern=SCHEMATIC, description="Of files whose path does not say it."
    )
    version: Version | None = Field(None, description="Of files whose path does not say it.")


class Refused(Wire):
    """A file that was not taken, and why."""

    name: str
    reason: str


class ImportOut(Wire):
    """What became of an import."""

    imported: list[FileOut]
    refused: list[Refused]
