"""What the parser makes: one frozen class per form of expression, `at` its first character."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Literal:
    """`type` is a CEL type name: int, uint, double, string, bytes, bool or null_type."""

    at: int
    type: str
    text: str


@dataclass(frozen=True, slots=True)
class Name:
    """A variable or a constant."""

    at: int
    name: str


@dataclass(frozen=True, slots=True)
class Select:
    """`of.field`."""

    at: int
    of: "Expression"
    field: str


@dataclass(frozen=True, slots=True)
class Call:
    """`function(arguments)`, `of.function(arguments)`, `!x`, `-x`, `a[b]` or `a ? b : c`.

    Operators are named as cel-go names them: `!_`, `_?_:_`.
    """

    at: int
    function: str
    of: "Expression | None"
    arguments: "tuple[Expression, ...]"


@dataclass(frozen=True, slots=True)
class Chain:
    """`first op a op b`, from left to right: (place, operator, operand) for each step."""

    first: "Expression"
    steps: "tuple[tuple[int, str, Expression], ...]"


@dataclass(frozen=True, slots=True)
class ListOf:
    """`[a, b]`."""

    at: int
    items: "tuple[Expression, ...]"


@dataclass(frozen=True, slots=True)
class MapOf:
    """`{key: value}`."""

    at: int
    pairs: "tuple[tuple[Expression, Expression], ...]"


Expression = Literal | Name | Select | Call | Chain | ListOf | MapOf
