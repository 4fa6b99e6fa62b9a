"""Giving a server back: a date, a reason from Robot's own list, and no reserved location.

Source: robot.hetzner.com/doc/webservice/en.html, POST /server/{n}/cancellation, read 2026-11-21.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from http import HTTPMethod
from typing import Any

from ktizo.core.clock import utc_now
from ktizo.providers.base import Server, Status
from ktizo.providers.errors import NotYet, Rejected
from ktizo.providers.fields import text
from ktizo.providers.hetzner import wire
from ktizo.providers.hetzner.robot import Robot


async def cancel(robot: Robot, server: Server, reason: str) -> Server:
    """Cancel once, for the earliest day there is; a server cancelled already is the same."""
    terms = await _terms(robot, server.id)
    if terms.get("cancelled") is not True:
        form = [
            ("cancellation_date", day_of(terms)),
            *[("cancellation_reason", one) for one in reason_of(terms, reason)],
            ("reserve_location", "false"),
        ]
        try:
            path = f"/server/{server.id}/cancellation"
            answer = await robot.order(HTTPMethod.POST, path, form=form)
            terms = wire.unwrapped(answer.json(), "cancellation")
        except NotYet:  # 409 CONFLICT: cancelled meanwhile, or being handed to another customer
            terms = await _terms(robot, server.id)
            if terms.get("cancelled") is not True:
                raise
    day = text(terms.get("cancellation_date"))
    return replace(
        server,
        status=Status.DELETING,
        raw_status=f"{server.raw_status}, cancelled",
        pending=f"Hetzner takes it back on {day}, and until then it costs" if day else "",
    )


async def _terms(robot: Robot, number: str) -> Mapping[str, Any]:
    answer = await robot.get(f"/server/{number}/cancellation")
    return wire.unwrapped(answer.json(), "cancellation")


def day_of(terms: Mapping[str, Any]) -> str:
    """Return "now", or the earliest day where the contract has one to come."""
    try:
        earliest = date.fromisoformat(text(terms.get("earliest_cancellation_date")))
    except ValueError:
        return "now"
    return earliest.isoformat() if earliest > utc_now().date() else "now"


def reason_of(terms: Mapping[str, Any], wanted: str) -> tuple[str, ...]:
    """Return the reason to give: the account's when the list has it, else the list's first."""
    offered = wire.texts(terms.get("cancellation_reason"))
    if wanted and offered and wanted not in offered:
        raise Rejected(
            "Robot does not take the account's reason for giving servers back; take one of: "
            + "; ".join(offered)
        )
    return (wanted,) if wanted and offered else offered[:1]
