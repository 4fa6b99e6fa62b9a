"""A kind of document: its name, since when, its fields, its own rules, and what it excludes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ktizo.core.errors import Invalid
from ktizo.talos.documents.findings import Findings, Place
from ktizo.talos.documents.scalars import TEXT
from ktizo.talos.documents.shape import Field, Struct, kept
from ktizo.talos.documents.versions import LAST, Minor, minor

API_VERSION = "v1alpha1"
NAME: Field = kept(TEXT)

Body = Mapping[str, Any]
Rule = Callable[[Body, Place], None]


def no_rule(body: Body, place: Place) -> None:
    """Talos checks nothing beyond the fields' types."""


@dataclass(frozen=True)
class Kind:
    """One kind of Talos document.

    `fields` are in Talos's own order, without apiVersion and kind; a named kind starts with `name`.
    `check` says what Talos's Validate says of one document. `clashes_with` are kinds that may not
    carry the same name; `legacy` are paths of the v1alpha1 document that may not be set beside it.
    """

    name: str
    since: str
    fields: Struct
    check: Rule = no_rule
    clashes_with: tuple[str, ...] = ()
    legacy: tuple[str, ...] = ()
    control_plane_only: bool = False

    @property
    def first(self) -> Minor:
        """The first version that knows this kind."""
        return minor(self.since)

    @property
    def named(self) -> bool:
        """Tell whether several may stand in one config, told apart by name."""
        return "name" in self.fields.fields

    def write(self, body: Body) -> dict[str, Any]:
        """Return the whole document in Talos's order, with what Talos omits omitted."""
        return {"apiVersion": API_VERSION, "kind": self.name, **self.fields.tidy(dict(body))}

    def build(self, **fields: Any) -> dict[str, Any]:
        """Make a document from fields in Talos's own spelling; None means not given.

        A field or value that no version knows is refused; whether the target version takes it is
        for `validate` to say.
        """
        findings = Findings()
        place = Place(findings, LAST, self.name)
        given = {key: value for key, value in fields.items() if value is not None}
        body = self.fields.read(given, place)
        if findings.errors:
            raise Invalid("; ".join(str(finding) for finding in findings.errors))
        return self.write(body)
