"""Reading a vendor's JSON, where any field may be missing or odd: what cannot be read is empty."""

import math
import re
from datetime import UTC, datetime
from decimal import ROUND_CEILING, Decimal
from typing import Any

from ktizo.providers.errors import ProviderError
from ktizo.providers.http import Answer

DEAREST = Decimal(10) ** 9  # what costs more is no price
LONGEST = 20_000  # characters of a text
# Few digits and a small exponent: 1e-99999999 is a number, and would be written in 100 MB.
AMOUNT = re.compile(r"(?:[0-9]{1,30}(?:\.[0-9]{0,30})?|\.[0-9]{1,30})(?:[eE][+-]?[0-9]{1,2})?")
NOISE = Decimal("1e-6")  # how far a 32-bit fraction may be from the price that it stands for


def at(value: Any, *path: str) -> Any:
    """Return what is under `path`, or None."""
    for name in path:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def text(value: Any, *path: str) -> str:
    """Return a text as one printable line, or a whole number as one."""
    found = at(value, *path)
    if isinstance(found, int) and not isinstance(found, bool) and abs(found) < 2**64:
        return str(found)
    if not isinstance(found, str):
        return ""
    return "".join(c if c.isprintable() else " " for c in found[:LONGEST]).strip()


def rows(value: Any, *path: str) -> list[dict[str, Any]]:
    """Return the objects of a list."""
    found = at(value, *path)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def words(value: Any, *path: str) -> tuple[str, ...]:
    """Return the texts of a list."""
    found = at(value, *path)
    texts = (text(one) for one in found) if isinstance(found, list) else ()
    return tuple(one for one in texts if one)


def number(value: Any, *path: str) -> float:
    """Return a number, 0 when there is none."""
    found = at(value, *path)
    if isinstance(found, bool) or not isinstance(found, int | float):
        return 0.0
    return float(found) if abs(found) < 2**64 and math.isfinite(found) else 0.0


def money(value: Any, *path: str) -> Decimal | None:
    """Return an amount, exactly as it was written; None when it is not a price."""
    found = at(value, *path)
    if isinstance(found, bool) or not isinstance(found, int | float | str):
        return None
    if isinstance(found, int) and not 0 <= found < DEAREST:
        return None  # before it is written out: it may have thousands of digits
    written = str(found).strip()
    amount = Decimal(written) if AMOUNT.fullmatch(written) else None
    return amount if amount is not None and amount < DEAREST else None


def published(amount: Decimal, places: int) -> Decimal:
    """Return a price without the noise of binary fractions: 0.0357100009918213 is 0.03571.

    What is more than noise is rounded up, never away. What is too small to be a price is 0.
    """
    unit = Decimal(1).scaleb(-places)
    near = amount.quantize(unit)
    noise = abs(amount - near) <= amount * NOISE
    return near if noise or not near else amount.quantize(unit, ROUND_CEILING)


def shown(amount: Decimal) -> str:
    """Return an amount as text, exactly: 0.34, 120, 0.0625."""
    written = f"{amount:f}"
    return written.rstrip("0").rstrip(".") if "." in written else written


def moment(value: Any, *path: str) -> datetime | None:
    """Return a time as ISO 8601; without a zone it is UTC."""
    try:
        found = datetime.fromisoformat(text(value, *path))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def body(answer: Answer) -> Any:
    """Return an answer's JSON, None where it is none: for errors, which may have any shape."""
    try:
        return answer.json()
    except ProviderError:
        return None
