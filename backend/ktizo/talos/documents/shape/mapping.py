"""Mappings with known keys, and the words their tables are written with."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

from ktizo.core.errors import Invalid
from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.shape.scalar import Type
from ktizo.talos.documents.versions import FIRST, Minor, minor, shown


@dataclass(frozen=True)
class Field:
    """A key of a mapping: its type, since when, and how it is written and merged."""

    type: Type
    since: Minor = FIRST
    until: Minor | None = None
    keep: bool = False
    replaces: bool = False


@dataclass(frozen=True)
class Struct(Type):
    """A mapping with known keys, in Talos's order. `owner` names it in messages."""

    fields: Mapping[str, Field]
    pointer: bool = True
    noun = "a mapping"

    def read(self, value: Any, place: Place) -> Any:
        """Read the known keys; refuse the others by name."""
        if value is None:
            return None
        if not isinstance(value, dict):
            self.refuse_kind(value, place)
            return None
        known = {}
        for key, item in value.items():
            field = self.fields.get(key)
            if field is None or not _in_force(field, place.version):
                place.at(key).refuse(_unknown(field, place.version))
            elif (read := field.type.read(item, place.at(key))) is not None:
                known[key] = read
        return known

    def unset(self, value: Any) -> bool:
        """A pointer is written when given, a plain mapping when something in it is set."""
        if value is None or self.pointer:
            return value is None
        return all(field.type.unset(value.get(key)) for key, field in self.fields.items())

    def blank(self) -> Any:
        """Null for a pointer, else the mapping with its own kept fields."""
        return None if self.pointer else self.tidy({})

    def tidy(self, value: Any) -> Any:
        """Order and omit as Talos's encoder does."""
        if value is None:
            return None
        if stranger := next((key for key in value if key not in self.fields), None):
            raise Invalid(f"unknown field {stranger!r}; known: {', '.join(self.fields)}")
        result = {}
        for key, field in self.fields.items():
            item = value.get(key)
            if item is None or field.type.unset(item):
                if field.keep:
                    result[key] = field.type.blank() if item is None else field.type.tidy(item)
            else:
                result[key] = field.type.tidy(item)
        return result

    def merge(self, left: Any, right: Any) -> Any:
        """Merge field by field; a field that `replaces` is taken whole."""
        if left is None or right is None:
            return deepcopy(right if left is None else left)
        result = dict(left)
        for key, item in right.items():
            field = self.fields[key]
            if field.replaces:
                result[key] = deepcopy(left.get(key) if field.type.unset(item) else item)
            elif left.get(key) is None:
                result[key] = deepcopy(item)
            else:
                result[key] = field.type.merge(left[key], item)
        return result


def _in_force(field: Field, version: Minor) -> bool:
    return field.since <= version and (field.until is None or version <= field.until)


def _unknown(field: Field | None, version: Minor) -> str:
    if field is None:
        return f"unknown key in Talos {shown(version)}"
    if field.until is not None and version > field.until:
        return f"unknown key in Talos {shown(version)}; it was known up to {shown(field.until)}"
    return f"unknown key in Talos {shown(version)}; it is known from {shown(field.since)} on"


def _as_field(what: Type | Field) -> Field:
    return what if isinstance(what, Field) else Field(what)


def fields(
    __known: Mapping[str, Type | Field] | None = None, **named: Type | Field
) -> dict[str, Field]:
    """Write a table of fields; keys that are no Python names go into the mapping."""
    return {key: _as_field(what) for key, what in {**(__known or {}), **named}.items()}


def struct(__known: Mapping[str, Type | Field] | None = None, **named: Type | Field) -> Struct:
    """A mapping behind a pointer: `{}` that was given is written."""
    return Struct(fields(__known, **named))


def plain(__known: Mapping[str, Type | Field] | None = None, **named: Type | Field) -> Struct:
    """A mapping held by value: written when something in it is set."""
    return Struct(fields(__known, **named), pointer=False)


def kept(what: Type | Field) -> Field:
    """A field that is written even when empty."""
    return replace(_as_field(what), keep=True)


def replaced(what: Type | Field) -> Field:
    """A field whose right side replaces the left one whole in a merge."""
    return replace(_as_field(what), replaces=True)


def since(version: str, what: Type | Field) -> Field:
    """A field known from `version` on."""
    return replace(_as_field(what), since=minor(version))


def until(version: str, what: Type | Field) -> Field:
    """A field known up to `version`."""
    return replace(_as_field(what), until=minor(version))
