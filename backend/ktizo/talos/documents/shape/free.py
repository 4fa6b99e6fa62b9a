"""Content Talos knows no keys of: a kubelet configuration, an audit policy."""

from copy import deepcopy
from typing import Any

from ktizo.core.errors import Invalid
from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.shape.scalar import Type, tag


class CannotMerge(Invalid):
    """Two values of different kinds cannot become one."""


class Anything(Type):
    """Go's `any` inside an Unstructured: no keys are known, kinds must not change in a merge."""

    pointer = False
    noun = "a mapping"

    def read(self, value: Any, place: Place) -> Any:  # noqa: ARG002 everything fits
        """Take it as it is."""
        return value

    def tidy(self, value: Any) -> Any:
        """Go writes maps sorted by key."""
        if isinstance(value, dict):
            return {key: self.tidy(value[key]) for key in sorted(value)}
        if isinstance(value, list):
            return [self.tidy(item) for item in value]
        return value

    def merge(self, left: Any, right: Any) -> Any:
        """Mappings merge, lists append, the rest is replaced unless zero."""
        if left is None or right is None:
            return deepcopy(right if left is None else left)
        if tag(left) != tag(right):
            raise CannotMerge(f"merge type mismatch: {tag(left)} and {tag(right)}")
        if isinstance(left, dict):
            return {
                **deepcopy(left),
                **{key: self.merge(left.get(key), item) for key, item in right.items()},
            }
        if isinstance(left, list):
            return deepcopy(left) + deepcopy(right)
        return right if right or right is False else left


class Unstructured(Anything):
    """A mapping of free content: a kubelet configuration, an audit policy."""

    def read(self, value: Any, place: Place) -> Any:
        """Only a mapping can stand here."""
        if value is not None and not isinstance(value, dict):
            self.refuse_kind(value, place)
            return None
        return value

    def blank(self) -> Any:
        """A kept one is written as `{}`."""
        return {}
