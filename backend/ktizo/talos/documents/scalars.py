"""The scalar types Talos's documents use.

BOOL and the `_P` types are pointers in Go: given, they are written, even when false or 0.
"""

import base64
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from ktizo.core.yaml import SpelledFloat, SpelledInt
from ktizo.talos.documents import addresses, durations, sizes
from ktizo.talos.documents.shape import Scalar
from ktizo.talos.documents.versions import Minor

# Go's yaml.v3 takes the YAML 1.1 words where a bool is wanted, and only there.
_TRUE, _FALSE = {"y", "Y", "yes", "on"}, {"n", "N", "no", "off"}


def spelled(value: Any) -> str:
    """Give a scalar's text as it was written: a Go text field takes 0644 as `0644`."""
    if isinstance(value, SpelledInt | SpelledFloat):
        return value.text
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _text(value: Any, version: Minor) -> str:  # noqa: ARG001 one shape for all readers
    return spelled(value)


def _bool(value: Any, version: Minor) -> bool:  # noqa: ARG001 one shape for all readers
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value in _TRUE | _FALSE:
        return value in _TRUE
    raise TypeError


def _integer(least: int, most: int) -> Callable[[Any, Minor], int]:
    def read(value: Any, version: Minor) -> int:  # noqa: ARG001 one shape for all readers
        whole = isinstance(value, float) and value.is_integer()
        if isinstance(value, bool) or not (whole or isinstance(value, int)):
            raise TypeError
        if not least <= value <= most:
            raise ValueError(f"{value} is not between {least} and {most}")
        return int(value)

    return read


def _duration(value: Any, version: Minor) -> str:  # noqa: ARG001 one shape for all readers
    if value == 0 and not isinstance(value, bool):
        return durations.shown(0)
    if not isinstance(value, str):
        raise TypeError
    return durations.duration(value)


def parsed(noun: str, parse: Callable[[str], object]) -> Scalar:
    """Text that `parse` must take; the text itself is kept, and empty text is nothing."""

    def read(value: Any, version: Minor) -> str:  # noqa: ARG001 one shape for all readers
        text = spelled(value)
        if text:
            parse(text)
        return text

    return Scalar(noun, read)


def sized(noun: str, parse: Callable[[str, Minor], object]) -> Scalar:
    """A size; what may be written depends on the version."""

    def read(value: Any, version: Minor) -> str:
        text = spelled(value)
        if text:
            parse(text, version)
        return text

    return Scalar(noun, read)


def one_of(*values: str) -> Scalar:
    """One of `values`, refused on reading otherwise; given, it is written (a Go enum pointer)."""

    def read(value: Any, version: Minor) -> str:  # noqa: ARG001 one shape for all readers
        text = spelled(value)
        if text not in values:
            raise ValueError(f"{text!r} is not one of {', '.join(values)}")
        return text

    return Scalar(f"one of {', '.join(values)}", read, pointer=True)


def _base64(text: str) -> None:
    try:
        base64.b64decode("".join(text.split()), validate=True)
    except ValueError as error:
        raise ValueError(f"illegal base64 data: {error}") from None


class _Url(Scalar):
    """A URL. Talos merges URLs part by part: a path on the left outlives a right one without."""

    def merge(self, left: Any, right: Any) -> Any:
        """Lay the parts of the right URL that are given over those of the left."""
        if not left or not right:
            return right or left
        old, new = urlsplit(left), urlsplit(right)
        return urlunsplit([here or there for here, there in zip(new, old, strict=True)])


def _octal(value: Any, version: Minor) -> int:
    if isinstance(value, str):
        try:
            value = int(value.removeprefix("0o"), 8)
        except ValueError:
            raise ValueError(f"{value!r} is not a file mode such as 0644") from None
    return _integer(0, 2**32 - 1)(value, version)


def pointer(scalar: Scalar) -> Scalar:
    """The same scalar behind a pointer."""
    return replace(scalar, pointer=True)


TEXT = Scalar("text", _text)
BOOL = Scalar("a boolean", _bool, pointer=True, zero=False)
TRUTH = Scalar("a boolean", _bool, zero=False)
INT = Scalar("an integer", _integer(-(2**63), 2**63 - 1), zero=0)
U8 = Scalar("an integer", _integer(0, 2**8 - 1), zero=0)
U16 = Scalar("an integer", _integer(0, 2**16 - 1), zero=0)
U32 = Scalar("an integer", _integer(0, 2**32 - 1), zero=0)
U64 = Scalar("an integer", _integer(0, 2**64 - 1), zero=0)
U8_P, U16_P, U32_P, INT_P = pointer(U8), pointer(U16), pointer(U32), pointer(INT)
MODE = Scalar("a file mode", _octal, zero=0)
DURATION = Scalar("a duration", _duration, zero="0s")
SIZE = sized("a size", sizes.size)
BYTE_SIZE = sized("a size", sizes.byte_size)
DISK_SIZE = parsed("a size", sizes.number_of_bytes)
ADDRESS = parsed("an IP address", addresses.address)
PREFIX = parsed("an address with a prefix length", addresses.prefix)
MAC = parsed("a hardware address", addresses.hardware_address)
URL = _Url("a URL", parsed("a URL", addresses.url).convert)
BASE64 = parsed("base64 text", _base64)
SELECTOR = parsed("a CEL expression", str)
