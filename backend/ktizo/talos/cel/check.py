"""The type checker: what cel-go's compiler would say of a selector, in one line with the remedy."""

from collections.abc import Mapping
from functools import singledispatchmethod

from ktizo.talos.cel.environment import MESSAGES, Environment
from ktizo.talos.cel.parse import parse
from ktizo.talos.cel.tokens import CelError
from ktizo.talos.cel.tree import Call, Chain, Expression, ListOf, Literal, MapOf, Name, Select
from ktizo.talos.cel.types import (
    BOOL,
    DYN,
    FUNCTIONS,
    INT,
    METHODS,
    OPERATORS,
    TYPE_NAMES,
    UINT,
    Arguments,
    Type,
    fits,
    list_of,
    optional_method,
)

_MACROS = frozenset({"all", "exists", "exists_one", "existsOne", "map", "filter"})


def problem(expression: str, environment: Environment) -> str | None:
    """Say why Talos would refuse `expression` in `environment`, with the column; None when fine."""
    try:
        tree = parse(expression)
        found = _Checker(environment).type_of(tree, environment.variables)
    except CelError as error:
        return f"{error.reason} (column {error.at + 1})"
    if found != environment.result:
        return f"expression output type is {found}, expected {environment.result}"
    return None


class _Checker:
    def __init__(self, environment: Environment) -> None:
        self._functions = environment.functions

    @singledispatchmethod
    def type_of(self, tree: Expression, scope: Mapping[str, Type]) -> Type:
        """Infer the type of `tree` where `scope` names the variables."""
        raise TypeError(tree, scope)

    @type_of.register
    def _literal(self, tree: Literal, scope: Mapping[str, Type]) -> Type:  # noqa: ARG002 one shape
        return Type(tree.type)

    @type_of.register
    def _name(self, tree: Name, scope: Mapping[str, Type]) -> Type:
        if tree.name not in scope and tree.name in TYPE_NAMES:
            return Type("type")
        if tree.name not in scope:
            known = ", ".join(sorted(name for name in scope if name in MESSAGES)) or "none"
            raise CelError(
                tree.at, f"undeclared reference to {tree.name!r} (known here: {known}, ...)"
            )
        return scope[tree.name]

    @type_of.register
    def _select(self, tree: Select, scope: Mapping[str, Type]) -> Type:
        owner = self.type_of(tree.of, scope)
        if owner == DYN:
            return DYN
        if owner.name == "map":
            return owner.of[1]
        fields = MESSAGES.get(owner.name)
        if fields is None:
            raise CelError(tree.at, f"type {str(owner)!r} does not support field selection")
        if tree.field not in fields:
            raise CelError(
                tree.at, f"undefined field {tree.field!r}; {owner} has: {', '.join(sorted(fields))}"
            )
        return fields[tree.field]

    @type_of.register
    def _list(self, tree: ListOf, scope: Mapping[str, Type]) -> Type:
        return list_of(_common([self.type_of(item, scope) for item in tree.items]))

    @type_of.register
    def _map(self, tree: MapOf, scope: Mapping[str, Type]) -> Type:
        keys = [self.type_of(key, scope) for key, _ in tree.pairs]
        values = [self.type_of(value, scope) for _, value in tree.pairs]
        return Type("map", (_common(keys), _common(values)))

    @type_of.register
    def _call(self, tree: Call, scope: Mapping[str, Type]) -> Type:
        if tree.function == "has" and tree.of is None:
            return self._has(tree, scope)
        if tree.of is not None and tree.function in _MACROS:
            return self._macro(tree, scope)
        operands = tree.arguments if tree.of is None else (tree.of, *tree.arguments)
        arguments = tuple(self.type_of(operand, scope) for operand in operands)
        return self._result(tree, arguments)

    @type_of.register
    def _chain(self, tree: Chain, scope: Mapping[str, Type]) -> Type:
        found = self.type_of(tree.first, scope)
        for at, operator, operand in tree.steps:
            found = self._result(
                Call(at, operator, None, ()), (found, self.type_of(operand, scope))
            )
        return found

    def _result(self, tree: Call, arguments: Arguments) -> Type:
        result = self._overload(tree, arguments)
        if result is None:
            raise CelError(tree.at, _no_overload(tree, arguments))
        return result

    def _overload(self, tree: Call, arguments: Arguments) -> Type | None:
        if tree.of is not None:
            if tree.function in METHODS:
                return METHODS[tree.function](arguments)
            return optional_method(tree.function, arguments)
        if tree.function in self._functions:
            wanted, result = self._functions[tree.function]
            matches = len(wanted) == len(arguments) and all(map(fits, wanted, arguments))
            return result if matches else None
        overload = OPERATORS.get(tree.function) or FUNCTIONS.get(tree.function)
        if overload is None:
            raise CelError(tree.at, f"undeclared reference to {tree.function!r}")
        return overload(arguments)

    def _has(self, tree: Call, scope: Mapping[str, Type]) -> Type:
        if len(tree.arguments) != 1 or not isinstance(tree.arguments[0], Select):
            raise CelError(tree.at, "invalid argument to has() macro")
        self.type_of(tree.arguments[0], scope)
        return BOOL

    def _macro(self, tree: Call, scope: Mapping[str, Type]) -> Type:
        if len(tree.arguments) < 2 or not isinstance(tree.arguments[0], Name):
            raise CelError(tree.at, f"argument of {tree.function}() must be a simple name")
        assert tree.of is not None  # noqa: S101 the caller looked
        owner = self.type_of(tree.of, scope)
        if owner != DYN and owner.name not in ("list", "map"):
            raise CelError(tree.at, f"expression of type {str(owner)!r} cannot be range of a macro")
        inner = {**scope, tree.arguments[0].name: owner.of[0] if owner.of else DYN}
        results = [self.type_of(argument, inner) for argument in tree.arguments[1:]]
        if tree.function == "map":
            return list_of(results[-1])
        if not fits(BOOL, results[0]):
            raise CelError(tree.at, f"{tree.function}() needs a bool, found {results[0]}")
        return owner if tree.function == "filter" else BOOL


def _common(types: list[Type]) -> Type:
    if not types:
        return DYN
    return types[0] if all(fits(types[0], other) for other in types) else DYN


def _no_overload(tree: Call, arguments: Arguments) -> str:
    shown = ", ".join(map(str, arguments))
    applied = f"({shown})" if tree.of is None else f"{arguments[0]}.({shown.partition(', ')[2]})"
    reason = f"found no matching overload for {tree.function!r} applied to '{applied}'"
    if INT in arguments and UINT in arguments:
        return f"{reason}; sizes are unsigned, write 120u instead of 120"
    return reason
