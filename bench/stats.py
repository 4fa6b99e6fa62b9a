"""Medians, ranges and ratios of a few rounds, and how they are printed."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Series:
    """One number per round."""

    values: tuple[float, ...]

    @classmethod
    def of(cls, values: Sequence[float]) -> "Series":
        if not values:
            raise ValueError("no round was measured")
        return cls(tuple(values))

    @property
    def median(self) -> float:
        return median(self.values)

    def __str__(self) -> str:
        if len(self.values) == 1:
            return number(self.values[0])
        return f"{number(self.median)} ({number(min(self.values))}-{number(max(self.values))})"


def ratio(ours: Series, theirs: Series) -> Series:
    """Return ours / theirs, round by round: what disturbs a round disturbs both."""
    pairs = zip(ours.values, theirs.values, strict=True)
    return Series.of([a / b if b else float("inf") for a, b in pairs])


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least `share` (0 to 1) of all do not exceed."""
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    rank = -(-share * len(ordered) // 1)  # rounded up
    return ordered[max(0, min(len(ordered), int(rank)) - 1)]


def number(value: float) -> str:
    """Return `value` with three digits that matter."""
    if value == 0:
        return "0"
    if value == float("inf"):
        return "inf"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    digits = 1 if abs(value) >= 10 else 2 if abs(value) >= 1 else 3 if abs(value) >= 0.1 else 4
    return f"{value:.{digits}f}"
