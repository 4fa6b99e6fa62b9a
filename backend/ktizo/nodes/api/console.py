"""A machine's live console, for who watches it."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request

from ktizo.devices import store as devices
from ktizo.nodes.live import Live
from ktizo.nodes.schemas import Console, ConsoleLine

router = APIRouter(prefix="/api/v1/nodes", tags=["nodes"])


@router.get("/{device_id}/console")
async def console(
    request: Request,
    device_id: Annotated[int, Path(ge=1, lt=2**31)],
    after: Annotated[int, Query(ge=-1, lt=2**53, description="-1: the last 200 lines.")] = -1,
    wait_s: Annotated[
        float, Query(ge=0, le=25, description="How long to wait for a line, in seconds.")
    ] = 0,
) -> Console:
    """Return what a machine said after line `after`: kernel log and events.

    Nobody vouches for it: whoever can take the machine's address can say this. Ktizo keeps the
    lines in memory only, and begins anew with number 1 when it was restarted.
    """
    state = request.app.state
    # Not the request's own session: nobody may keep one while he waits.
    async with state.db.read() as session:
        await devices.get(session, device_id)
    live: Live = state.live
    if wait_s:
        await live.consoles.wait(device_id, after, wait_s)
    found = live.consoles.after(device_id, after)
    lines = [ConsoleLine(**asdict(line)) for line in found.lines]
    return Console(lines=lines, next=found.next, lost=found.lost)
