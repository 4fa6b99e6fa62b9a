"""Lists, and mappings with free keys."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.shape.scalar import Type


@dataclass(frozen=True)
class ListOf(Type):
    """A list. Merging appends, unless `same(left item, right item)` finds a partner to merge with.

    `keep_empty`: an empty list that was given is written, only a missing one is left out.
    """

    item: Type
    same: Callable[[Any, Any], bool] | None = None
    keep_empty: bool = False
    pointer = False
    noun = "a list"

    def read(self, value: Any, place: Place) -> Any:
        """Read every item; null items become what Go's zero value writes."""
        if value is None:
            return None
        if not isinstance(value, list):
            self.refuse_kind(value, place)
            return None
        return [self._item(item, place.at(index)) for index, item in enumerate(value)]

    def _item(self, value: Any, place: Place) -> Any:
        read = self.item.read(value, place)
        if read is None:
            read = self.item.blank()
            if read is None and value is None:
                place.refuse("is empty; Talos stumbles over an empty item here")
        return read

    def unset(self, value: Any) -> bool:
        """An empty list is as good as none, unless it is told to stay."""
        return value is None or (not value and not self.keep_empty)

    def blank(self) -> Any:
        """A kept list is written as `[]`."""
        return []

    def tidy(self, value: Any) -> Any:
        """Tidy each item."""
        return [self.item.tidy(item) for item in value or []]

    def merge(self, left: Any, right: Any) -> Any:
        """Append, or merge each right item into its partner on the left."""
        result = deepcopy(left or [])
        if self.same is None:
            return result + deepcopy(right or [])
        for item in right or []:
            for index, existing in enumerate(result):
                if self.same(existing, item):
                    result[index] = self.item.merge(existing, item)
                    break
            else:
                result.append(deepcopy(item))
        return result


@dataclass(frozen=True)
class MapOf(Type):
    """A mapping with free keys, written in alphabetical order as Go writes maps."""

    item: Type
    nulls: bool = False
    pointer = False
    noun = "a mapping"

    def read(self, value: Any, place: Place) -> Any:
        """Read every value; a null stays one where `nulls`, else it is the zero value."""
        if value is None:
            return None
        if not isinstance(value, dict):
            self.refuse_kind(value, place)
            return None
        return {key: self._item(item, place.at(key)) for key, item in value.items()}

    def _item(self, value: Any, place: Place) -> Any:
        read = self.item.read(value, place)
        return self.item.blank() if read is None and not self.nulls else read

    def blank(self) -> Any:
        """A kept map is written as `{}`."""
        return {}

    def tidy(self, value: Any) -> Any:
        """Sort by key; tidy each value."""
        return {key: self.item.tidy(value[key]) for key in sorted(value or {})}

    def merge(self, left: Any, right: Any) -> Any:
        """Merge key by key."""
        result = deepcopy(left or {})
        for key, item in (right or {}).items():
            both = result.get(key) is not None and item is not None
            result[key] = self.item.merge(result[key], item) if both else deepcopy(item)
        return result
