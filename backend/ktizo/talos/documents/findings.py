"""What a reader or a rule has to say about a document: where, why, how bad."""

from dataclasses import dataclass, field

from ktizo.talos.documents.versions import Minor


@dataclass(frozen=True, slots=True)
class Finding:
    """`document` is Talos's own name for it (`VolumeConfig/EPHEMERAL`), `path` a field in it."""

    document: str
    path: str
    reason: str

    def __str__(self) -> str:
        """One line, for a terminal or a form."""
        return ": ".join(part for part in (self.document, self.path, self.reason) if part)


@dataclass(slots=True)
class Findings:
    """Errors refuse a config; warnings are what Talos says and then goes on."""

    errors: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Place:
    """A point in a document that can be complained about; the version decides what is known."""

    findings: Findings
    version: Minor
    document: str = ""
    path: str = ""

    def at(self, *steps: str | int) -> "Place":
        """The place below this one: `at("keys", 0, "slot")` -> `keys[0].slot`."""
        path = self.path
        for step in steps:
            if isinstance(step, int):
                path = f"{path}[{step}]"
            else:
                path = f"{path}.{step}" if path else step
        return Place(self.findings, self.version, self.document, path)

    def refuse(self, reason: str) -> None:
        """Talos would not take the config because of this."""
        self.findings.errors.append(Finding(self.document, self.path, reason))

    def warn(self, reason: str) -> None:
        """Talos would take it, and say this."""
        self.findings.warnings.append(Finding(self.document, self.path, reason))
