"""CEL's types, and the table of operators and functions over them (cel-go's standard library)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Type:
    """A CEL type; `of` holds a list's element, a map's key and value, an optional's content."""

    name: str
    of: "tuple[Type, ...]" = ()

    def __str__(self) -> str:
        inner = ", ".join(map(str, self.of))
        return f"{self.name}({inner})" if inner else self.name


BOOL, INT, UINT, DOUBLE = Type("bool"), Type("int"), Type("uint"), Type("double")
STRING, BYTES, NULL, DYN = Type("string"), Type("bytes"), Type("null_type"), Type("dyn")
DURATION, TIMESTAMP = Type("duration"), Type("timestamp")

_NUMBERS = (INT, UINT, DOUBLE)
_ORDERED = (BOOL, INT, UINT, DOUBLE, STRING, BYTES, DURATION, TIMESTAMP)
_SUMS = {
    (TIMESTAMP, DURATION): TIMESTAMP,
    (DURATION, TIMESTAMP): TIMESTAMP,
    (DURATION, DURATION): DURATION,
}
_DIFFERENCES = {
    (TIMESTAMP, TIMESTAMP): DURATION,
    (TIMESTAMP, DURATION): TIMESTAMP,
    (DURATION, DURATION): DURATION,
}
_PARTS_OF_TIME = ("getHours", "getMinutes", "getSeconds", "getMilliseconds")
_PARTS_OF_DATE = (
    "getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear",
)  # fmt: skip

# Names that stand for a type, as in `type(x) == uint`.
TYPE_NAMES = frozenset(
    {"bool", "int", "uint", "double", "string", "bytes", "list", "map", "null_type", "type"}
)

Arguments = tuple[Type, ...]
Overload = Callable[[Arguments], Type | None]


def list_of(item: Type) -> Type:
    """`list(item)`."""
    return Type("list", (item,))


def fits(wanted: Type, found: Type) -> bool:
    """Tell whether `found` may stand where `wanted` is; `dyn` fits everything."""
    if DYN in (wanted, found) or wanted == found:
        return True
    same = wanted.name == found.name and len(wanted.of) == len(found.of)
    return same and bool(wanted.of) and all(map(fits, wanted.of, found.of))


def _same(allowed: Arguments, result: Type | None = None) -> Overload:
    def overload(arguments: Arguments) -> Type | None:
        left, right = arguments
        if DYN in arguments:
            return result or DYN
        return (result or left) if left == right and left in allowed else None

    return overload


def _plus(arguments: Arguments) -> Type | None:
    left, right = arguments
    if left.name == right.name == "list" and fits(left, right):
        return left
    return _SUMS.get((left, right)) or _same((*_NUMBERS, STRING, BYTES))(arguments)


def _minus(arguments: Arguments) -> Type | None:
    return _DIFFERENCES.get(arguments) or _same(_NUMBERS)(arguments)  # type: ignore[arg-type]


def _equal(arguments: Arguments) -> Type | None:
    return BOOL if fits(*arguments) else None


def _in(arguments: Arguments) -> Type | None:
    item, container = arguments
    if container == DYN:
        return BOOL
    held = container.name in ("list", "map") and fits(container.of[0], item)
    return BOOL if held else None


def _index(arguments: Arguments) -> Type | None:
    container, key = arguments
    if container == DYN:
        return DYN
    if container.name == "list" and fits(INT, key):
        return container.of[0]
    return container.of[1] if container.name == "map" and fits(container.of[0], key) else None


def _choose(arguments: Arguments) -> Type | None:
    condition, then, other = arguments
    return then if fits(BOOL, condition) and fits(then, other) else None


def _size(arguments: Arguments) -> Type | None:
    if len(arguments) != 1:
        return None
    sized = arguments[0] in (STRING, BYTES, DYN) or arguments[0].name in ("list", "map")
    return INT if sized else None


def _takes(*signatures: tuple[Arguments, Type]) -> Overload:
    def overload(arguments: Arguments) -> Type | None:
        for wanted, result in signatures:
            if len(wanted) == len(arguments) and all(map(fits, wanted, arguments)):
                return result
        return None

    return overload


def _converts(result: Type, *sources: Type) -> Overload:
    return _takes(*(((source,), result) for source in sources))


OPERATORS: dict[str, Overload] = {
    "_+_": _plus,
    "_-_": _minus,
    "_*_": _same(_NUMBERS),
    "_/_": _same(_NUMBERS),
    "_%_": _same((INT, UINT)),
    "_==_": _equal,
    "_!=_": _equal,
    "@in": _in,
    "_[_]": _index,
    "_?_:_": _choose,
    "!_": _takes(((BOOL,), BOOL)),
    "-_": _takes(((INT,), INT), ((DOUBLE,), DOUBLE)),
    **{f"_{sign}_": _same(_ORDERED, BOOL) for sign in ("<", "<=", ">", ">=")},
    **{f"_{sign}_": _takes(((BOOL, BOOL), BOOL)) for sign in ("&&", "||")},
}

FUNCTIONS: dict[str, Overload] = {
    "size": _size,
    "matches": _takes(((STRING, STRING), BOOL)),
    "int": _converts(INT, INT, UINT, DOUBLE, STRING, TIMESTAMP),
    "uint": _converts(UINT, UINT, INT, DOUBLE, STRING),
    "double": _converts(DOUBLE, DOUBLE, INT, UINT, STRING),
    "string": _converts(STRING, STRING, BOOL, INT, UINT, DOUBLE, BYTES, TIMESTAMP, DURATION),
    "bytes": _converts(BYTES, BYTES, STRING),
    "bool": _converts(BOOL, BOOL, STRING),
    "duration": _converts(DURATION, DURATION, STRING),
    "timestamp": _converts(TIMESTAMP, TIMESTAMP, STRING, INT),
    "dyn": lambda arguments: DYN if len(arguments) == 1 else None,
    "type": lambda arguments: Type("type") if len(arguments) == 1 else None,
}

# The receiver is the first argument.
METHODS: dict[str, Overload] = {
    "size": _size,
    **{
        name: _takes(((STRING, STRING), BOOL))
        for name in ("startsWith", "endsWith", "contains", "matches")
    },
    **{
        name: _takes(((DURATION,), INT), ((TIMESTAMP,), INT), ((TIMESTAMP, STRING), INT))
        for name in _PARTS_OF_TIME
    },
    **{name: _takes(((TIMESTAMP,), INT), ((TIMESTAMP, STRING), INT)) for name in _PARTS_OF_DATE},
}


def optional_method(name: str, arguments: Arguments) -> Type | None:
    """Methods of `optional(T)` (cel-go OptionalTypes): hasValue, value, orValue, or."""
    optional, *rest = arguments
    if optional.name != "optional":
        return None
    content = optional.of[0]
    results: dict[tuple[str, int], Type] = {
        ("hasValue", 0): BOOL,
        ("value", 0): content,
        ("orValue", 1): content,
        ("or", 1): optional,
    }
    wanted: Iterator[Type] = iter({"orValue": (content,), "or": (optional,)}.get(name, ()))
    return results.get((name, len(rest))) if all(map(fits, wanted, rest)) else None
