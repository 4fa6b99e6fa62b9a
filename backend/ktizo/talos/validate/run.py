"""From a text or documents to a verdict."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ktizo.core.errors import Invalid
from ktizo.core.yaml import UnreadableYaml, load_all
from ktizo.talos.documents import legacy as legacy_fields
from ktizo.talos.documents.findings import Finding, Findings, Place
from ktizo.talos.documents.read import Config, read
from ktizo.talos.documents.versions import Minor, minor
from ktizo.talos.validate import images, legacy, together


@dataclass(frozen=True, slots=True)
class Verdict:
    """What stands against a config. Warnings do not."""

    errors: tuple[Finding, ...]
    warnings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Tell whether Talos would take it."""
        return not self.errors

    def refuse(self) -> None:
        """Raise Invalid with every reason, if there is one."""
        if self.errors:
            raise Invalid(
                "; ".join(map(str, self.errors)),
                findings=[
                    {"document": error.document, "path": error.path, "reason": error.reason}
                    for error in self.errors
                ],
            )


def validate(
    text: str | bytes, version: str, *, on_node: bool = False, keep_unknown_kinds: bool = False
) -> Verdict:
    """Judge the config in `text` for Talos of `version`, in metal mode.

    `on_node` adds what only a node checks when a config is applied: that the Kubernetes images
    have tags that this Talos runs. Without it those are warnings. With `keep_unknown_kinds` a kind
    Ktizo has never heard of is a warning too; Talos of `version` may well refuse it.
    """
    known = minor(version)
    try:
        values = load_all(text)
    except UnreadableYaml as error:
        return Verdict((Finding("", "", error.message),), ())
    return _judge(values, known, on_node=on_node, keep=keep_unknown_kinds)


def validate_documents(
    documents: Iterable[Mapping[str, Any]],
    version: str,
    *,
    on_node: bool = False,
    keep_unknown_kinds: bool = False,
) -> Verdict:
    """Judge documents that are already read."""
    return _judge(map(dict, documents), minor(version), on_node=on_node, keep=keep_unknown_kinds)


def _judge(values: Iterable[Any], version: Minor, *, on_node: bool, keep: bool) -> Verdict:
    config, findings = read(values, version, keep_unknown_kinds=keep)
    if not findings.errors:
        _check(config, findings, version, on_node)
    return Verdict(tuple(findings.errors), tuple(findings.warnings))


def _check(config: Config, findings: Findings, version: Minor, on_node: bool) -> None:
    here = Place(findings, version)
    if config.legacy is not None:
        legacy.check(config.legacy, Place(findings, version, legacy_fields.NAME))
    for document in config.documents:
        if document.kind is not None:
            document.kind.check(document.body, Place(findings, version, document.title))
    together.check(config, here)
    images.check(config, here, on_node=on_node)
