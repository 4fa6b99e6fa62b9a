"""FIELD=VALUE on the command line."""

import json
from typing import Any

from ktizo.cli.client import USAGE, fail


def pairs(given: list[str] | None, option: str) -> dict[str, str]:
    """Return fields and their texts. What cannot be read is not repeated: it may be a secret."""
    found: dict[str, str] = {}
    for one in given or []:
        name, separator, text = one.partition("=")
        if not separator or not name:
            fail(f"{option} takes FIELD=VALUE", USAGE)
        if name in found:
            fail(f"{option} {name} was given twice", USAGE)
        found[name] = text
    return found


def values(given: list[str] | None, option: str) -> dict[str, Any]:
    """Return fields and values: JSON where it can only be that, else text."""
    return {name: _value(name, text, option) for name, text in pairs(given, option).items()}


def _value(name: str, text: str, option: str) -> Any:
    if text in {"null", "true", "false"} or text[:1] in {"[", "{"}:
        try:
            return json.loads(text)
        except ValueError as error:
            fail(f"{option} {name}: not JSON: {error}", USAGE)
    return text
