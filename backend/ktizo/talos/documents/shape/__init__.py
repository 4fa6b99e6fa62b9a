"""The field language: what a document may hold, in which order, and how two of them merge.

One table per kind serves five purposes: strict reading (unknown keys, wrong types), the order and
the omissions Talos writes with, merging, `$patch: delete`, and the builder. Talos keeps the same
facts in Go structs; the words here mirror what Go makes of them:

- a *pointer* field knows "not given" from zero: given, even false or 0, it is written and merged;
- a plain field that is zero (`""`, 0) is omitted and never replaces anything in a merge;
- a *kept* field is written even when empty (no `omitempty`).
"""

from ktizo.talos.documents.shape.free import Anything, CannotMerge, Unstructured
from ktizo.talos.documents.shape.many import ListOf, MapOf
from ktizo.talos.documents.shape.mapping import (
    Field,
    Struct,
    fields,
    kept,
    plain,
    replaced,
    since,
    struct,
    until,
)
from ktizo.talos.documents.shape.scalar import Scalar, Type, tag

__all__ = [
    "Anything",
    "CannotMerge",
    "Field",
    "ListOf",
    "MapOf",
    "Scalar",
    "Struct",
    "Type",
    "Unstructured",
    "fields",
    "kept",
    "plain",
    "replaced",
    "since",
    "struct",
    "tag",
    "until",
]
