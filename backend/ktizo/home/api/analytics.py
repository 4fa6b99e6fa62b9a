"""`/api/v1/analytics`: how boots went. What counts as what: docs/analytics.md."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query, Request

from ktizo.boot import store as boot
from ktizo.boot.profiles import KINDS
from ktizo.core.clock import utc_now
from ktizo.core.db import AsyncSession, ReadSession
from ktizo.devices import naming
from ktizo.devices.naming import Named
from ktizo.events.analytics import count
from ktizo.events.analytics.count import Boots, SlowMachine
from ktizo.events.analytics.facts import BootFacts
from ktizo.events.analytics.tally import Tally
from ktizo.home.schemas import FailureList, SlowList, SlowOne, StepList

router = APIRouter(prefix="/analytics", tags=["analytics"])

Days = Annotated[int, Query(ge=1, le=365, description="So many days (UTC), the last is today.")]
Limit = Annotated[int, Query(ge=1, le=100)]


async def _boots(request: Request, days: int) -> list[BootFacts]:
    state = request.app.state
    if not hasattr(state, "tally"):
        state.tally = Tally()
    await state.tally.look(state.db.read)
    return count.since(state.tally.boots(), utc_now(), days)


async def _silent(session: AsyncSession) -> set[str]:
    """Return the profiles that cannot say that they are done: they have no config to say it in."""
    rows = await boot.profiles(session)
    return {row.name for row in rows if not KINDS[boot.as_profile(row).type].config_files}


@router.get("/boots")
async def boots(request: Request, session: ReadSession, days: Days = 30) -> Boots:
    """Return boots per day and the success rate.

    A boot is one network boot of one network card, as its timeline shows it, counted on the day
    (UTC) it began. Reached: told to boot its own disk because it is installed, rejected or its
    profile says so; or given an installer and then said, itself or by an operator, to be installed;
    or given a system that installs nothing, and its kernel was fetched. Failed: a boot loop, a
    decision that keeps an approved machine from its goal, 30 minutes of silence after an installer
    was given out, or a new start before its end. Undecided machines and boots under way are
    neither. The success rate is reached / (reached + failed).
    """
    found = await _boots(request, days)
    return count.per_day(found, utc_now(), days, await _silent(session))


@router.get("/steps")
async def steps(request: Request, days: Days = 30) -> StepList:
    """Return median and 95th percentile of each step over all boots that made it.

    Steps: dhcp (offered a loader), loader (sent), script (asked what to do), kernel and initrd
    (asked for), config (fetched by the running kernel), done. A step's time is from the one before
    it; the last line is from the first to the last.
    """
    found = await _boots(request, days)
    return StepList(first_day=count.first_day(utc_now(), days), steps=count.step_times(found))


@router.get("/slowest")
async def slowest(
    request: Request, session: ReadSession, days: Days = 30, limit: Limit = 10
) -> SlowList:
    """Return the machines whose boots take longest, by median.

    Of boots that fetched a kernel and reached their goal: from the first sign of life to the last
    step of theirs that Ktizo saw.
    """
    found = await _boots(request, days)
    slow = count.slowest(found, utc_now(), limit, await _silent(session))
    ids = {one.device_id for one in slow if one.device_id is not None}
    known = await naming.by_ids(session, ids)
    return SlowList(
        first_day=count.first_day(utc_now(), days),
        machines=[_with_name(one, known.get(one.device_id or 0)) for one in slow],
    )


def _with_name(slow: SlowMachine, machine: Named | None) -> SlowOne:
    """Return `slow` with its name; a machine that was removed has its MAC and no page."""
    return SlowOne(
        **{**asdict(slow), "device_id": machine.id if machine else None},
        name=machine.name if machine else slow.mac,
    )


@router.get("/failures")
async def failures(request: Request, session: ReadSession, days: Days = 30) -> FailureList:
    """Return failed boots by cause, the most frequent first."""
    found = await _boots(request, days)
    return FailureList(
        first_day=count.first_day(utc_now(), days),
        failures=count.failures(found, utc_now(), await _silent(session)),
    )
