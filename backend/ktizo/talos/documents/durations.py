"""Go's time.Duration as text: what ParseDuration reads and String() writes."""

import re
from fractions import Fraction

_UNITS = {
    "ns": 1, "us": 10**3, "µs": 10**3, "μs": 10**3,
    "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9,
}  # fmt: skip
_PART = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)")
_LIMIT = 2**63


def nanoseconds(text: str) -> int:
    """`1h30m` -> 5400000000000; raise ValueError for what Go refuses (a unit is mandatory)."""
    sign = -1 if text.startswith("-") else 1
    rest = text[1:] if text[:1] in ("+", "-") else text
    if rest == "0":
        return 0
    total, at = Fraction(0), 0
    while part := _PART.match(rest, at):
        total += Fraction(part[1].rstrip(".") or "0") * _UNITS[part[2]]
        at = part.end()
    if at == 0 or at != len(rest):
        raise ValueError(f"{text!r} is not a duration; write 10s, 5m or 168h")
    if total >= _LIMIT:
        raise ValueError(f"{text!r} is longer than 292 years")
    return sign * int(total)


def duration(text: str) -> str:
    """`168h` -> `168h0m0s`, as Talos would write it back."""
    return shown(nanoseconds(text))


def shown(nanos: int) -> str:
    """Go's Duration.String(): 90 s -> `1m30s`, 1.5 ms -> `1.5ms`, 0 -> `0s`."""
    if nanos == 0:
        return "0s"
    sign, rest = ("-" if nanos < 0 else ""), abs(nanos)
    for unit, factor in (("ns", 1), ("µs", 10**3), ("ms", 10**6)):
        if rest < factor * 1000:
            return f"{sign}{_decimal(Fraction(rest, factor))}{unit}"
    minutes, below = divmod(rest, 60 * 10**9)
    hours, minutes = divmod(minutes, 60)
    text = f"{_decimal(Fraction(below, 10**9))}s"
    if hours or minutes:
        text = f"{minutes}m{text}"
    return f"{sign}{hours}h{text}" if hours else f"{sign}{text}"


def _decimal(value: Fraction) -> str:
    whole, part = divmod(value, 1)
    digits = f"{int(part * 10**9):09d}".rstrip("0")
    return f"{whole}.{digits}" if digits else str(whole)
