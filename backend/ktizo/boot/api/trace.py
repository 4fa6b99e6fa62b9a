"""Who changed what machines boot: a line of the audit for every change made here."""

from typing import Any

from fastapi import Request

from ktizo.accounts.api import address_of
from ktizo.audit.record import Entry, record
from ktizo.core.clock import utc_now


def trace(request: Request, action: str, subject: str, **data: Any) -> None:
    """Note a change that was made; through the batching writer, for uploads hold no transaction."""
    actor = getattr(request.state, "actor", None)
    entry = Entry(
        at=utc_now(),
        actor=actor.name if actor else "anonymous",
        address=address_of(request),
        action=f"boot.{action}",
        subject=subject,
        outcome="ok",
        data=data,
    )
    record(request.app.state.writer, entry)
