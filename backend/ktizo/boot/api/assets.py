"""Files of boot profiles, for people: upload, list, remove, import a folder.

An upload takes minutes, so no session is open while bytes come: the profile is looked up before,
and again in the transaction that makes the file its own.
"""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Request, Response, status
from starlette.requests import ClientDisconnect

from ktizo.boot import store
from ktizo.boot.api.trace import trace
from ktizo.boot.keep import clear, keep
from ktizo.boot.schemas import AssetOut, Imported, ImportIn, ImportOut, NotImported
from ktizo.boot.tables import AssetRow
from ktizo.core import urls
from ktizo.core.db import ReadSession
from ktizo.core.errors import BadRequest, Invalid, KtizoError
from ktizo.core.importing import Folder, take_folder
from ktizo.core.shelf import Shelf
from ktizo.core.upload import Announced, receive
from ktizo.core.urls import FILE_NAME
from ktizo.events.kinds import EventKind
from ktizo.events.record import record

router = APIRouter()

GIB = 1024**3

Key = Annotated[str, Path(max_length=63, description="Name or number of a profile.")]
File = Annotated[str, Path(pattern=FILE_NAME, max_length=128, description="Name of the file.")]
Checksum = Annotated[
    str | None,
    Header(
        alias="X-Checksum-Sha256",
        pattern=r"^[0-9a-fA-F]{64}$",
        description="SHA-256 of the file; a file that has another is not taken.",
    ),
]


class UploadInterrupted(BadRequest):
    """The sender went away before the whole file was there."""


class EncodedUpload(Invalid):
    """The body is compressed for transport; a checksum of it would mean nothing."""


def _out(row: AssetRow, profile: str) -> AssetOut:
    return AssetOut(
        name=row.name,
        sha256=row.sha256,
        size=row.size,
        created_at=row.created_at,
        url=urls.asset(profile, row.name),
    )


def _note(request: Request, kind: EventKind, **data: Any) -> None:
    record(request.app.state.writer, kind, data=data)


async def _profile(request: Request, key: str) -> tuple[int, str]:
    async with request.app.state.db.read() as session:
        row = await store.profile(session, key)
        return row.id, row.name


def _announced(request: Request, checksum: str | None) -> Announced:
    if request.headers.get("content-encoding", "identity") != "identity":
        raise EncodedUpload("send the file as it is, without Content-Encoding")
    length = request.headers.get("content-length", "")
    limit = request.app.state.settings.max_asset_gib * GIB
    return Announced(limit, int(length) if length.isdecimal() else None, checksum)


async def _chunks(request: Request) -> AsyncIterator[bytes]:
    try:
        async for chunk in request.stream():
            yield chunk
    except ClientDisconnect as error:
        raise UploadInterrupted("the upload stopped half-way; nothing was kept") from error


@router.get("/profiles/{key}/assets")
async def list_assets(key: Key, session: ReadSession) -> list[AssetOut]:
    """The files of a profile."""
    row = await store.profile(session, key)
    return [_out(asset, row.name) for asset in await store.assets(session, row.id)]


@router.put(
    "/profiles/{key}/assets/{file}",
    max_body_size=1024 * GIB,  # KTIZO_MAX_ASSET_GIB is the real limit, checked as it comes
    status_code=status.HTTP_201_CREATED,
    responses={status.HTTP_200_OK: {"description": "It replaced a file of this name."}},
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/octet-stream": {"schema": {"format": "binary"}}},
        }
    },
)
async def put_asset(
    key: Key, file: File, request: Request, response: Response, checksum: Checksum = None
) -> AssetOut:
    """Upload a file as the raw body. Machines get it once all of it is there and verified.

    Progress is told as events of kind `asset_progress`.
    """
    profile_id, name = await _profile(request, key)
    state, shelf = request.app.state, Shelf(request.app.state.settings.data_dir)
    announced = _announced(request, checksum)

    def tell(size: int) -> None:
        _note(
            request,
            EventKind.ASSET_PROGRESS,
            profile=name,
            file=file,
            bytes=size,
            total=announced.size,
        )

    try:
        incoming = await receive(shelf, _chunks(request), announced, tell)
    except KtizoError as error:
        _note(request, EventKind.ASSET_REFUSED, profile=name, file=file, reason=error.message)
        raise
    try:
        async with state.db.write() as session:
            row, before = await keep(session, shelf, profile_id, file, incoming)
    finally:
        incoming.discard()
    if before is not None:
        response.status_code = status.HTTP_200_OK
    _stored(request, name, row)
    await clear(state.db, shelf, {before} - {row.sha256})
    return _out(row, name)


def _stored(request: Request, profile: str, row: AssetRow) -> None:
    trace(request, "asset_stored", f"profile {profile}", file=row.name, sha256=row.sha256)
    _note(
        request,
        EventKind.ASSET_STORED,
        profile=profile,
        file=row.name,
        sha256=row.sha256,
        bytes=row.size,
    )


@router.delete("/profiles/{key}/assets/{file}", status_code=status.HTTP_204_NO_CONTENT)
async def delete_asset(key: Key, file: File, request: Request) -> None:
    """Remove a file from a profile."""
    state = request.app.state
    async with state.db.write() as session:
        profile = await store.profile(session, key)
        row = await store.asset(session, profile.id, file)
        if row is None:
            raise store.AssetNotFound(f"profile {profile.name} has no file {file}")
        await store.delete_asset(session, row)
    _note(request, EventKind.ASSET_REMOVED, profile=profile.name, file=file)
    trace(request, "asset_removed", f"profile {profile.name}", file=file)
    await clear(state.db, Shelf(state.settings.data_dir), {row.sha256})


@router.post("/profiles/{key}/import")
async def import_folder(key: Key, body: ImportIn, request: Request) -> ImportOut:
    """Take the files of a folder below data/import, verified by its SHA256SUMS if it has one."""
    profile_id, name = await _profile(request, key)
    settings = request.app.state.settings

    def tell(file: str, size: int, total: int) -> None:
        _note(request, EventKind.ASSET_PROGRESS, profile=name, file=file, bytes=size, total=total)

    folder = await take_folder(
        Shelf(settings.data_dir),
        settings.data_dir / "import",
        body.path,
        settings.max_asset_gib * GIB,
        tell,
    )
    for file, reason in folder.refused.items():
        _note(request, EventKind.ASSET_REFUSED, profile=name, file=file, reason=reason)
    rows = await _keep_folder(request, profile_id, folder)
    for row in rows:
        _stored(request, name, row)
    return ImportOut(
        imported=[
            Imported(
                name=row.name, sha256=row.sha256, size=row.size, checked=row.name in folder.checked
            )
            for row in rows
        ],
        refused=[NotImported(name=f, reason=why) for f, why in folder.refused.items()],
    )


async def _keep_folder(request: Request, profile_id: int, folder: Folder) -> list[AssetRow]:
    state, shelf = request.app.state, Shelf(request.app.state.settings.data_dir)
    rows, before = [], set()
    try:
        async with state.db.write() as session:
            for file, incoming in folder.taken.items():
                row, had = await keep(session, shelf, profile_id, file, incoming)
                rows.append(row)
                before.add(had)
    finally:
        folder.discard()
    await clear(state.db, shelf, before)
    return rows
