"""Write YAML as Go's yaml.v3 does: 4 spaces, indented lists, `|` blocks, no aliases, order kept.

Layout and quoting follow its emitterc.go (read 2026-11-21), so that a config written here and one
written by talosctl differ in nothing. Where Go would need an indentation hint in a block, this
writes a quoted text instead: the same value, and fewer readers stumble.
"""

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from ktizo.core.errors import Invalid
from ktizo.core.yaml.read import MAX_DEPTH
from ktizo.core.yaml.scalars import (
    OLD_BOOLS,
    WORDS,
    SpelledFloat,
    SpelledInt,
    would_not_stay_text,
)

STEP = 4
SIMPLE_KEY = 128  # Go writes longer keys as `? key`

_ORDINARY = re.compile(r"[A-Za-z/][A-Za-z0-9_./+=@:-]*(?<!:)")
_NEVER_PLAIN = re.compile(
    r"""[#,\[\]{}&*!|>'"%@`]|[?:-](?:[ \t]|$)|---|\.\.\.|.*(?::(?:[ \t]|$)|[ \t]#)"""
)
# Not printable to Go: controls but the line feed, surrogates, the byte order mark, beyond U+FFFF;
# and the line separators U+2028 and U+2029, which YAML 1.1 takes for line breaks.
_SPECIAL = re.compile("[^\n -~\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]")
_ESCAPED = re.compile("[^ !#-\\[\\]-~\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]")
_ESCAPES = {
    0x00: "0", 0x07: "a", 0x08: "b", 0x09: "t", 0x0A: "n", 0x0B: "v", 0x0C: "f", 0x0D: "r",
    0x1B: "e", 0x22: '"', 0x5C: "\\", 0x85: "N", 0x2028: "L", 0x2029: "P",
}  # fmt: skip


def dump(value: Any) -> str:
    """Return `value` as one YAML document ending in a line feed."""
    out: list[str] = []
    if isinstance(value, Mapping) and value:
        _mapping(out, value, 0, 0, "")
    elif isinstance(value, list | tuple) and value:
        _sequence(out, value, 0, 0, "")
    else:
        out.append(f"{_scalar(value, STEP)}\n")
    return "".join(out)


def dump_all(values: Iterable[Any]) -> str:
    """Return `values` as YAML documents with `---` between them, none before the first."""
    return "---\n".join(dump(value) for value in values)


def _mapping(
    out: list[str], mapping: Mapping[str, Any], indent: int, depth: int, head: str
) -> None:
    """Write the pairs at column `indent`; `head` stands before the first instead of its pad."""
    pad = " " * indent
    for key, value in mapping.items():
        out.append(f"{head or pad}{_key(key, pad)}:")
        head = ""
        _member(out, value, STEP * (indent // STEP + 1), depth, " ")


def _sequence(out: list[str], items: Iterable[Any], indent: int, depth: int, head: str) -> None:
    """Write the items at column `indent`; what is inside one starts two columns further."""
    pad = " " * indent
    for item in items:
        out.append(f"{head or pad}-")
        head = ""
        if item and isinstance(item, Mapping):
            _deeper(depth)
            _mapping(out, item, indent + 2, depth + 1, " ")
        elif item and isinstance(item, list | tuple):
            _deeper(depth)
            _sequence(out, item, indent + 2, depth + 1, " ")
        else:
            out.append(f" {_scalar(item, indent + 2)}\n")


def _member(out: list[str], value: Any, indent: int, depth: int, gap: str) -> None:
    """Write what follows `key:`; nested values go to the next multiple of STEP, as Go's do."""
    if isinstance(value, str):
        out.append(f"{gap}{_text(value, indent)}\n")
    elif value and isinstance(value, Mapping):
        _deeper(depth)
        out.append("\n")
        _mapping(out, value, indent, depth + 1, "")
    elif value and isinstance(value, list | tuple):
        _deeper(depth)
        out.append("\n")
        _sequence(out, value, indent, depth + 1, "")
    else:
        out.append(f"{gap}{_scalar(value, indent)}\n")


def _deeper(depth: int) -> None:
    if depth >= MAX_DEPTH - 1:
        raise Invalid(f"more than {MAX_DEPTH} levels of nesting, or a value that holds itself")


def _key(key: Any, pad: str) -> str:
    if not isinstance(key, str):
        raise Invalid(f"a key must be text, not {type(key).__name__} {key!r}")
    if "\n" in key or len(key.encode()) > SIMPLE_KEY:
        return f"? {_quoted(key)}\n{pad}"
    return _text(key, 0)


def _scalar(value: Any, indent: int) -> str:
    if isinstance(value, str):
        return _text(value, indent)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return _int(value)
    if isinstance(value, float):
        return _float(value)
    return _empty(value)


def _empty(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{}"
    if isinstance(value, list | tuple):
        return "[]"
    raise Invalid(f"{type(value).__name__} cannot be written as YAML: {value!r}")


def _int(value: int) -> str:
    if isinstance(value, SpelledInt):
        return value.text
    if not -(2**63) <= value < 2**64:
        raise Invalid(f"{value} does not fit 64 bits; Go would read it as a float")
    return int.__repr__(value)


def _float(value: float) -> str:
    if isinstance(value, SpelledFloat):
        return value.text
    if math.isnan(value):
        return ".nan"
    if math.isinf(value):
        return ".inf" if value > 0 else "-.inf"
    return repr(value)  # always with a point or an exponent, so it stays a float


def _text(text: str, indent: int) -> str:
    if _ORDINARY.fullmatch(text):
        return f'"{text}"' if text in WORDS or text in OLD_BOOLS else text
    if "\n" in text:
        return _block(text, indent) if _fits_block(text) else _quoted(text)
    if not text or would_not_stay_text(text) or _SPECIAL.search(text):
        return _quoted(text)
    if text[0] == " " or text[-1] == " " or _NEVER_PLAIN.match(text):
        return "'" + text.replace("'", "''") + "'"
    return text


def _fits_block(text: str) -> bool:
    """Say whether a `|` block keeps `text` exactly, without an indentation hint."""
    return not (
        text[0] in " \t\n"
        or text[-1] == " "
        or " \n" in text
        or _SPECIAL.search(text.replace("\t", " "))
    )


def _block(text: str, indent: int) -> str:
    """Return a literal block; the caller adds the last line feed, which `text` may bring."""
    pad = " " * indent
    chomp = "-" if text[-1] != "\n" else "+" if text.endswith("\n\n") else ""
    lines = text.removesuffix("\n").split("\n")
    return f"|{chomp}\n" + "\n".join(pad + line if line else "" for line in lines)


def _quoted(text: str) -> str:
    return '"' + _ESCAPED.sub(_escape, text) + '"'


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code in _ESCAPES:
        return "\\" + _ESCAPES[code]
    if 0xD800 <= code < 0xE000:
        raise Invalid("half a surrogate pair is not text, and cannot be written")
    width, letter = (2, "x") if code <= 0xFF else (4, "u") if code <= 0xFFFF else (8, "U")
    return f"\\{letter}{code:0{width}X}"
