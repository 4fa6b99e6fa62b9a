from typing import Annotated

from fastapi import APIRouter, Query

from ktizo.audit import store
from ktizo.audit.check import Verdict, check
from ktizo.audit.schemas import AuditPage, AuditQuery
from ktizo.core.db import ReadSession

router = APIRouter(prefix="/api/v1/audit", tags=["audit"])


@router.get("")
async def entries(session: ReadSession, query: Annotated[AuditQuery, Query()]) -> AuditPage:
    """Return who asked for what, newest first."""
    lines = await store.newest(session, query.matching(), before_id=query.before, limit=query.limit)
    more = len(lines) == query.limit and lines[-1].id > 1
    return AuditPage(entries=lines, next_before=lines[-1].id if more else None)


@router.get("/verify")
async def verify(session: ReadSession) -> Verdict:
    """Walk the chain from its first line and say whether it is whole."""
    return await check(session)
