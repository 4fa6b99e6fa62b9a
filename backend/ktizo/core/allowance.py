"""What one operator template may use up while it is rendered.

Limits are counts, not threads and timers: the same template with the same values is refused or
rendered the same on a busy machine as on an idle one. The wall clock is only the last net.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any, Self

from jinja2 import Undefined

from ktizo.core.errors import Invalid

STEPS = 200_000  # one step is about one expression: all of them take some 100 ms
CHARACTERS = 4 * 1024 * 1024  # made in all while rendering, printed or not
LONGEST = 512 * 1024  # characters of one value, and of the whole output
MOST = 1000  # items of one list
NUMBER = 2**63
SECONDS = 2.0

Scalar = (str, int, float)  # bool is an int
NAME = "_allowance"


class TemplateRefused(Invalid):
    """An operator's template breaks a rule, or does not fit its values. `line` counts from 1."""

    def __init__(self, reason: str, line: int | None = None, template: str = "") -> None:
        where = ", ".join(filter(None, [template, f"line {line}" if line else ""]))
        super().__init__(f"{where}: {reason}" if where else reason, line=line, reason=reason)
        self.reason = reason
        self.line = line

    def named(self, template: str) -> Self:
        """Return the same error saying which template it is about."""
        return type(self)(self.reason, self.line, template)


class ValueMissing(TemplateRefused):
    """The template reads, but asks for a parameter this machine does not have."""


class Allowance:
    """Counts down while one template is rendered."""

    def __init__(self) -> None:
        self.steps = STEPS
        self.characters = CHARACTERS
        self._until = time.monotonic() + SECONDS

    def spend(self, steps: int, characters: int = 0) -> None:
        """Take from what is left; raises TemplateRefused when there is not enough."""
        self.steps -= steps
        self.characters -= characters
        if self.steps < 0 or time.monotonic() > self._until:
            raise TemplateRefused("the template does too much work; loop over less")
        if self.characters < 0:
            raise TemplateRefused("the template builds too much text")

    def text(self, made: str) -> str:
        """Account for a text that was made, and return it."""
        self.spend(1, len(made))
        return made


def reserve(size: int) -> None:
    """Refuse a value of `size` characters before it exists."""
    if size > LONGEST:
        raise TemplateRefused(f"a value would be longer than {LONGEST} characters")


def weight(value: Any) -> int:
    """Return how many characters `value` holds, lists and mappings included."""
    if isinstance(value, Undefined):
        value._fail_with_undefined_error()
    if isinstance(value, str):
        return len(value)
    if isinstance(value, Mapping):
        return sum(weight(key) + weight(each) for key, each in value.items())
    if isinstance(value, list | tuple):
        return sum(1 + weight(each) for each in value)
    return 1


def as_text(value: Any) -> str:
    """Return a value as a configuration file writes it."""
    weight(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Scalar):
        return str(value)
    if value is None:
        raise TemplateRefused("there is no value here; say what then: | default('...', true)")
    raise TemplateRefused("a list cannot be printed; use | join(' ') or | tojson")


def as_items(value: Any) -> Any:
    """Return a list, tuple, range or mapping that is not too long."""
    weight(value)
    if not isinstance(value, list | tuple | range | Mapping):
        raise TemplateRefused("only a list can be looped over or taken apart")
    if len(value) > MOST:
        raise TemplateRefused(f"a list has more than {MOST} items")
    return value


def of(context: Any) -> Allowance:
    """Return the allowance of the rendering that runs in `context`."""
    found: Allowance = context.parent[NAME]
    return found


def bounded(number: Any) -> Any:
    """Return a number that is not too large to work with."""
    if isinstance(number, complex) or abs(number) >= NUMBER:
        raise TemplateRefused("a number is too large")
    return number


def binary(context: Any, operator: str, left: Any, right: Any) -> Any:
    """Compute `left operator right`: numbers, or `+` of two texts."""
    allowance = of(context)
    if operator == "+" and isinstance(left, str) and isinstance(right, str):
        reserve(len(left) + len(right))
        return allowance.text(left + right)
    allowance.spend(1 + (weight(left) + weight(right)) // 64)
    if not (isinstance(left, int | float) and isinstance(right, int | float)):
        raise TemplateRefused(f"{operator} takes numbers; put texts together with ~")
    if operator == "**" and (abs(right) > 64 or abs(left) >= NUMBER):
        raise TemplateRefused("a number is too large")
    return bounded(_NUMBERS[operator](left, right))


_NUMBERS: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "//": lambda a, b: a // b,
    "%": lambda a, b: a % b,
    "**": lambda a, b: a**b,
}
