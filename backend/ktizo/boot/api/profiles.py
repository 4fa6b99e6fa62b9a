"""Boot profiles, for people."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, status

from ktizo.boot import store
from ktizo.boot.api.trace import trace
from ktizo.boot.builtin import fresh
from ktizo.boot.check import check_profile
from ktizo.boot.keep import clear
from ktizo.boot.profile import Profile
from ktizo.boot.profiles import KINDS, Kind
from ktizo.boot.retire import BuiltinProfile, retire
from ktizo.boot.schemas import KindOut, ProfileIn, ProfileOut
from ktizo.boot.tables import ProfileRow
from ktizo.core.db import AsyncSession, ReadSession, WriteSession
from ktizo.core.errors import Invalid
from ktizo.core.shelf import Shelf
from ktizo.events.kinds import EventKind
from ktizo.events.record import record

router = APIRouter()

# Names that are paths of their own: /boot/boot.ipxe and what UEFI loaders look for.
RESERVED = {"boot", "autoexec", "kinds", "wait"}
Key = Annotated[str, Path(max_length=63, description="Name or number of a profile.")]


class NameReserved(Invalid):
    """The name means something else in a URL."""


def _wanted(body: ProfileIn) -> Profile:
    """Return the profile `body` describes; what it leaves out is its type's default."""
    if body.name in RESERVED or body.name.isdecimal():
        raise NameReserved(f"a profile cannot be called {body.name}; choose another name")
    default = fresh(body.name, body.type)
    given = {name: getattr(body, name) for name in body.model_fields_set}
    given["initrds"] = tuple(given.get("initrds", default.initrds))
    given["config_name"] = given.get("config_name") or default.config_name
    wanted = Profile(**{**vars(default), **given})
    check_profile(wanted)
    return wanted


def _out(row: ProfileRow, there: set[str]) -> ProfileOut:
    named = [name for name in (row.kernel, *row.initrds) if name]
    values = {name: getattr(row, name) for name in ProfileOut.model_fields if name != "missing"}
    return ProfileOut(**values, missing=[name for name in named if name not in there])


async def _shown(session: AsyncSession, row: ProfileRow) -> ProfileOut:
    return _out(row, {asset.name for asset in await store.assets(session, row.id)})


def _note(request: Request, name: str, change: str) -> None:
    data = {"profile": name, "change": change}
    record(request.app.state.writer, EventKind.PROFILE_CHANGED, data=data)
    trace(request, f"profile_{change}", f"profile {name}")


@router.get("/profiles/kinds")
async def list_kinds() -> list[KindOut]:
    """What types of profile there are, and what a new one starts with."""
    return [_kind(kind) for kind in KINDS.values()]


def _kind(kind: Kind) -> KindOut:
    values = {name: getattr(kind, name) for name in KindOut.model_fields}
    return KindOut(**{**values, "default_parameters": dict(kind.default_parameters)})


@router.get("/profiles")
async def list_profiles(session: ReadSession) -> list[ProfileOut]:
    """Every boot profile, by name."""
    there: dict[int, set[str]] = {}
    for asset in await store.assets(session):
        there.setdefault(asset.profile_id, set()).add(asset.name)
    return [_out(row, there.get(row.id, set())) for row in await store.profiles(session)]


@router.post("/profiles", status_code=status.HTTP_201_CREATED)
async def create_profile(body: ProfileIn, session: WriteSession, request: Request) -> ProfileOut:
    """Make a boot profile."""
    row = await store.save_profile(session, None, _wanted(body))
    _note(request, row.name, "created")
    return await _shown(session, row)


@router.get("/profiles/{key}")
async def show_profile(key: Key, session: ReadSession) -> ProfileOut:
    """One boot profile."""
    return await _shown(session, await store.profile(session, key))


@router.put("/profiles/{key}")
async def change_profile(
    key: Key, body: ProfileIn, session: WriteSession, request: Request
) -> ProfileOut:
    """Replace a boot profile. A refused one leaves the old one as it was."""
    row = await store.profile(session, key)
    wanted = _wanted(body)
    if row.builtin and wanted.name != row.name:
        raise BuiltinProfile(f"{row.name} comes with Ktizo and keeps its name; make a new profile")
    await store.save_profile(session, row, wanted)
    _note(request, row.name, "changed")
    return await _shown(session, row)


@router.delete("/profiles/{key}", status_code=status.HTTP_204_NO_CONTENT)
async def delete_profile(key: Key, request: Request) -> None:
    """Delete a boot profile with its files; refused while machines have it."""
    state = request.app.state
    async with state.db.write() as session:
        row = await store.profile(session, key)
        had = await retire(session, row)
    _note(request, row.name, "deleted")
    await clear(state.db, Shelf(state.settings.data_dir), had)
