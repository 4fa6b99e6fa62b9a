"""What Go's yaml.v3 makes of an unquoted scalar (its resolve.go, read 2026-11-21)."""

import math
import re
from typing import Any, Self

WORDS: dict[str, Any] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
}
# Text to Go's reader, and still quoted by its writer for the sake of YAML 1.1 readers.
OLD_BOOLS = frozenset(
    "y Y yes Yes YES on On ON n N no No NO off Off OFF".split()  # noqa: SIM905
)
NUMBER_STARTS = frozenset("+-.0123456789")

_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)")
_INT = re.compile(
    r"(?P<sign>[+-]?)(?:0[xX](?P<x>[0-9a-fA-F]+)|0[bB](?P<b>[01]+)"
    r"|0[oO]?(?P<o>[0-7]+)|(?P<d>0|[1-9][0-9]*))"
)
_BASES = {"x": 16, "b": 2, "o": 8, "d": 10}
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
# A number that starts with a point goes to strconv.ParseFloat with its underscores.
_POINT_FLOAT = re.compile(r"\.[0-9]+(?:_[0-9]+)*(?:[eE][-+]?[0-9]+(?:_[0-9]+)*)?")
_BASE60 = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?")
_TIMESTAMP = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt ][0-9].*)?")


class SpelledInt(int):
    """An integer not written in plain decimal, such as 0644: `text` is how it was written."""

    text: str

    def __new__(cls, value: int, text: str = "") -> Self:
        """Make the number; without a text it is written in decimal."""
        self = super().__new__(cls, value)
        self.text = text or str(value)
        return self


class SpelledFloat(float):
    """A float with its spelling: 1e3 in a Go text field is the text 1e3."""

    text: str

    def __new__(cls, value: float, text: str = "") -> Self:
        """Make the number; without a text it is written as Python does."""
        self = super().__new__(cls, value)
        self.text = text or repr(value)
        return self


Spelled = SpelledInt | SpelledFloat


def resolve(text: str) -> Any:
    """Return what Go reads for the unquoted `text`; a date stays text, as in a Go text field."""
    if text in WORDS:
        return WORDS[text]
    first = text[0]
    if first == ".":
        return _finite(text, text) if _POINT_FLOAT.fullmatch(text) else text
    if first not in NUMBER_STARTS:
        return text
    if len(text) < 19 and _DECIMAL.fullmatch(text) and text != "-0":
        return int(text)
    return _number(text)


def would_not_stay_text(text: str) -> bool:
    """Say whether the unquoted `text` reads as something other than text, in Go or in YAML 1.1."""
    if text in WORDS or text in OLD_BOOLS or text == "<<":
        return True
    if text[0] not in NUMBER_STARTS:
        return False
    return (
        not isinstance(resolve(text), str)
        or _BASE60.fullmatch(text) is not None
        or _TIMESTAMP.fullmatch(text) is not None
    )


def _number(text: str) -> Any:
    plain = text.replace("_", "")
    match = _INT.fullmatch(plain)
    if match and match.lastgroup:
        value = int(match[match.lastgroup], _BASES[match.lastgroup])
        value = -value if match["sign"] == "-" else value
        if -(2**63) <= value < 2**63 or (not match["sign"] and value < 2**64):
            return value if str(value) == text else SpelledInt(value, text)
    return _finite(plain, text) if _FLOAT.fullmatch(plain) else text


def _finite(digits: str, text: str) -> Any:
    value = float(digits)
    if math.isinf(value):  # strconv.ParseFloat: out of range is an error, so Go keeps the text
        return text
    return value if repr(value) == text else SpelledFloat(value, text)
