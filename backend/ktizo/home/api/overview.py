from typing import Any

from fastapi import APIRouter, Request

from ktizo.clusters import store as clusters
from ktizo.core.db import AsyncSession, ReadSession
from ktizo.devices import store as devices
from ktizo.devices.lifecycle import State
from ktizo.home.overview import drifted, in_state
from ktizo.home.schemas import Coming, History, Lan, Mirror, Overview
from ktizo.images import store as images
from ktizo.network import store as network

router = APIRouter(tags=["home"])


@router.get("/overview")
async def overview(request: Request, session: ReadSession) -> Overview:
    """Return what needs a person now, and how the appliance is."""
    state = request.app.state
    writer = state.writer
    return Overview(
        by_state=await devices.counts(session),
        pending=await in_state(session, State.PENDING),
        boot_loops=await in_state(session, State.BOOT_LOOP),
        contested=await in_state(session, State.CONFLICT),
        lapsed=await in_state(session, State.LAPSED),
        drifted=await drifted(session, state.regenerator.checksums),
        lan=await _lan(session, state),
        history=History(
            healthy=writer.healthy,
            waiting=writer.backlog,
            dropped=writer.dropped,
            last_error=writer.last_error,
        ),
        mirror=await _mirror(session, state),
        clusters=len(await clusters.clusters(session)),
    )


async def _lan(session: AsyncSession, state: Any) -> Lan:
    decided, now = await network.get(session), state.lan.status
    return Lan(
        set_up=decided is not None,
        enabled=decided is not None and decided.enabled,
        running=now.running,
        restarts=now.restarts,
        last_error=now.last_error,
    )


async def _mirror(session: AsyncSession, state: Any) -> Mirror:
    reached = state.images.mirror.reached
    stored = 0
    coming: list[Coming] = []
    failed: list[Coming] = []
    for row in await images.files(session):
        if row.sha256 is not None:
            stored += 1
            continue
        now = reached.get(row.id)
        file = Coming(
            id=row.id,
            schematic=row.schematic,
            version=row.version,
            name=row.name,
            size=now.size if now else None,
            total=now.total if now else None,
            problem=row.problem,
        )
        (failed if row.given_up else coming).append(file)
    return Mirror(stored=stored, coming=coming, failed=failed)
