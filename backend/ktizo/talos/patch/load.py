"""Read the text of a patch: a strategic merge, or a list of JSON 6902 operations."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ktizo.core.errors import Invalid, TooLarge
from ktizo.core.yaml import load_all
from ktizo.talos.documents.findings import Finding, Findings
from ktizo.talos.documents.read import Document, header_of, read
from ktizo.talos.documents.versions import Minor, minor
from ktizo.talos.patch import json6902
from ktizo.talos.patch.delete import Deletion, extract

# What Talos reads of a patch from a URL; one that needs more is a mistake.
MAX_PATCH_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Patch:
    """One patch, checked against a version. Either `steps` or `operations` is filled.

    `steps` are carried out in order: merge a document, or delete something.
    """

    version: Minor
    steps: tuple[Document | Deletion, ...] = ()
    operations: tuple[json6902.Operation, ...] = ()

    @property
    def is_json(self) -> bool:
        """Tell whether this is a JSON patch."""
        return bool(self.operations)


def load(text: str | bytes, version: str, *, keep_unknown_kinds: bool = False) -> Patch:
    """Read a patch for Talos of `version`; what its loader refuses is refused with the place.

    With `keep_unknown_kinds` documents of kinds Ktizo has never heard of go into the config as they
    are, and `Config.notes` names them.
    """
    if len(text) > MAX_PATCH_BYTES:
        raise TooLarge(
            f"the patch has {len(text):,} bytes; Talos takes at most {MAX_PATCH_BYTES:,}"
        )
    known = minor(version)
    values = [value for value in load_all(text) if value is not None]
    if not values:
        raise Invalid("the patch is empty")
    if len(values) == 1 and isinstance(values[0], list):
        return Patch(known, operations=tuple(json6902.check(values[0])))
    return _strategic(values, known, keep_unknown_kinds)


def _strategic(values: list[Any], version: Minor, keep_unknown_kinds: bool) -> Patch:
    entries: list[Any] = []
    for value in values:
        deletions, rest = extract(value) if isinstance(value, dict) else ([], value)
        entries += [*deletions, *([] if rest is None else [rest])]
    merges = [entry for entry in entries if not isinstance(entry, Deletion)]
    config, findings = read(merges, version, keep_unknown_kinds=keep_unknown_kinds)
    if merges:
        refuse(findings)
    steps = _in_order(entries, config.documents)
    return Patch(version, steps=tuple(steps))


def refuse(findings: Findings) -> None:
    """Raise Invalid with all errors, if there are any."""
    if findings.errors:
        reasons = "; ".join(map(str, findings.errors))
        raise Invalid(reasons, findings=[_as_dict(error) for error in findings.errors])


def _as_dict(finding: Finding) -> dict[str, str]:
    return {"document": finding.document, "path": finding.path, "reason": finding.reason}


def _in_order(entries: list[Any], documents: list[Document]) -> Iterator[Document | Deletion]:
    """Talos's order: the v1alpha1 document's deletions, that document, then the rest as written."""
    yield from (entry for entry in entries if isinstance(entry, Deletion) and not entry.header[1])
    yield from (document for document in documents if document.is_legacy)
    others = iter([document for document in documents if not document.is_legacy])
    for entry in entries:
        if isinstance(entry, Deletion):
            if entry.header[1]:
                yield entry
        elif header_of(entry)[1]:
            yield next(others)
