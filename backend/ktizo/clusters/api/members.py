"""`/api/v1/clusters/{cluster}/members`: the machines of a cluster."""

from typing import Annotated

from fastapi import APIRouter, Query, status

from ktizo.clusters import join, store
from ktizo.clusters.api import shown
from ktizo.clusters.api.desk import DeviceId, Key, Reading, Writing
from ktizo.clusters.schemas import MemberIn, MemberOut
from ktizo.clusters.store import NotAMember

router = APIRouter(prefix="/clusters")


@router.get("/{key}/members")
async def list_members(
    key: Key,
    desk: Reading,
    after: Annotated[int, Query(ge=0, description="Number of the last machine seen.")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> list[MemberOut]:
    """The machines of a cluster, by number."""
    row = await store.cluster(desk.session, key)
    found = await store.members(desk.session, row.id, after=after, limit=limit)
    return await shown.members(desk, found)


@router.get("/{key}/members/{device_id}")
async def show_member(key: Key, device_id: DeviceId, desk: Reading) -> MemberOut:
    """One machine of a cluster."""
    row = await store.cluster(desk.session, key)
    found = await store.member(desk.session, device_id)
    if found.cluster_id != row.id:
        raise NotAMember(f"machine {device_id} does not belong to {row.name}")
    return await shown.member(desk, found)


@router.put("/{key}/members/{device_id}")
async def put_member(key: Key, device_id: DeviceId, body: MemberIn, desk: Writing) -> MemberOut:
    """Take a machine into a cluster, or change its place there."""
    cluster = await store.cluster(desk.session, key)
    return await shown.member(desk, await join.join(desk, cluster, device_id, body))


@router.delete("/{key}/members/{device_id}", status_code=status.HTTP_204_NO_CONTENT)
async def remove_member(key: Key, device_id: DeviceId, desk: Writing) -> None:
    """Take a machine out of a cluster, with its own patches and volumes."""
    await join.leave(desk, await store.cluster(desk.session, key), device_id)
