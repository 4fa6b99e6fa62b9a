"""Many boots in numbers: per day, per step, per machine, per cause. Pure."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

from ktizo.events.analytics.causes import words
from ktizo.events.analytics.facts import BootFacts, Mark
from ktizo.events.analytics.judge import Outcome, judge

MILLISECOND = timedelta(milliseconds=1)
MARKS = list(Mark)


@dataclass(frozen=True, slots=True)
class Day:
    """The boots that began on one day (UTC)."""

    day: date
    reached: int = 0
    failed: int = 0
    undecided: int = 0
    under_way: int = 0


@dataclass(frozen=True, slots=True)
class Boots:
    """Boots per day, every day of the time asked for, oldest first.

    `success_rate`: reached / (reached + failed), 0 to 1; None when nothing has ended. What each
    word means: docs/analytics.md.
    """

    days: list[Day]
    reached: int
    failed: int
    undecided: int
    under_way: int
    success_rate: float | None


@dataclass(frozen=True, slots=True)
class StepTimes:
    """How long one step takes: from `since` to `step`, in boots that reached both.

    Nearest rank: p95 is a time that was really measured.
    """

    step: Mark
    since: Mark
    boots: int
    p50_ms: int | None
    p95_ms: int | None


@dataclass(frozen=True, slots=True)
class SlowMachine:
    """A machine's boots that fetched a kernel and reached their goal, in milliseconds."""

    mac: str
    device_id: int | None
    boots: int
    median_ms: int
    longest_ms: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Failure:
    """One cause and what it did. `meaning` and `remedy` are for people."""

    cause: str
    meaning: str
    remedy: str
    boots: int
    machines: int
    last_at: datetime
    last_mac: str
    last_device_id: int | None


def first_day(now: datetime, days: int) -> date:
    """Return the first of `days` days (UTC) that end today."""
    return now.date() - timedelta(days=days - 1)


def since(boots: Iterable[BootFacts], now: datetime, days: int) -> list[BootFacts]:
    """Return the boots that began within these days."""
    first = first_day(now, days)
    return [boot for boot in boots if boot.started_at.date() >= first]


def per_day(
    boots: Iterable[BootFacts], now: datetime, days: int, silent: Collection[str] = ()
) -> Boots:
    """Count boots by the day they began and by what became of them."""
    first = first_day(now, days)
    counted = {first + timedelta(days=number): dict.fromkeys(Outcome, 0) for number in range(days)}
    for boot in boots:
        of_day = counted.get(boot.started_at.date())
        if of_day is not None:
            of_day[judge(boot, now, silent)[0]] += 1
    total = {outcome: sum(of_day[outcome] for of_day in counted.values()) for outcome in Outcome}
    ended = total[Outcome.REACHED] + total[Outcome.FAILED]
    return Boots(
        days=[Day(day, **of_day) for day, of_day in counted.items()],
        **total,
        success_rate=round(total[Outcome.REACHED] / ended, 4) if ended else None,
    )


def step_times(boots: Iterable[BootFacts]) -> list[StepTimes]:
    """Return the times of each step, in order, and last those of the whole way."""
    pairs = [*pairwise(MARKS), (MARKS[0], MARKS[-1])]
    took: dict[tuple[Mark, Mark], list[int]] = {pair: [] for pair in pairs}
    for boot in boots:
        for pair in pairs:
            begin, end = (boot.marks.get(mark) for mark in pair)
            # Lines of dnsmasq's log and our own answers may arrive out of order.
            if begin is not None and end is not None and end >= begin:
                took[pair].append((end - begin) // MILLISECOND)
    return [
        StepTimes(
            step=end,
            since=begin,
            boots=len(times),
            p50_ms=_rank(times, 50),
            p95_ms=_rank(times, 95),
        )
        for (begin, end), times in took.items()
    ]


def _rank(times: Sequence[int], percent: int) -> int | None:
    if not times:
        return None
    return sorted(times)[max(0, -(-len(times) * percent // 100) - 1)]


def slowest(
    boots: Iterable[BootFacts], now: datetime, limit: int, silent: Collection[str] = ()
) -> list[SlowMachine]:
    """Return the machines with the longest median from first sign of life to the last mark."""
    of_machine: dict[str, list[BootFacts]] = {}
    for boot in boots:
        if Mark.KERNEL in boot.marks and judge(boot, now, silent)[0] is Outcome.REACHED:
            of_machine.setdefault(boot.mac, []).append(boot)
    found = [_slow(mac, of_mac) for mac, of_mac in of_machine.items()]
    return sorted(found, key=lambda each: (-each.median_ms, each.mac))[:limit]


def _slow(mac: str, boots: Sequence[BootFacts]) -> SlowMachine:
    times = [(max(boot.marks.values()) - boot.started_at) // MILLISECOND for boot in boots]
    return SlowMachine(
        mac=mac,
        device_id=boots[-1].device_id,
        boots=len(boots),
        median_ms=_rank(times, 50) or 0,
        longest_ms=max(times),
        last_at=max(boot.started_at for boot in boots),
    )


def failures(
    boots: Iterable[BootFacts], now: datetime, silent: Collection[str] = ()
) -> list[Failure]:
    """Return the causes of failed boots, the most frequent first."""
    of_cause: dict[str, list[BootFacts]] = {}
    for boot in boots:
        outcome, cause = judge(boot, now, silent)
        if outcome is Outcome.FAILED:
            of_cause.setdefault(cause, []).append(boot)
    found = [_failure(cause, failed) for cause, failed in of_cause.items()]
    return sorted(found, key=lambda each: (-each.boots, each.cause))


def _failure(cause: str, boots: Sequence[BootFacts]) -> Failure:
    last = max(boots, key=lambda boot: boot.started_at)
    meaning, remedy = words(cause)
    return Failure(
        cause=cause,
        meaning=meaning,
        remedy=remedy,
        boots=len(boots),
        machines=len({boot.mac for boot in boots}),
        last_at=last.started_at,
        last_mac=last.mac,
        last_device_id=last.device_id,
    )
