"""What is printed: one table per question, and at the end how it compares with the aims."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.stats import Series, number


def heading(text: str) -> None:
    print(f"\n{text}\n{'-' * len(text)}", flush=True)


def rows(columns: Sequence[str], body: Sequence[Sequence[object]]) -> None:
    """Print a table; the first column is left-aligned, the others right."""
    text = [["", *columns], *[[str(cell) for cell in row] for row in body]]
    widths = [max(len(row[i]) for row in text) for i in range(len(text[0]))]
    for row in text:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        print("  " + "  ".join(cells).rstrip())


@dataclass(frozen=True)
class Aim:
    """Something the owner hopes for. It is compared, never enforced."""

    what: str
    wanted: str
    reached: Series
    fulfilled: bool


def at_least(what: str, limit: float, reached: Series) -> Aim:
    return Aim(what, f">= {number(limit)}", reached, reached.median >= limit)


def at_most(what: str, limit: float, reached: Series) -> Aim:
    return Aim(what, f"<= {number(limit)}", reached, reached.median <= limit)


def aims(found: Sequence[Aim]) -> None:
    heading("Aims (median of the rounds; compared, not enforced)")
    body = [
        (aim.what, aim.wanted, aim.reached, "reached" if aim.fulfilled else "NOT reached")
        for aim in found
    ]
    rows(("aim", "reached", ""), body)
