"""Apply patches to a config, in order; inputs are never changed."""

from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass, replace

from ktizo.core.errors import Invalid
from ktizo.core.yaml import load_all
from ktizo.talos.documents.read import Config, Document, read
from ktizo.talos.documents.versions import minor
from ktizo.talos.patch import json6902
from ktizo.talos.patch.delete import Deletion, carry_out
from ktizo.talos.patch.load import Patch, load, refuse


@dataclass(frozen=True, slots=True)
class Scopes:
    """Patches by scope, each a tuple of texts; the special comes after the general and wins."""

    cluster: tuple[str, ...] = ()
    role: tuple[str, ...] = ()
    device: tuple[str, ...] = ()

    def in_order(self) -> list[tuple[str, str]]:
        """All texts in the order they apply, each with a title for messages."""
        scopes = (("cluster", self.cluster), ("role", self.role), ("device", self.device))
        return [
            (f"{scope} patch {number}", text)
            for scope, texts in scopes
            for number, text in enumerate(texts, start=1)
        ]


def parse(text: str | bytes, version: str, *, keep_unknown_kinds: bool = False) -> Config:
    """Read a config strictly; what Talos's loader refuses is refused with the place."""
    config, findings = read(load_all(text), minor(version), keep_unknown_kinds=keep_unknown_kinds)
    refuse(findings)
    return config


def apply(config: Config, patches: Iterable[Patch]) -> Config:
    """Return `config` with the patches applied in order."""
    for patch in patches:
        config = _json(config, patch) if patch.is_json else _strategic(config, patch)
    return config


def patched(
    text: str | bytes,
    patch_texts: Iterable[str | bytes],
    version: str,
    *,
    keep_unknown_kinds: bool = False,
) -> Config:
    """Return the config in `text` with each patch applied in order."""
    titled = [(f"patch {number}", patch) for number, patch in enumerate(patch_texts, start=1)]
    config = parse(text, version, keep_unknown_kinds=keep_unknown_kinds)
    return _each(config, titled, version, keep_unknown_kinds)


def scoped(
    config: Config, scopes: Scopes, version: str, *, keep_unknown_kinds: bool = False
) -> Config:
    """Return `config` with the cluster's, then the role's, then the device's patches applied."""
    return _each(config, scopes.in_order(), version, keep_unknown_kinds)


def _each(
    config: Config,
    titled: Iterable[tuple[str, str | bytes]],
    version: str,
    keep_unknown_kinds: bool,
) -> Config:
    for title, text in titled:
        try:
            patch = load(text, version, keep_unknown_kinds=keep_unknown_kinds)
            config = apply(config, [patch])
        except Invalid as error:
            raise Invalid(f"{title}: {error.message}", **error.detail) from error
    return config


def _json(config: Config, patch: Patch) -> Config:
    if len(config.documents) != 1:
        raise Invalid(
            "JSON6902 patches are not supported for multi-document machine configuration;"
            " write it as a strategic merge patch"
        )
    changed = json6902.run(config.written()[0], patch.operations)
    result, findings = read([changed], patch.version)
    refuse(findings)
    return result


def _strategic(config: Config, patch: Patch) -> Config:
    documents = list(config.documents)
    for step in patch.steps:
        if isinstance(step, Deletion):
            _delete(documents, step)
        else:
            _merge(documents, step)
    result, findings = read(
        [document.written() for document in documents], patch.version, keep_unknown_kinds=True
    )
    refuse(findings)
    return result


def _find(documents: list[Document], header: tuple[str, str, str]) -> int | None:
    places = (index for index, document in enumerate(documents) if document.header == header)
    return next(places, None)


def _delete(documents: list[Document], deletion: Deletion) -> None:
    header = deletion.header
    index = _find(documents, header if header[1] else ("", "", ""))
    if index is None:
        index = _find(documents, (*header[:2], ""))
    if index is None:
        title = "/".join(part for part in header[1:] if part) or "v1alpha1.Config"
        raise Invalid(f"{title}: there is no such document to delete from")
    if not deletion.path:
        del documents[index]
        return
    target = replace(documents[index], body=deepcopy(documents[index].body))
    carry_out(deletion, target)
    documents[index] = target


def _merge(documents: list[Document], right: Document) -> None:
    index = _find(documents, right.header)
    if index is None:
        documents.append(right)
        return
    left, fields = documents[index], right.fields
    if fields is None:
        documents[index] = right
        return
    try:
        documents[index] = replace(left, body=fields.merge(left.body, right.body))
    except Invalid as error:
        raise Invalid(f"{right.title}: {error.message}") from error
