"""The mirror: what is in it, what is on its way, and what may go."""

import asyncio
import shutil
from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, status
from fastapi.responses import FileResponse

from ktizo.accounts.api import CallerAddress, CurrentActor
from ktizo.audit.record import Entry, append
from ktizo.core.clock import utc_now
from ktizo.core.db import AsyncSession
from ktizo.core.errors import Invalid, NotFound
from ktizo.core.verify import Altered
from ktizo.events.kinds import EventKind
from ktizo.events.record import record
from ktizo.images import schemas, store
from ktizo.images.image import RELEASE, Image, build_key, files_of
from ktizo.images.importing import Build, take
from ktizo.images.keep import clear
from ktizo.images.mirror import Mirror
from ktizo.images.resume import Images
from ktizo.images.tables import FileRow
from ktizo.images.wish import altered, prune, remove, wish

router = APIRouter()

FileId = Annotated[int, Path(ge=1, lt=2**31)]


class FileWithheld(NotFound):
    """The file is not there, or not what was verified."""


def _images(request: Request) -> Images:
    images: Images = request.app.state.images
    return images


def _out(row: FileRow, mirror: Mirror) -> schemas.FileOut:
    reached = mirror.reached.get(row.id)
    state: schemas.State = "given_up" if row.given_up else "waiting"
    size = total = row.size
    if row.sha256 is not None:
        state = "stored"
    elif reached is not None:
        state, size, total = "coming", reached.size, reached.total
    same = ("id", "schematic", "version", "arch", "part", "secureboot", "name", "sha256")
    return schemas.FileOut(
        **{name: getattr(row, name) for name in same},
        state=state,
        size=size,
        total=total,
        checksum_from=row.expected_from,
        problem=row.problem,
        stored_at=row.stored_at,
    )


async def _audit(
    session: AsyncSession, actor: str, address: str, change: str, subject: str, **data: Any
) -> None:
    entry = Entry(
        at=utc_now(),
        actor=actor,
        address=address,
        action=f"images.{change}",
        subject=subject,
        outcome="ok",
        data=data,
    )
    await append(session, entry)


@router.get("/mirror")
async def show_mirror(request: Request) -> schemas.MirrorOut:
    """Every file of the mirror, there or on its way, and the room left."""
    images = _images(request)
    async with request.app.state.db.read() as session:
        rows = await store.files(session)
    data_dir = request.app.state.settings.data_dir
    contents = {row.sha256: row.size or 0 for row in rows if row.sha256}
    return schemas.MirrorOut(
        files=[_out(row, images.mirror) for row in rows],
        room=schemas.Room(
            free=(await asyncio.to_thread(shutil.disk_usage, data_dir)).free,
            used_by_mirror=sum(contents.values()),
        ),
    )


@router.post("/mirror", status_code=status.HTTP_202_ACCEPTED)
async def add_to_mirror(
    body: schemas.MirrorIn, request: Request, actor: CurrentActor, address: CallerAddress
) -> list[schemas.FileOut]:
    """Bring files of a build. They come in the background: events `image_*` tell how far they are.

    Asking again tries again what failed, and mends a file that was altered on the disk.
    """
    images, database = _images(request), request.app.state.db
    async with database.read() as session:
        schematic = await _schematic_id(session, body.schematic)
    wanted = files_of(schematic, body.version, body.arches, body.parts, secureboot=body.secureboot)
    broken = await altered(database, wanted, images.verifier)
    async with database.write() as session:
        rows = await wish(session, wanted, body.checksums, broken)
        subject, names = build_key(schematic, body.version), [row.name for row in rows]
        await _audit(session, actor.name, address, "mirror_added", subject, files=names)
    coming = [row.id for row in rows if row.sha256 is None]
    await images.mirror.at_once(coming)
    return [_out(row, images.mirror) for row in rows]


async def _schematic_id(session: AsyncSession, key: str) -> str:
    if key == RELEASE:
        return key
    found = await store.find_schematic(session, key)
    if found is not None:
        return found.schematic_id
    if len(key) == 64:  # somebody else's: the factory may know it
        return key
    raise store.SchematicNotFound(f"there is no schematic {key}; make it first")


@router.get("/mirror/{file_id}/content", response_class=FileResponse)
async def read_content(file_id: FileId, request: Request) -> FileResponse:
    """A file of the mirror. One that was altered on the disk is withheld."""
    images = _images(request)
    async with request.app.state.db.read() as session:
        row = await store.file(session, file_id)
    stored = store.stored_of(row)
    if stored is None:
        raise FileWithheld(f"{row.name} is not there yet")
    try:
        found = await images.verifier.check(stored)
    except Altered as error:
        if error.news:
            _tell(request, EventKind.IMAGE_ALTERED, store.image_of(row), sha256=row.sha256)
        raise FileWithheld(
            f"{row.name} is not what was stored; add it to the mirror again"
        ) from error
    return FileResponse(
        images.shelf.path(stored.sha256),
        media_type="application/octet-stream",
        filename=row.name,
        stat_result=found,
        headers={"etag": f'"{stored.sha256}"'},
    )


@router.delete("/mirror/{file_id}", status_code=status.HTTP_204_NO_CONTENT)
async def remove_from_mirror(
    file_id: FileId, request: Request, actor: CurrentActor, address: CallerAddress
) -> None:
    """Remove a file, or stop bringing it; refused while something boots from it."""
    images = _images(request)
    async with request.app.state.db.write() as session:
        row = await store.file(session, file_id)
        await remove(session, row, images.in_use)
        subject = f"{row.schematic}/{row.version}/{row.name}"
        await _audit(session, actor.name, address, "mirror_removed", subject)
    await _gone(request, [row], actor.name)


@router.post("/mirror/prune")
async def prune_mirror(
    body: schemas.PruneIn, request: Request, actor: CurrentActor, address: CallerAddress
) -> schemas.PruneOut:
    """Remove the files no profile and no cluster uses; with `dry_run` only say which."""
    images = _images(request)
    age = timedelta(days=body.older_than_days)
    async with request.app.state.db.write() as session:
        rows = await prune(session, images.in_use, older_than=age, dry_run=body.dry_run)
        stay = await store.files(session)
        if rows and not body.dry_run:
            names = [f"{row.schematic}/{row.version}/{row.name}" for row in rows]
            await _audit(session, actor.name, address, "mirror_pruned", "mirror", files=names)
    shown = [_out(row, images.mirror) for row in rows]
    if not body.dry_run:
        await _gone(request, rows, actor.name)
    return schemas.PruneOut(files=shown, bytes=_bytes_freed(rows, stay))


def _bytes_freed(gone: Collection[FileRow], stay: Collection[FileRow]) -> int:
    ids = {row.id for row in gone}
    shared = {row.sha256 for row in stay if row.id not in ids}
    return sum({row.sha256: row.size or 0 for row in gone if row.sha256 not in shared}.values())


async def _gone(request: Request, rows: Sequence[FileRow], by: str) -> None:
    images = _images(request)
    await images.mirror.let_go([row.id for row in rows])
    await images.mirror.sweep()
    for row in rows:
        _tell(request, EventKind.IMAGE_REMOVED, store.image_of(row), by=by)
    checksums = [row.sha256 for row in rows]
    await clear(request.app.state.db, images.shelf, checksums, images.in_use)


def _tell(request: Request, kind: EventKind, image: Image, **data: Any) -> None:
    named = {"schematic": image.schematic, "version": image.version, "file": image.name}
    record(request.app.state.writer, kind, data={**named, **data})


@router.post("/mirror/import")
async def import_to_mirror(
    body: schemas.ImportIn, request: Request, actor: CurrentActor, address: CallerAddress
) -> schemas.ImportOut:
    """Take files of a folder or plain tar below data/import, verified by its SHA256SUMS."""
    if (body.schematic is None) != (body.version is None):
        raise Invalid("schematic and version go together; without both, paths must say them")
    build = Build(body.schematic, body.version) if body.schematic and body.version else None
    images, root = _images(request), request.app.state.settings.data_dir / "import"
    done = await take(images.mirror, root, body.path, build)
    async with request.app.state.db.write() as session:
        names = sorted(done.taken)
        await _audit(session, actor.name, address, "mirror_imported", body.path, files=names)
    return schemas.ImportOut(
        imported=[_out(done.taken[name], images.mirror) for name in names],
        refused=[schemas.Refused(name=name, reason=why) for name, why in done.refused.items()],
    )
