"""Read whole configs: which document is which, strictly, as Talos's loader does."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ktizo.core.yaml import dump_all
from ktizo.talos.documents import KINDS, legacy
from ktizo.talos.documents.findings import Finding, Findings, Place
from ktizo.talos.documents.kind import API_VERSION, Kind
from ktizo.talos.documents.scalars import spelled
from ktizo.talos.documents.shape import Struct, tag
from ktizo.talos.documents.versions import Minor, shown

# A document with one of these and without a kind is the v1alpha1 document.
_LEGACY_KEYS = ("machine", "cluster", "debug", "persist")
UNKNOWN = "this kind is not known to Ktizo: passed through unchanged, not checked"


@dataclass
class Document:
    """One document. `kind` is None for the v1alpha1 document and for one of an unknown kind."""

    kind: Kind | None
    body: dict[str, Any]
    header: tuple[str, str, str] = ("", "", "")  # apiVersion, kind, name, as given

    @property
    def is_legacy(self) -> bool:
        """Tell whether this is the v1alpha1 document."""
        return not self.header[1]

    @property
    def title(self) -> str:
        """What Talos calls it in messages: `VolumeConfig/EPHEMERAL`, `HostnameConfig`."""
        if self.is_legacy:
            return legacy.NAME
        _, kind, name = self.header
        return f"{kind}/{name}" if name else kind

    @property
    def fields(self) -> Struct | None:
        """The table of its fields; None for an unknown kind."""
        if self.is_legacy:
            return legacy.FIELDS
        return self.kind.fields if self.kind else None

    def written(self) -> dict[str, Any]:
        """The whole document as Talos would write it; an unknown kind untouched."""
        if self.is_legacy:
            result: dict[str, Any] = legacy.FIELDS.tidy(self.body)
            return result
        return self.kind.write(self.body) if self.kind else self.body

    @property
    def is_unknown(self) -> bool:
        """Tell whether Ktizo has never heard of its kind."""
        return self.kind is None and not self.is_legacy


@dataclass
class Config:
    """All documents of one config, the v1alpha1 document first."""

    documents: list[Document] = field(default_factory=list)

    @property
    def legacy(self) -> dict[str, Any] | None:
        """The v1alpha1 document's content; without one a config is partial and installs nothing."""
        return next((document.body for document in self.documents if document.is_legacy), None)

    def written(self) -> list[dict[str, Any]]:
        """All documents as Talos would write them."""
        return [document.written() for document in self.documents]

    @property
    def notes(self) -> list[str]:
        """What was passed through without being understood, a line each."""
        return [f"{one.title}: {UNKNOWN}" for one in self.documents if one.is_unknown]

    def text(self) -> str:
        """The config as YAML text."""
        return dump_all(self.written())


def read(
    values: Iterable[Any], version: Minor, *, keep_unknown_kinds: bool = False
) -> tuple[Config, Findings]:
    """Read what core.yaml made of a text; findings say what Talos's loader would refuse.

    With `keep_unknown_kinds` a document of a kind Ktizo has never heard of is kept untouched, and
    a warning says so; Talos itself refuses kinds it does not know.
    """
    findings = Findings()
    documents = []
    for number, value in enumerate(values, start=1):
        if value is None:
            continue
        if not isinstance(value, dict):
            reason = f"expected a mapping, not {tag(value)}"
            findings.errors.append(Finding(f"document {number}", "", reason))
            continue
        if document := _document(value, number, Place(findings, version), keep_unknown_kinds):
            documents.append(document)
    if not documents and not findings.errors:
        findings.errors.append(Finding("", "", "there is no document in it"))
    documents.sort(key=lambda document: not document.is_legacy)
    _refuse_twins(documents, findings)
    return Config(documents), findings


def header_of(value: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return (apiVersion, kind, name) as written, empty where missing."""
    api_version, kind, name = (_text(value.get(key)) for key in ("apiVersion", "kind", "name"))
    return api_version, kind, name


def _text(value: Any) -> str:
    return "" if value is None or isinstance(value, list | dict) else spelled(value)


def _document(
    value: dict[str, Any], number: int, place: Place, keep_unknown: bool
) -> Document | None:
    api_version, kind_name, name = header_of(value)
    here = Place(place.findings, place.version, f"document {number}")
    if not kind_name:
        if api_version == API_VERSION or any(key in value for key in _LEGACY_KEYS):
            here = Place(place.findings, place.version, legacy.NAME)
            return Document(None, legacy.FIELDS.read(value, here))
        here.at("kind").refuse("missing kind")
        return None
    if not api_version:
        here.at("apiVersion").refuse(f"missing apiVersion; write {API_VERSION}")
        return None
    kind = KINDS.get(kind_name)
    here = Place(place.findings, place.version, f"{kind_name}/{name}" if name else kind_name)
    if kind is None and keep_unknown:
        here.warn(UNKNOWN)
        return Document(None, value, (api_version, kind_name, name))
    if problem := _kind_problem(kind, api_version, place.version):
        here.refuse(problem)
        return None
    assert kind is not None  # noqa: S101 _kind_problem looked
    fields = {key: item for key, item in value.items() if key not in ("apiVersion", "kind")}
    header = (api_version, kind_name, name if kind.named else "")
    return Document(kind, kind.fields.read(fields, here), header)


def _kind_problem(kind: Kind | None, api_version: str, version: Minor) -> str | None:
    if kind is None or api_version != API_VERSION:
        return f"kind not registered in Talos {shown(version)}"
    if kind.first <= version:
        return None
    return f"kind not registered in Talos {shown(version)}, only from {shown(kind.first)} on"


def _refuse_twins(documents: list[Document], findings: Findings) -> None:
    seen: dict[tuple[str, str], str] = {}
    for document in documents:
        kind, name = document.header[1], document.header[2]
        title = document.title
        if (kind, name) in seen:
            findings.errors.append(Finding(title, "", "duplicate document is not allowed"))
        for other in document.kind.clashes_with if document.kind else ():
            if rival := seen.get((other, name)):
                findings.errors.append(Finding(title, "", f"conflicts with {rival}"))
        seen.setdefault((kind, name), title)
