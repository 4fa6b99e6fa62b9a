"""What the Image Factory says, parsed at the door (image-factory docs/api.md; talos.md 9).

Fields we do not know are left alone: a newer factory may say more.
"""

import re
from typing import Any, TypeVar

from pydantic import BaseModel, Field, TypeAdapter, ValidationError, field_validator

from ktizo.core.upstream import UpstreamBroken
from ktizo.images.image import VERSION

_VERSION = re.compile(VERSION)
# `<hex>  <name>`, or the hex alone: what `sha256sum` writes.
_CHECKSUM = re.compile(r"\s*([0-9a-fA-F]{64})(?:\s+[ *]?(?P<name>\S+))?\s*")


class Extension(BaseModel):
    """A system extension there is for a version."""

    name: str
    ref: str = ""
    digest: str = ""
    author: str = ""
    description: str = ""


class Overlay(BaseModel):
    """What a single-board computer needs beside Talos; `image` and `name` go into a schematic."""

    name: str
    image: str
    ref: str = ""
    digest: str = ""


class Created(BaseModel):
    """A schematic the factory took. `schematic`: its YAML as hashed; older factories are silent."""

    id: str = Field(pattern=r"^[0-9a-f]{64}$")
    schematic: str | None = None


class Versions(BaseModel):
    """The versions a factory builds, in its order; those we cannot read are left out."""

    versions: list[str]

    @field_validator("versions")
    @classmethod
    def _readable(cls, found: list[str]) -> list[str]:
        return [version for version in found if _VERSION.fullmatch(version)]


Parsed = TypeVar("Parsed")


def parse(shape: type[Parsed], said: Any, host: str) -> Parsed:
    """Return `said` as `shape`; raises UpstreamBroken."""
    try:
        return TypeAdapter(shape).validate_python(said)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UpstreamBroken(
            f"{host} does not answer as an Image Factory: {where or 'answer'}: {first['msg']}"
        ) from error


def checksum(text: str) -> str | None:
    """Return the SHA-256 of a checksum file about one file; None when it holds none."""
    found = _CHECKSUM.fullmatch(text)
    return found[1].lower() if found else None
