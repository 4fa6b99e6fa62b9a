"""What every type can do, and the types of single values."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.versions import Minor

# What YAML calls a value that does not fit, as Go's error does.
_TAGS = {
    str: "!!str", bool: "!!bool", int: "!!int", float: "!!float", list: "!!seq", dict: "!!map",
}  # fmt: skip


def tag(value: object) -> str:
    """Name the YAML tag of a read value, for messages."""
    return next((name for kind, name in _TAGS.items() if type(value) is kind), _supertag(value))


def _supertag(value: object) -> str:
    return next((name for kind, name in _TAGS.items() if isinstance(value, kind)), "!!null")


class Type:
    """A field's type. Values are what core.yaml reads: text, numbers, lists, mappings, None."""

    pointer: bool
    noun: str

    def read(self, value: Any, place: Place) -> Any:
        """Return `value` as this type holds it, None for nothing; refuse what does not fit."""
        raise NotImplementedError

    def unset(self, value: Any) -> bool:
        """Tell whether Talos would leave `value` out of what it writes."""
        return value is None or (not self.pointer and not value)

    def blank(self) -> Any:
        """What a kept field shows when nothing was given."""
        return None

    def tidy(self, value: Any) -> Any:
        """Return `value` in Talos's order, without what Talos omits."""
        return value

    def merge(self, left: Any, right: Any) -> Any:
        """Return `left` with `right` laid over it; both stay as they are, parts may be shared."""
        if right is None or (not self.pointer and right is not False and self.unset(right)):
            return deepcopy(left)
        return deepcopy(right)

    def refuse_kind(self, value: object, place: Place) -> None:
        """Say that a value of another kind stands here."""
        shown_value = f" `{value}`" if isinstance(value, str | int | float) else ""
        place.refuse(f"cannot read {tag(value)}{shown_value} as {self.noun}")


@dataclass(frozen=True)
class Scalar(Type):
    """Text, number or truth. `convert(value, version)` raises ValueError with the reason."""

    noun: str
    convert: Callable[[Any, Minor], Any]
    pointer: bool = False
    zero: Any = ""

    def read(self, value: Any, place: Place) -> Any:
        """Read one scalar; null is nothing, a list or mapping is refused."""
        if value is None:
            return None
        if isinstance(value, list | dict):
            self.refuse_kind(value, place)
            return None
        try:
            return self.convert(value, place.version)
        except TypeError:
            self.refuse_kind(value, place)
        except ValueError as error:
            place.refuse(str(error))
        return None

    def unset(self, value: Any) -> bool:
        """Nothing, or the zero of a plain field."""
        return value is None or (not self.pointer and (not value or value == self.zero))

    def blank(self) -> Any:
        """Go's zero value; nil for a pointer."""
        return None if self.pointer else self.zero
