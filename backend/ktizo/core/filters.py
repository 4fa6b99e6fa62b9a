"""The filters of operators' templates. Each accounts for what it makes before it makes it."""

import base64
import json
import shlex
from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import Undefined, pass_context

from ktizo.core.allowance import (
    MOST,
    Allowance,
    Scalar,
    TemplateRefused,
    as_items,
    as_text,
    bounded,
    of,
    reserve,
    weight,
)


# Put around expressions by the sandbox; a template cannot name them, for they begin with `_`.
def _print(allowance: Allowance, value: Any) -> str:
    return allowance.text(as_text(value))


def _weigh(allowance: Allowance, value: Any) -> Any:
    allowance.spend(1 + weight(value) // 64)
    return value


def _scalar(allowance: Allowance, value: Any) -> Any:
    weight(value)
    if value is not None and not isinstance(value, Scalar):
        raise TemplateRefused("a list inside a list is not needed here")
    allowance.spend(1)
    return value


def _each(allowance: Allowance, value: Any, steps: int) -> Any:
    items = as_items(value)
    allowance.spend(1 + len(items) * steps)
    return items


# What a template can use.
def _default(allowance: Allowance, value: Any, other: Any = "", empty: bool = False) -> Any:
    allowance.spend(1)
    return other if isinstance(value, Undefined) or (empty and not value) else value


def _replace(allowance: Allowance, value: Any, old: str, new: str) -> str:
    text = as_text(value)
    if not old:
        raise TemplateRefused("replace() needs something to look for")
    allowance.spend(1 + len(text) // 64)
    reserve(len(text) + text.count(old) * max(0, len(new) - len(old)))
    return allowance.text(text.replace(old, new))


def _join(allowance: Allowance, value: Any, between: str = "") -> str:
    items = as_items(value)
    reserve(weight(items) + len(items) * len(between))
    return allowance.text(between.join(as_text(item) for item in items))


def _split(allowance: Allowance, value: Any, separator: str = ",") -> list[str]:
    text = as_text(value)
    if not separator or text.count(separator) >= MOST:
        raise TemplateRefused(f"split() needs a separator, and gives at most {MOST} items")
    allowance.spend(MOST // 10, len(text))
    return [part.strip() for part in text.split(separator)]


def _sort(allowance: Allowance, value: Any) -> list[Any]:
    items = as_items(value)
    allowance.spend(1 + weight(items) // 4)
    return sorted(items)


def _unique(allowance: Allowance, value: Any) -> list[Any]:
    items = as_items(value)
    allowance.spend(1 + weight(items) // 16)
    return list(dict.fromkeys(items))


def _pairs(allowance: Allowance, value: Any) -> list[tuple[str, Any]]:
    if not isinstance(value, Mapping):
        raise TemplateRefused("items() needs names with values, such as parameters")
    allowance.spend(1 + weight(value) // 4)
    return sorted(value.items())


def _length(allowance: Allowance, value: Any) -> int:
    allowance.spend(1 + weight(value) // 64)
    return len(value)


def _first(allowance: Allowance, value: Any) -> Any:
    allowance.spend(1)
    return next(iter(as_items(value)))


def _last(allowance: Allowance, value: Any) -> Any:
    allowance.spend(1)
    return list(as_items(value))[-1]


def _int(allowance: Allowance, value: Any) -> int:
    allowance.spend(1)
    text = as_text(value)
    try:
        number = int(text[:20])
    except ValueError:
        raise TemplateRefused(f"not a whole number: {text[:20]!r}") from None
    if len(text) > 20:
        raise TemplateRefused("the number is too long")
    bounded(number)
    return number


def _indent(allowance: Allowance, value: Any, width: int = 4, first: bool = False) -> str:
    text = as_text(value)
    if not 0 <= width <= 64:
        raise TemplateRefused("indent() takes 0 to 64 spaces")
    reserve(len(text) + (text.count("\n") + 1) * width)
    allowance.spend(1, len(text))
    pad = " " * width
    lines = text.split("\n")
    body = [lines[0], *(pad + line if line else line for line in lines[1:])]
    return allowance.text((pad if first else "") + "\n".join(body))


def _tojson(allowance: Allowance, value: Any) -> str:
    reserve(weight(value) * 2)
    allowance.spend(1, weight(value) * 6)  # at most \\u0000 for every character
    return allowance.text(json.dumps(value, ensure_ascii=False))


def _quote(allowance: Allowance, value: Any) -> str:
    text = as_text(value)
    reserve(len(text) + text.count("'") * 4 + 2)
    return allowance.text(shlex.quote(text))


def _b64encode(allowance: Allowance, value: Any) -> str:
    text = as_text(value)
    reserve(len(text) * 4 // 3 + 4)
    return allowance.text(base64.b64encode(text.encode()).decode())


def _one_text(change: Callable[[str], str]) -> Callable[[Allowance, Any], str]:
    def changed(allowance: Allowance, value: Any) -> str:
        text = as_text(value)
        reserve(len(text) * 3)  # upper() can make three letters of one
        return allowance.text(change(text))

    return changed


PUBLIC: dict[str, Callable[..., Any]] = {
    "b64encode": _b64encode,
    "default": _default,
    "first": _first,
    "indent": _indent,
    "int": _int,
    "items": _pairs,
    "join": _join,
    "last": _last,
    "length": _length,
    "lower": _one_text(str.lower),
    "quote": _quote,
    "replace": _replace,
    "sort": _sort,
    "split": _split,
    "string": _one_text(str),
    "tojson": _tojson,
    "trim": _one_text(str.strip),
    "unique": _unique,
    "upper": _one_text(str.upper),
}
_HIDDEN: dict[str, Callable[..., Any]] = {
    "_print": _print,
    "_weigh": _weigh,
    "_scalar": _scalar,
    "_each": _each,
}


def _counted(name: str, filter_: Callable[..., Any]) -> Callable[..., Any]:
    @pass_context
    def call(context: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return filter_(of(context), *args, **kwargs)
        except (TypeError, AttributeError):
            raise TemplateRefused(f"{name} does not take this kind of value") from None

    return call


FILTERS = {name: _counted(name, filter_) for name, filter_ in {**PUBLIC, **_HIDDEN}.items()}
