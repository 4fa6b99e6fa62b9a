"""Image Factory schematics: their canonical YAML, and its SHA-256, which is their id.

Source: siderolabs/image-factory pkg/schematic (talos.md §9). Field order is that of its Go structs,
what is empty is left out, and list order counts: another order is another schematic. The factory
must have been told of a schematic once before it builds images of that id.
"""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from ktizo.core import yaml
from ktizo.core.errors import Invalid

BOOTLOADERS = ("none", "dual-boot", "sd-boot", "grub")

Reader = Callable[[str, Any], Any]


def canonical(value: Any) -> str:
    """Return the canonical YAML of a schematic read from YAML or JSON; refuse unknown fields."""
    return yaml.dump(_SCHEMATIC("", value))


def schematic_id(value: Any) -> str:
    """Return the id, 64 hex digits, the factory gives to this schematic."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def load(text: str | bytes) -> dict[str, Any]:
    """Read a schematic and return it in canonical form."""
    found: dict[str, Any] = _SCHEMATIC("", yaml.load(text))
    return found


def _struct(always: tuple[str, ...] = (), **fields: Reader) -> Reader:
    """Return a reader of a Go struct: fields in this order, empty ones only where `always`."""

    def read(path: str, value: Any) -> dict[str, Any]:
        if not isinstance(value, Mapping | None):
            raise Invalid(f"{path or 'a schematic'} must be a mapping")
        given = value or {}
        unknown = [f"{path}.{key}".lstrip(".") for key in given if key not in fields]
        if unknown:
            raise Invalid(f"{', '.join(unknown)}: no such field in a schematic")
        found = {
            name: reader(f"{path}.{name}".lstrip("."), given.get(name))
            for name, reader in fields.items()
        }
        return {name: item for name, item in found.items() if name in always or not _empty(item)}

    return read


class _Options(dict[str, Any]):
    """A Go map, which is empty only without keys; a struct is, when all its fields are."""


def _empty(value: Any) -> bool:
    if isinstance(value, dict) and not isinstance(value, _Options):
        return all(_empty(item) for item in value.values())
    return not value


def _list(reader: Reader) -> Reader:
    def read(path: str, value: Any) -> list[Any]:
        if not isinstance(value, list | tuple | None):
            raise Invalid(f"{path} must be a list")
        return [reader(f"{path}[{place}]", item) for place, item in enumerate(value or ())]

    return read


def _text(path: str, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float | None):
        raise Invalid(f"{path} must be text")
    return "" if value is None else str(getattr(value, "text", value))


def _number(most: int) -> Reader:
    def read(path: str, value: Any) -> int:
        if value is None:
            return 0
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
            raise Invalid(f"{path} must be a whole number from 0 to {most}")
        return int(value)

    return read


def _truth(path: str, value: Any) -> bool:
    if not isinstance(value, bool | None):
        raise Invalid(f"{path} must be true or false")
    return bool(value)


def _bootloader(path: str, value: Any) -> str:
    name = _text(path, value).lower() or "none"
    if name not in BOOTLOADERS:
        raise Invalid(f"{path} is one of {', '.join(BOOTLOADERS)}, not {name!r}")
    return "" if name == "none" else name


def _options(path: str, value: Any) -> Any:
    """Return an overlay's options as Go writes them again: keys sorted, numbers in decimal."""
    if isinstance(value, Mapping):
        return {key: _options(f"{path}.{key}", value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [_options(f"{path}[{place}]", item) for place, item in enumerate(value)]
    if isinstance(value, float):
        raise Invalid(f"{path} is a fraction; write it as text")
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _option_map(path: str, value: Any) -> Any:
    if not isinstance(value, Mapping | None):
        raise Invalid(f"{path} must be a mapping")
    return _Options(_options(path, value or {}))


_CUSTOMIZATION = _struct(
    embeddedMachineConfiguration=_text,
    extraKernelArgs=_list(_text),
    meta=_list(_struct(("key", "value"), key=_number(255), value=_text)),
    systemExtensions=_struct(officialExtensions=_list(_text)),
    bootloader=_bootloader,
    secureboot=_struct(enrollKeys=_text, includeWellKnownCertificates=_truth),
    diskImage=_struct(sectorSize=_number(2**32 - 1)),
)
_OVERLAY = _struct(("image", "name"), image=_text, name=_text, options=_option_map)
_SCHEMATIC = _struct(
    ("customization",), owner=_text, overlay=_OVERLAY, customization=_CUSTOMIZATION
)
