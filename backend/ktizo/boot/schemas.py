"""What people send and get about boot profiles: JSON shapes."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from ktizo.boot.profile import PROFILE_NAME, ProfileType
from ktizo.core.urls import FILE_NAME

# Line breaks and tabs may stand in a parameter (keys, certificates); a command line refuses them.


def _storable(text: str) -> str:
    # PostgreSQL refuses NUL, and both databases half of a UTF-16 pair.
    if "\0" in text or (not text.isascii() and text.encode(errors="replace").decode() != text):
        raise ValueError("holds a NUL or half of a character; remove it")
    return text


Storable = Annotated[str, AfterValidator(_storable)]
FileName = Annotated[str, StringConstraints(pattern=FILE_NAME)]
ParameterName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,63}$")]
ParameterValue = Annotated[
    str, StringConstraints(max_length=8192, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*$")
]
Parameters = Annotated[dict[ParameterName, ParameterValue], Field(max_length=64)]


class Wire(BaseModel):
    """Refuses fields it does not know: a misspelt one must not be dropped silently."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)


class ProfileIn(Wire):
    """A boot profile. What is left out is the default of its type."""

    name: Annotated[str, StringConstraints(pattern=PROFILE_NAME)] = Field(examples=["debian-12"])
    type: ProfileType
    kernel: FileName | None = Field(None, description="Name of an uploaded file.")
    initrds: list[FileName] = Field([], max_length=16, description="Uploaded files, in order.")
    cmdline: Storable = Field(
        "", max_length=8192, description="Kernel command line: a template; Ktizo adds initrd=."
    )
    config_template: Storable = Field(
        "", max_length=131_072, description="The installer's config file: a template."
    )
    config_name: FileName | None = Field(
        None, description="Name the config is asked for; only a custom profile chooses it."
    )
    parameters: Parameters = Field({}, description="Defaults of {{ parameters.NAME }}.")


class ProfileOut(Wire):
    """A boot profile as stored."""

    id: int
    name: str
    type: ProfileType
    kernel: str | None
    initrds: list[str]
    cmdline: str
    config_template: str
    config_name: str
    parameters: dict[str, str]
    builtin: bool
    missing: list[str] = Field(description="Files it names that were not uploaded.")
    created_at: datetime
    updated_at: datetime


class KindOut(Wire):
    """A type of profile, and what a new profile of it starts with."""

    type: ProfileType
    title: str
    description: str
    installs: bool = Field(description="It can write a disk: needs an approval and a lease.")
    boots_kernel: bool
    config_files: tuple[str, ...]
    default_kernel: str | None
    default_initrds: tuple[str, ...]
    default_cmdline: str
    default_config: str
    default_parameters: dict[str, str]


class AssetOut(Wire):
    """A file of a profile."""

    name: str
    sha256: str
    size: int = Field(description="Bytes.")
    created_at: datetime
    url: str = Field(description="Path below the address machines use.")


class ImportIn(Wire):
    """A folder below data/import on the appliance."""

    path: str = Field(min_length=1, max_length=1024, examples=["debian-12"])


class Imported(Wire):
    """A file that was taken."""

    name: str
    sha256: str
    size: int
    checked: bool = Field(description="A checksum file in the folder confirmed it.")


class NotImported(Wire):
    """A file that was not taken, and why."""

    name: str
    reason: str


class ImportOut(Wire):
    """What became of a folder."""

    imported: list[Imported]
    refused: list[NotImported]


class AssignmentIn(Wire):
    """Which profile a machine boots."""

    profile: str = Field(max_length=63, description="Name or number of a profile.")
    parameters: Parameters = Field({}, description="What is different for this machine.")


class NewAssignment(AssignmentIn):
    """An assignment with its machine."""

    device_id: int = Field(ge=1, le=2**31 - 1)


class AssignmentOut(Wire):
    """An assignment as stored."""

    device_id: int
    profile: str
    parameters: dict[str, str]
    created_at: datetime
    updated_at: datetime
