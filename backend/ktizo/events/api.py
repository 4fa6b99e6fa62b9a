import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import StreamingResponse

from ktizo.core.db import ReadSession
from ktizo.core.mac import Mac
from ktizo.events import store
from ktizo.events.kinds import EventKind, Wanted
from ktizo.events.schemas import EventPage
from ktizo.events.stream import Broker

router = APIRouter(prefix="/api/v1/events", tags=["events"])

ASK_AGAIN_S = 15.0  # whether who listens may still; a frame, or a ping, comes about as often
Admitted = Callable[[], Awaitable[bool]]

HEADERS = {
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # nginx would otherwise hold the stream back
}
STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Server-sent events. `events`: a JSON array of events, oldest first; its "
        "id is where to resume. `reset`: some were missed, fetch /recent again. `ping`: nothing "
        "new for 15 s, and the stream is alive.",
        "content": {"text/event-stream": {}},
    },
    503: {"description": "Too many listeners, or shutting down."},
}


def broker_of(request: Request) -> Broker:
    """Return the process's one broker."""
    broker: Broker = request.app.state.broker
    return broker


def wanted_of(
    kind: Annotated[list[EventKind], Query(description="Only these kinds.")] = [],  # noqa: B006
    mac: Annotated[Mac | None, Query(description="Only this machine.")] = None,
) -> Wanted:
    """Return the filter named in the query."""
    return Wanted(frozenset(kind), mac)


Id = Annotated[int, Query(ge=0, lt=2**63)]
WantedByQuery = Annotated[Wanted, Depends(wanted_of)]


# No session as a dependency: it would hold a connection of the pool for as long as the stream.
@router.get("", response_class=StreamingResponse, responses=STREAM)
async def stream(
    broker: Annotated[Broker, Depends(broker_of)],
    wanted: WantedByQuery,
    request: Request,
    last_event_id: Annotated[
        Id | None, Query(description="Resume after this event; default: only what comes now.")
    ] = None,
    resume: Annotated[int | None, Header(alias="Last-Event-ID", ge=0, lt=2**63)] = None,
) -> StreamingResponse:
    """Send events as they happen."""
    # A browser that reconnects repeats the old query, and adds the header: that one is newer.
    listener = broker.listen(last_event_id if resume is None else resume, wanted)
    frames = while_admitted(listener.frames(), getattr(request.state, "admitted", None))
    return StreamingResponse(frames, media_type="text/event-stream", headers=HEADERS)


async def while_admitted(
    frames: AsyncIterator[bytes], admitted: Admitted | None
) -> AsyncIterator[bytes]:
    """Give `frames` until who listens is signed out: a stream lasts longer than a session may."""
    asked = time.monotonic()
    async with contextlib.aclosing(frames):  # type: ignore[type-var]
        async for frame in frames:
            if admitted is not None and time.monotonic() - asked >= ASK_AGAIN_S:
                asked = time.monotonic()
                if not await admitted():
                    return
            yield frame


@router.get("/recent")
async def recent(
    session: ReadSession,
    wanted: WantedByQuery,
    after: Annotated[
        Id | None, Query(description="The first events after this id; default: the last ones.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> EventPage:
    """Return events as one answer."""
    _, newest = await store.span(session)
    if after is None:
        events = await store.latest(session, newest, wanted, limit)
    else:
        events = await store.between(session, after, newest, wanted, limit)
    return EventPage(events=events, newest_id=newest)
