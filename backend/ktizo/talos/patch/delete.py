"""`$patch: delete`: find the marks in a patch, and carry them out on a document.

Talos's rules (pkg/machinery/config/configloader/internal/decoder, read 2026-11-21): at the root it
removes the document; on a key it empties that path; on a list item it removes the first item whose
field equals the mark's first other key, compared as text. A path whose parent is missing is an
error; content without known keys (kubelet.extraConfig, auditPolicy ...) cannot be reached into.
"""

from dataclasses import dataclass
from typing import Any

from ktizo.core.errors import Invalid
from ktizo.talos.documents.read import Document, header_of
from ktizo.talos.documents.scalars import spelled
from ktizo.talos.documents.shape import ListOf, MapOf, Struct, Type

MARK, ORDER = "$patch", "delete"
# What may remain beside deletions without being a patch of its own.
_HEADER_KEYS = frozenset({"version", "kind", "name"})


@dataclass(frozen=True, slots=True)
class Deletion:
    """Empty `path` in the document with `header`; in a list, the item whose `key` is `value`."""

    header: tuple[str, str, str]
    path: tuple[str, ...]
    key: str = ""
    value: str = ""

    @property
    def shown(self) -> str:
        """The path as people write it."""
        return ".".join(self.path)


def extract(value: dict[str, Any]) -> tuple[list[Deletion], dict[str, Any] | None]:
    """Split one document of a patch into its deletions and what is left of it, None if nothing."""
    collector = _Collector(header_of(value))
    rest = collector.strip(value, (), inside_list=False)
    if rest is None or not collector.found:
        return collector.found, rest
    return collector.found, None if set(rest) <= _HEADER_KEYS else rest


class _Collector:
    def __init__(self, header: tuple[str, str, str]) -> None:
        self.header = header
        self.found: list[Deletion] = []

    def strip(self, value: Any, path: tuple[str, ...], *, inside_list: bool) -> Any:
        """Return `value` without its marks; None when a mark or its last key took it away."""
        if isinstance(value, dict):
            if value.get(MARK) == ORDER:
                self.found.append(self._deletion(value, path, inside_list))
                return None
            items = {
                key: self.strip(item, (*path, key), inside_list=False)
                for key, item in value.items()
            }
            left = {key: item for key, item in items.items() if not _gone(value[key], item)}
            return left if left or not value else None
        if isinstance(value, list):
            stripped = [
                self.strip(item, (*path, f"[{index}]"), inside_list=True)
                for index, item in enumerate(value)
            ]
            kept = [new for old, new in zip(value, stripped, strict=True) if not _gone(old, new)]
            return kept if kept or not value else None
        return value

    def _deletion(self, mark: dict[str, Any], path: tuple[str, ...], in_list: bool) -> Deletion:
        api_version, kind, _ = self.header
        if bool(api_version) != bool(kind) or (not path and not kind):
            raise Invalid(
                f"{MARK}: {ORDER} at {'.'.join(path) or 'the root'} needs apiVersion and kind;"
                " the v1alpha1 document itself cannot be deleted"
            )
        if not in_list:
            if any(step.startswith("[") for step in path):
                raise Invalid(f"cannot delete an inner key in '{'.'.join(path)}'")
            return Deletion(self.header, path)
        key = next((key for key in mark if key != MARK), None)
        if key is None:
            raise Invalid(f"no key to find the item by beside {MARK} in {'.'.join(path)}")
        value = mark[key]
        text = "" if value is None or isinstance(value, list | dict) else spelled(value)
        return Deletion(self.header, path, key, text)


def _gone(before: Any, after: Any) -> bool:
    return after is None and before is not None


def carry_out(deletion: Deletion, document: Document) -> None:
    """Empty the path in `document`, which is changed; raise Invalid when there is no such path."""
    fields = document.fields
    if fields is None:
        raise Invalid(f"{document.title}: this kind is not known, nothing in it can be deleted")
    if not _delete(fields, document.body, deletion.path, deletion):
        raise Invalid(f"{document.title}: failed to delete path '{deletion.shown}': lookup failed")


def _delete(kind: Type, value: Any, path: tuple[str, ...], deletion: Deletion) -> bool:
    if isinstance(kind, Struct):
        return _delete_field(kind, value, path, deletion)
    if isinstance(kind, MapOf):
        if not isinstance(value, dict) or path[0] not in value:
            return False
        if len(path) == 1:
            del value[path[0]]
            return True
        return _delete(kind.item, value[path[0]], path[1:], deletion)
    if isinstance(kind, ListOf) and len(path) == 1 and path[0].startswith("["):
        return _delete_item(kind, value, deletion)
    return False


def _delete_field(kind: Struct, value: Any, path: tuple[str, ...], deletion: Deletion) -> bool:
    field = kind.fields.get(path[0])
    if field is None or value is None:
        return False
    if len(path) == 1:
        value.pop(path[0], None)
        return True
    inner = value.get(path[0])
    if inner is None and isinstance(field.type, Struct) and not field.type.pointer:
        inner = {}
    return _delete(field.type, inner, path[1:], deletion)


def _delete_item(kind: ListOf, items: Any, deletion: Deletion) -> bool:
    if not isinstance(kind.item, Struct) or deletion.key not in kind.item.fields:
        return False
    for index, item in enumerate(items or ()):
        if isinstance(found := item.get(deletion.key, ""), str) and found == deletion.value:
            del items[index]
            return True
    return False
