"""Making a schematic: its id is computed here, and must be the one the factory says.

Without internet the schematic is kept all the same, for its id is all an import needs; the factory
is told when somebody asks for its files.
"""

from dataclasses import dataclass
from typing import Any

from ktizo.core import yaml
from ktizo.core.clock import utc_now
from ktizo.core.errors import BadGateway, Invalid, Unavailable
from ktizo.images.cmdline import lasting_secret
from ktizo.images.factory import Factory
from ktizo.images.tables import SchematicRow
from ktizo.talos import schematic as talos_schematic

DOCUMENT_BYTES = 64 * 1024


class SchematicMismatch(BadGateway):
    """The factory made something else of the schematic than what was sent."""


class SecretInSchematic(Invalid):
    """A schematic is given to the factory, and its images to whoever knows the id."""


@dataclass(frozen=True)
class Known:
    """A schematic as its id was made: `registered` once a factory has it, else `problem`."""

    schematic_id: str
    document: str
    registered: bool = False
    problem: str = ""


def read(given: str | dict[str, Any]) -> Known:
    """Return a schematic, from YAML or JSON, in the form its id is made of; raises Invalid."""
    if isinstance(given, str) and len(given) > DOCUMENT_BYTES:
        raise Invalid(f"a schematic may have {DOCUMENT_BYTES} characters")
    value = talos_schematic.load(given) if isinstance(given, str) else given
    document = talos_schematic.canonical(value)
    _refuse_secrets(yaml.load(document) or {})
    return Known(talos_schematic.schematic_id(value), document)


async def register(factory: Factory, known: Known) -> Known:
    """Tell the factory; raises its errors, or SchematicMismatch.

    A private factory adds `owner`, which changes the id; then its document is the one to keep.
    """
    created = await factory.create_schematic(known.document)
    if created.id == known.schematic_id:
        return Known(known.schematic_id, known.document, registered=True)
    theirs = _owned(created.schematic, known)
    if theirs is None or theirs.schematic_id != created.id:
        raise SchematicMismatch(
            f"{factory.host} says {created.id}, and it should be {known.schematic_id}; "
            "the schematic was not kept",
        )
    return Known(created.id, theirs.document, registered=True)


async def try_to_register(factory: Factory, known: Known) -> Known:
    """Tell the factory if it can be reached; else the schematic is as good as its id."""
    try:
        return await register(factory, known)
    except Unavailable as error:
        return Known(known.schematic_id, known.document, problem=error.message)


def row_of(name: str, notes: str, known: Known) -> SchematicRow:
    """Return the row of a new schematic, not yet in a session."""
    now = utc_now()
    return SchematicRow(
        name=name,
        schematic_id=known.schematic_id,
        document=known.document,
        notes=notes,
        created_at=now,
        registered_at=now if known.registered else None,
    )


def _owned(document: str | None, known: Known) -> Known | None:
    """Return the factory's document when it is ours plus an owner."""
    if document is None:
        return None
    try:
        value = talos_schematic.load(document)
        ours = talos_schematic.load(known.document)
        theirs = {key: part for key, part in value.items() if key != "owner"}
        if theirs != {key: part for key, part in ours.items() if key != "owner"}:
            return None
        return Known(talos_schematic.schematic_id(value), talos_schematic.canonical(value))
    except Invalid:
        return None


def _refuse_secrets(value: dict[str, Any]) -> None:
    custom = value.get("customization") or {}
    for argument in custom.get("extraKernelArgs") or ():
        if reason := lasting_secret(str(argument)):
            name = str(argument).partition("=")[0]
            raise SecretInSchematic(f"extraKernelArgs: {name} cannot be there: {reason}")
    embedded = custom.get("embeddedMachineConfiguration")
    for document in yaml.load_all(embedded) if embedded else ():
        if not isinstance(document, dict) or "kind" not in document:
            raise SecretInSchematic(
                "embeddedMachineConfiguration holds a whole machine config, and with it the "
                "cluster's secrets; whoever knows the schematic's id can read it"
            )
        _refuse_secret_fields(document)


def _refuse_secret_fields(value: Any, path: str = "") -> None:
    if isinstance(value, dict):
        for key, part in value.items():
            _refuse_secret_fields(part, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list):
        for part in value:
            _refuse_secret_fields(part, path)
    elif isinstance(value, str) and (
        reason := lasting_secret(f"{path.rpartition('.')[2]}={value}")
    ):
        raise SecretInSchematic(f"embeddedMachineConfiguration: {path}: {reason}")
