"""Walking the whole chain."""

from pydantic import BaseModel, Field

from ktizo.audit import chain, store
from ktizo.audit.chain import Head
from ktizo.core.db import ReadSession

PAGE = 1_000  # lines hashed (about 10 ms) before others get their turn


class Verdict(BaseModel):
    """What the walk found. Keep `count` and `head` outside of the appliance to prove more."""

    ok: bool
    count: int = Field(description="Lines there should be.")
    head: str = Field(description="Hash of the last line there should be.")
    broken_id: int | None = Field(description="The first line that was changed or is missing.")


async def check(session: ReadSession) -> Verdict:
    """Verify every line, and that the last one is where the head says.

    Lines added while we walk are not looked at; so the order of the two questions matters.
    """
    last_id = await store.newest_id(session)
    end = await store.read_head(session)
    broken = end.count + 1 if last_id > end.count else await _walk(session, end)
    return Verdict(ok=broken is None, count=end.count, head=end.hash, broken_id=broken)


async def _walk(session: ReadSession, end: Head) -> int | None:
    walked = Head()
    while walked.count < end.count:
        lines = await store.page_after(session, walked.count, min(PAGE, end.count - walked.count))
        broken = chain.verify(lines, walked) if lines else walked.count + 1
        if broken is not None:
            return broken
        walked = chain.after(lines[-1])
    return None if walked.hash == end.hash else end.count
