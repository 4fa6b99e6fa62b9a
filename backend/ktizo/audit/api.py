from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse

from ktizo.audit import store
from ktizo.audit.check import Verdict, check
from ktizo.audit.export import MEDIA, export
from ktizo.audit.record import Entry, record
from ktizo.audit.schemas import AuditPage, AuditQuery, ExportQuery
from ktizo.core.clock import utc_now
from ktizo.core.db import ReadSession

router = APIRouter(prefix="/api/v1/audit", tags=["audit"])


@router.get("")
async def entries(session: ReadSession, query: Annotated[AuditQuery, Query()]) -> AuditPage:
    """Return who asked for what, newest first."""
    lines = await store.newest(session, query.matching(), before_id=query.before, limit=query.limit)
    more = len(lines) == query.limit and lines[-1].id > 1
    return AuditPage(entries=lines, next_before=lines[-1].id if more else None)


FILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/csv": {}, "application/json": {"schema": {"type": "array"}}}}
}


# No session as a dependency: it would be closed before the first line is sent.
@router.get("/export", response_class=StreamingResponse, responses=FILE)
async def export_entries(
    request: Request, query: Annotated[ExportQuery, Query()]
) -> StreamingResponse:
    """Return the lines that match as one file, newest first; for operators (accounts/actor.py)."""
    state, matching, format_ = request.app.state, query.matching(), query.format
    actor = getattr(request.state, "actor", None)
    entry = Entry(
        at=utc_now(),
        actor=actor.name if actor else "anonymous",
        action="audit.export",
        subject="audit",
        outcome="ok",
        data={"format": format_, "filter": matching},
    )
    record(state.writer, entry)
    headers = {
        "Content-Disposition": f'attachment; filename="ktizo-audit.{format_}"',
        "Cache-Control": "no-store",
    }
    lines = export(state.db, matching, format_)
    return StreamingResponse(lines, media_type=MEDIA[format_], headers=headers)


@router.get("/verify")
async def verify(session: ReadSession) -> Verdict:
    """Walk the chain from its first line and say whether it is whole."""
    return await check(session)
