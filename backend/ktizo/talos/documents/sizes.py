"""Sizes as Talos reads them: go-humanize's ParseBytes, percentages, negative maxima.

Units are case-insensitive: kB MB GB ... are powers of 1000, KiB MiB GiB ... powers of 1024; K M G
alone are decimal, Ki Mi Gi binary. The text is kept as written; only comparisons need the number.
"""

import re

from ktizo.talos.documents.versions import Minor

_PREFIXES = "kmgtpe"
_FACTORS: dict[str, int] = {"": 1, "b": 1}
for _power, _prefix in enumerate(_PREFIXES, start=1):
    for _suffix in ("", "b"):
        _FACTORS[f"{_prefix}{_suffix}"] = 1000**_power
        _FACTORS[f"{_prefix}i{_suffix}"] = 1024**_power
_SIZE = re.compile(r"([0-9][0-9.,]*|\.[0-9]+)(.*)", re.DOTALL)
_PERCENT = re.compile(r"-?([0-9]+(?:\.[0-9]*)?|\.[0-9]+)%")

PERCENT_SINCE: Minor = (1, 12)
NEGATIVE_SINCE: Minor = (1, 13)


def number_of_bytes(text: str) -> int:
    """`2.5GiB` -> 2684354560; raise ValueError for what go-humanize refuses."""
    match = _SIZE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a size; write bytes or 10GiB, 100MB")
    try:
        amount = float(match[1].replace(",", ""))
    except ValueError:
        raise ValueError(f"{match[1]!r} is not a number") from None
    unit = match[2].strip().lower()
    if unit not in _FACTORS:
        raise ValueError(f"unhandled size name: {match[2].strip()!r}; write bytes or 10GiB, 100MB")
    if (result := amount * _FACTORS[unit]) >= 2**64:
        raise ValueError(f"too large: {text}")
    return int(result)


def byte_size(text: str, version: Minor) -> str:
    """A minimum: bytes only, never a percentage."""
    negative = text.startswith("-") and version >= NEGATIVE_SINCE
    number_of_bytes(text[1:] if negative else text)
    return text


def size(text: str, version: Minor) -> str:
    """A maximum: bytes; `80%` from v1.12 on; `-10GiB` or `-10%` (leave that free) from v1.13."""
    if "%" not in text or version < PERCENT_SINCE:
        if "%" in text:
            raise ValueError(f"percentages such as {text!r} are known from Talos v1.12 on")
        return byte_size(text, version)
    match = _PERCENT.fullmatch(text)
    if match is None:
        raise ValueError(f"invalid percentage value: {text!r}")
    if float(match[1]) > 100:
        raise ValueError(f"percentage must be between 0 and 100, got {match[1]}")
    if text.startswith("-") and version < NEGATIVE_SINCE:
        raise ValueError("negative sizes are known from Talos v1.13 on")
    return text


def exceeds(least: object, most: object) -> bool:
    """Tell whether both are absolute sizes and `least` is the larger one."""
    if not (isinstance(least, str) and isinstance(most, str)) or not (least and most):
        return False
    if "%" in most or most.startswith("-") or least.startswith("-"):
        return False
    return number_of_bytes(least) > number_of_bytes(most)
