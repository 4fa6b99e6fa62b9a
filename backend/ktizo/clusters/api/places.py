"""`/api/v1/clusters/devices/places`: which cluster machines belong to, many at a time."""

from typing import Annotated

from fastapi import APIRouter, Query

from ktizo.clusters import store
from ktizo.clusters.schemas import Place
from ktizo.core.db import ReadSession

router = APIRouter()

Ids = Annotated[list[Annotated[int, Query(ge=1, lt=2**31)]], Query(min_length=1, max_length=200)]


@router.get("/clusters/devices/places")
async def list_places(session: ReadSession, id: Ids) -> list[Place]:
    """Say which cluster these machines belong to, and as what; the others are left out."""
    return [Place(**row) for row in await store.places(session, id)]
