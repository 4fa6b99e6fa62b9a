"""JSON patches (RFC 6902), which Talos takes for a config of exactly one document."""

from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import Any

from ktizo.core.errors import Invalid

Operation = dict[str, Any]


def check(operations: Iterable[Any]) -> list[Operation]:
    """Return the operations when each is one; else refuse with its number."""
    checked = []
    for number, operation in enumerate(operations, start=1):
        if not isinstance(operation, dict) or operation.get("op") not in _OPERATIONS:
            raise Invalid(f"operation {number} needs an op of {', '.join(_OPERATIONS)}")
        for key in ("path", *(("from",) if operation["op"] in ("move", "copy") else ())):
            text = operation.get(key)
            if not isinstance(text, str) or not (text == "" or text.startswith("/")):
                raise Invalid(f"operation {number} needs a {key} such as /machine/install/disk")
        checked.append(operation)
    return checked


def run(document: Any, operations: Iterable[Operation]) -> Any:
    """Return `document` with the operations done in order; it is not changed."""
    result = {"": deepcopy(document)}
    for number, operation in enumerate(operations, start=1):
        try:
            _OPERATIONS[operation["op"]](result, operation)
        except (KeyError, IndexError, ValueError, TypeError) as error:
            path = operation["path"]
            raise Invalid(f"operation {number} ({operation['op']} {path}): {error}") from None
    return result[""]


def _steps(pointer: str) -> list[str]:
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")]


def _parent(root: Any, pointer: str) -> tuple[Any, str]:
    *steps, last = _steps(pointer)
    holder = root
    for step in steps:
        holder = holder[_index(holder, step)]
    if not isinstance(holder, dict | list):
        raise TypeError("there is no mapping or list to change there")
    return holder, last


def _index(holder: Any, step: str) -> Any:
    if isinstance(holder, dict):
        if step not in holder:
            raise KeyError(f"no {step!r} there")
        return step
    if not isinstance(holder, list) or not step.isdecimal():
        raise TypeError(f"{step!r} is not an index there")
    if int(step) >= len(holder):
        raise IndexError(f"no item {step} there")
    return int(step)


def _value(root: Any, pointer: str) -> Any:
    holder, last = _parent(root, pointer)
    return holder[_index(holder, last)]


def _add(root: Any, operation: Operation) -> None:
    _insert(root, operation["path"], deepcopy(operation.get("value")))


def _insert(root: Any, pointer: str, value: Any) -> None:
    holder, last = _parent(root, pointer)
    if isinstance(holder, dict):
        holder[last] = value
    elif last == "-":
        holder.append(value)
    elif last.isdecimal() and int(last) <= len(holder):
        holder.insert(int(last), value)
    else:
        raise IndexError(f"{last!r} is not a place in that list")


def _remove(root: Any, operation: Operation) -> None:
    holder, last = _parent(root, operation["path"])
    del holder[_index(holder, last)]


def _replace(root: Any, operation: Operation) -> None:
    holder, last = _parent(root, operation["path"])
    holder[_index(holder, last)] = deepcopy(operation.get("value"))


def _move(root: Any, operation: Operation) -> None:
    value = _value(root, operation["from"])
    _remove(root, {"path": operation["from"]})
    _insert(root, operation["path"], value)


def _copy(root: Any, operation: Operation) -> None:
    _insert(root, operation["path"], deepcopy(_value(root, operation["from"])))


def _test(root: Any, operation: Operation) -> None:
    if _value(root, operation["path"]) != operation.get("value"):
        raise ValueError("the value there is another one")


_OPERATIONS: dict[str, Callable[[Any, Operation], None]] = {
    "add": _add,
    "remove": _remove,
    "replace": _replace,
    "move": _move,
    "copy": _copy,
    "test": _test,
}
