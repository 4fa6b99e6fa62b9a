"""Schematics: what builds are made of, shared by clusters and boot profiles."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, status

from ktizo.accounts.api import CallerAddress, CurrentActor
from ktizo.audit.record import Entry, append
from ktizo.core.clock import utc_now
from ktizo.core.db import AsyncSession, ReadSession
from ktizo.core.errors import Invalid
from ktizo.events.kinds import EventKind
from ktizo.events.record import record
from ktizo.images import store
from ktizo.images.image import RELEASE
from ktizo.images.register import Known, read, register, row_of, try_to_register
from ktizo.images.resume import Images
from ktizo.images.schemas import SchematicIn, SchematicOut
from ktizo.images.tables import SchematicRow
from ktizo.images.wish import retire_schematic

router = APIRouter()

Key = Annotated[str, Path(max_length=64, description="Name, number or id of a schematic.")]


def _out(row: SchematicRow, problem: str = "") -> SchematicOut:
    shown = SchematicOut.model_validate(row)
    return shown.model_copy(update={"problem": problem})


def _entry(actor: str, address: str, change: str, name: str, data: dict[str, Any]) -> Entry:
    return Entry(
        at=utc_now(),
        actor=actor,
        address=address,
        action=f"images.schematic_{change}",
        subject=f"schematic {name}",
        outcome="ok",
        data=data,
    )


def _tell(request: Request, actor: str, change: str, name: str, schematic_id: str) -> None:
    data = {"name": name, "schematic": schematic_id, "change": change, "by": actor}
    record(request.app.state.writer, EventKind.SCHEMATIC_CHANGED, data=data)


@router.get("/schematics")
async def list_schematics(session: ReadSession) -> list[SchematicOut]:
    """Every schematic, by name."""
    return [_out(row) for row in await store.schematics(session)]


@router.post("/schematics", status_code=status.HTTP_201_CREATED)
async def create_schematic(
    body: SchematicIn, request: Request, actor: CurrentActor, address: CallerAddress
) -> SchematicOut:
    """Make a schematic, and tell the factory of it if that can be reached."""
    if body.name == RELEASE:
        raise Invalid(f"{RELEASE} means the files of a Talos release; choose another name")
    images: Images = request.app.state.images
    known = await try_to_register(images.factory, read(body.schematic))
    async with request.app.state.db.write() as session:
        row = await store.add_schematic(session, row_of(body.name, body.notes, known))
        data = {"schematic": row.schematic_id, "document": row.document}
        await append(session, _entry(actor.name, address, "created", row.name, data))
    _tell(request, actor.name, "created", row.name, row.schematic_id)
    return _out(row, known.problem)


@router.get("/schematics/{key}")
async def show_schematic(key: Key, session: ReadSession) -> SchematicOut:
    """One schematic."""
    return _out(await store.schematic(session, key))


@router.post("/schematics/{key}/register")
async def register_schematic(
    key: Key, request: Request, actor: CurrentActor, address: CallerAddress
) -> SchematicOut:
    """Tell the factory of a schematic again: it was away, or it is another one now."""
    images: Images = request.app.state.images
    async with request.app.state.db.read() as session:
        row = await store.schematic(session, key)
    await register(images.factory, Known(row.schematic_id, row.document))
    async with request.app.state.db.write() as session:
        row = await store.schematic(session, key)
        row.registered_at = utc_now()
        data = {"factory": images.factory.url}
        await append(session, _entry(actor.name, address, "registered", row.name, data))
    _tell(request, actor.name, "registered", row.name, row.schematic_id)
    return _out(row)


@router.delete("/schematics/{key}", status_code=status.HTTP_204_NO_CONTENT)
async def delete_schematic(
    key: Key, request: Request, actor: CurrentActor, address: CallerAddress
) -> None:
    """Delete a schematic; refused while files, clusters or profiles are of it."""
    images: Images = request.app.state.images
    async with request.app.state.db.write() as session:
        gone = await _retire(session, key, images, actor.name, address)
    _tell(request, actor.name, "deleted", *gone)


async def _retire(
    session: AsyncSession, key: str, images: Images, actor: str, address: str
) -> tuple[str, str]:
    row = await store.schematic(session, key)
    name, schematic_id = row.name, row.schematic_id
    await retire_schematic(session, key, images.in_use)
    await append(session, _entry(actor, address, "deleted", name, {"schematic": schematic_id}))
    return name, schematic_id
