"""Text to tokens (CEL language definition, "Lexis", read 2026-11)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass


class CelError(Exception):
    """The expression is not CEL, or its types do not fit; `at` is the 0-based character."""

    def __init__(self, at: int, reason: str) -> None:
        super().__init__(reason)
        self.at = at
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Token:
    """`kind` is a literal's type, `name`, an operator as written, or `end`."""

    kind: str
    text: str
    at: int


_ESCAPE = (
    r"""\\(?:[abfnrtv"'\\?`]|[xX][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-3][0-7]{2})"""
)
_QUOTED = rf"""(?:\"\"\"(?:{_ESCAPE}|[^\\])*?\"\"\"|'''(?:{_ESCAPE}|[^\\])*?'''
             |\"(?:{_ESCAPE}|[^\"\\\n\r])*\"|'(?:{_ESCAPE}|[^'\\\n\r])*')"""
_RAW = r"""[rR](?:\"\"\".*?\"\"\"|'''.*?'''|\"[^\"\n\r]*\"|'[^'\n\r]*')"""
_STRING = rf"(?:{_RAW}|{_QUOTED})"
_LARGEST = {"int": 2**63, "uint": 2**64 - 1}
_TOKEN = re.compile(
    rf"""(?P<space>\s+|//[^\n]*)
    |(?P<bytes>[bB]{_STRING})
    |(?P<string>{_STRING})
    |(?P<double>\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?)
    |(?P<uint>(?:0[xX][0-9a-fA-F]+|\d+)[uU])
    |(?P<int>0[xX][0-9a-fA-F]+|\d+)
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<operator>&&|\|\||<=|>=|==|!=|[<>!?:+\-*/%.,()\[\]{{}}])
    """,
    re.VERBOSE | re.DOTALL,
)
_WORDS = {"true": "bool", "false": "bool", "null": "null_type", "in": "in"}


def tokens(text: str) -> Iterator[Token]:
    """Yield the tokens of `text`, then one `end`; raise CelError at what belongs to none."""
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise CelError(at, f"Syntax error: token recognition error at: {text[at]!r}")
        kind, found = match.lastgroup or "", match.group()
        if kind == "name":
            yield Token(_WORDS.get(found, kind), found, at)
        elif kind == "operator":
            yield Token(found, found, at)
        elif kind != "space":
            if kind in _LARGEST and _exceeds(found.rstrip("uU"), _LARGEST[kind]):
                raise CelError(at, f"invalid {kind} literal")
            yield Token(kind, found, at)
        at = match.end()
    yield Token("end", "<EOF>", at)


def _exceeds(digits: str, largest: int) -> bool:
    is_hex = digits[:2] in ("0x", "0X")
    significant = (digits[2:] if is_hex else digits).lstrip("0") or "0"
    return len(significant) > 20 or int(significant, 16 if is_hex else 10) > largest
