"""Which documents a Talos of some version knows, and what may stand in them: for an editor."""

from dataclasses import dataclass, field

from ktizo.talos.compatibility import TABLE
from ktizo.talos.contracts import CONTRACTS, Minor, contract
from ktizo.talos.documents import KINDS, known_in, legacy
from ktizo.talos.documents.shape import ListOf, MapOf, Struct, Type
from ktizo.talos.documents.shape.free import Anything

ENUM = "one of "  # how talos.documents.scalars.one_of names itself
TRUTHS = ["true", "false"]


@dataclass(frozen=True, slots=True)
class DocumentNode:
    """What may stand at one place of a document.

    `fields` of a mapping with known keys, `item` of a list or of a mapping with free keys, `values`
    where only some words fit.
    """

    type: str  # struct, list, map, scalar or any
    noun: str
    fields: dict[str, "DocumentNode"] = field(default_factory=dict)
    item: "DocumentNode | None" = None
    values: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class KnownKind:
    """One kind of document."""

    kind: str
    named: bool
    control_plane_only: bool
    content: DocumentNode


@dataclass(frozen=True, slots=True)
class KnownDocuments:
    """Every kind a Talos knows; `legacy` is the v1alpha1 document, which has no kind."""

    talos_version: str
    kinds: list[KnownKind]
    legacy: DocumentNode


@dataclass(frozen=True, slots=True)
class TalosRelease:
    """What goes with one minor version of Talos; both ends of a range are included."""

    talos: str
    default_kubernetes: str
    kubernetes_from: str
    kubernetes_to: str


def known(talos_version: str) -> KnownDocuments:
    """Return the documents of a Talos; raises Invalid for a version Ktizo makes no configs for."""
    version = contract(talos_version).minor
    kinds = [KINDS[name] for name in known_in(version)]
    return KnownDocuments(
        talos_version=talos_version,
        kinds=[
            KnownKind(one.name, one.named, one.control_plane_only, _node(one.fields, version))
            for one in kinds
        ],
        legacy=_node(legacy.FIELDS, version),
    )


def releases() -> list[TalosRelease]:
    """Return every Talos Ktizo makes configs for, the newest first."""
    return [
        TalosRelease(
            talos=str(CONTRACTS[minor]),
            default_kubernetes=CONTRACTS[minor].default_kubernetes,
            kubernetes_from=".".join(map(str, TABLE[minor].kubernetes[0])),
            kubernetes_to=".".join(map(str, TABLE[minor].kubernetes[1])),
        )
        for minor in sorted(CONTRACTS, reverse=True)
    ]


def _node(what: Type, version: Minor) -> DocumentNode:
    match what:
        case Struct():
            fields = {
                name: _node(one.type, version)
                for name, one in what.fields.items()
                if one.since <= version and (one.until is None or version <= one.until)
            }
            return DocumentNode("struct", what.noun, fields)
        case ListOf():
            return DocumentNode("list", what.noun, item=_node(what.item, version))
        case MapOf():
            return DocumentNode("map", what.noun, item=_node(what.item, version))
        case Anything():
            return DocumentNode("any", what.noun)
    return DocumentNode("scalar", what.noun, values=_values(what.noun))


def _values(noun: str) -> list[str]:
    if noun == "a boolean":
        return TRUTHS
    return noun.removeprefix(ENUM).split(", ") if noun.startswith(ENUM) else []
