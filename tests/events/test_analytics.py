"""Counting boots: what counts as reached, and that looking again costs only what is new."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ktizo.boot.decide import Rule
from ktizo.core.db import Database
from ktizo.events import store
from ktizo.events.analytics import count
from ktizo.events.analytics.causes import CAUSES
from ktizo.events.analytics.facts import BootFacts, Mark
from ktizo.events.analytics.judge import NOBODY_DECIDED, ON_PURPOSE, Outcome, judge
from ktizo.events.analytics.tally import Tally
from ktizo.events.kinds import Event, EventKind

pytestmark = pytest.mark.anyio

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
LATER = NOON + timedelta(hours=2)
MAC = "52:54:00:aa:bb:cc"
K = EventKind
WAY = [K.DHCP_OFFER, K.TFTP_SENT, K.SCRIPT_ASKED, K.DECIDED, K.KERNEL_SENT, K.INITRD_SENT]
INSTALL = {"action": "boot", "rule": "approved", "profile": "debian"}


def told(action: str, rule: str) -> dict[str, Any]:
    return {"action": action, "rule": rule}


def story(
    *kinds: EventKind,
    decided: dict[str, Any] = INSTALL,
    mac: str = MAC,
    start: datetime = NOON,
    gap_s: float = 1,
) -> list[Event]:
    """One event every `gap_s`."""
    return [
        Event(
            id=0,
            at=start + timedelta(seconds=number * gap_s),
            kind=kind,
            mac=mac,
            device_id=7,
            data=decided if kind is K.DECIDED else {},
        )
        for number, kind in enumerate(kinds)
    ]


def numbered(*stories: list[Event]) -> list[Event]:
    every = [event for one in stories for event in one]
    return [
        Event(n, e.at, e.kind, e.mac, e.device_id, e.address, e.data, e.count)
        for n, e in enumerate(every, 1)
    ]


def tallied(*stories: list[Event]) -> list[BootFacts]:
    tally = Tally()
    tally.add(numbered(*stories))
    return sorted(tally.boots(), key=lambda boot: boot.first_id)


def verdicts(*stories: list[Event], now: datetime = LATER) -> list[tuple[Outcome, str]]:
    return [judge(boot, now, {"rescue"}) for boot in tallied(*stories)]


REACHED, UNDECIDED = (Outcome.REACHED, ""), (Outcome.UNDECIDED, "")


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        (story(*WAY, K.CONFIG_SENT, K.DONE), REACHED),
        (story(*WAY, K.CONFIG_SENT), (Outcome.FAILED, "stopped_after_config")),
        (story(*WAY), (Outcome.FAILED, "stopped_after_initrd")),
        (story(*WAY[:4]), (Outcome.FAILED, "stopped_after_script")),
        (story(*WAY[:2]), (Outcome.FAILED, "loader_silent")),
        (story(*WAY[:1]), (Outcome.FAILED, "loader_not_fetched")),
        (story(K.DHCP_SEEN), (Outcome.FAILED, "no_loader_offered")),
        (story(K.DHCP_SEEN, K.TFTP_MISSING), (Outcome.FAILED, "loader_missing")),
        (story(*WAY[:4], decided=told("local_disk", "already_installed")), REACHED),
        (story(*WAY[:4], decided=told("local_disk", "not_approved")), UNDECIDED),
        (story(*WAY[:4], decided=told("hold", "unknown")), UNDECIDED),
        (story(*WAY[:4], decided=told("menu", "menu")), UNDECIDED),
        (story(*WAY[:4], decided=told("local_disk", "no_lease")), (Outcome.FAILED, "no_lease")),
        (story(*WAY[:4], decided=told("local_disk", "boot_loop")), (Outcome.FAILED, "boot_loop")),
        (story(*WAY, decided=INSTALL | {"profile": "rescue"}), REACHED),
        (story(K.KERNEL_SENT, K.CONFIG_SENT), UNDECIDED),
    ],
)
def test_a_boot_is_judged_by_how_it_ended(events, expected):
    assert verdicts(events) == [expected]


def test_an_installer_has_half_an_hour_before_it_has_failed():
    events = story(*WAY, K.CONFIG_SENT)
    last = events[-1].at
    assert verdicts(events, now=last + timedelta(minutes=29)) == [(Outcome.UNDER_WAY, "")]
    assert verdicts(events, now=last + timedelta(minutes=30))[0][0] is Outcome.FAILED


def test_an_installer_that_starts_over_has_failed_at_once():
    first, again = story(*WAY), story(*WAY, start=NOON + timedelta(minutes=5))
    assert verdicts(first, again, now=again[-1].at) == [
        (Outcome.FAILED, "stopped_after_initrd"),
        (Outcome.UNDER_WAY, ""),
    ]


def test_a_boot_loop_is_the_failure_of_the_boot_it_ended():
    loop = Event(0, NOON + timedelta(seconds=9), K.BOOT_LOOP, None, 7)
    assert verdicts([*story(*WAY), loop]) == [(Outcome.FAILED, "boot_loop")]


def test_an_operator_who_looked_counts_as_proof_also_after_the_next_boot():
    spent = Event(0, NOON + timedelta(hours=1), K.LEASE_SPENT, None, 7)
    home = story(
        *WAY[:4], decided=told("local_disk", "already_installed"), start=NOON + timedelta(hours=2)
    )
    talos = story(*WAY, K.CONFIG_SENT)
    assert verdicts(talos, [spent], home, now=LATER + timedelta(hours=1)) == [REACHED, REACHED]


def test_every_rule_of_the_boot_path_is_judged_or_explained():
    waits = {"menu", "approved"}
    assert {rule.value for rule in Rule} == set(CAUSES) & {r.value for r in Rule} | (
        ON_PURPOSE | NOBODY_DECIDED | waits
    )


def test_the_rate_leaves_out_who_waits_and_who_is_under_way():
    boots = tallied(
        story(*WAY, K.DONE),
        story(*WAY, mac="52:54:00:00:00:02"),
        story(*WAY[:4], decided=told("hold", "unknown"), mac="52:54:00:00:00:03"),
        story(*WAY[:4], mac="52:54:00:00:00:04", start=LATER),
        story(*WAY, K.DONE, mac="52:54:00:00:00:05", start=NOON - timedelta(days=40)),
    )
    found = count.per_day(boots, LATER + timedelta(minutes=1), 30)
    assert (found.reached, found.failed, found.undecided, found.under_way) == (1, 1, 1, 1)
    assert found.success_rate == 0.5
    assert len(found.days) == 30
    assert found.days[-1].day == NOON.date()
    assert found.days[-1].reached == 1


def test_no_boots_have_no_rate():
    assert count.per_day([], NOON, 7).success_rate is None


def test_steps_are_measured_between_marks_that_a_boot_has():
    boots = tallied(
        *(
            story(*WAY, K.CONFIG_SENT, K.DONE, mac=f"52:54:00:00:00:{n:02}", gap_s=n)
            for n in range(1, 11)
        )
    )
    times = {(one.since, one.step): one for one in count.step_times(boots)}
    assert times[(Mark.DHCP, Mark.LOADER)].p50_ms == 5_000
    assert times[(Mark.DHCP, Mark.LOADER)].p95_ms == 10_000
    assert times[(Mark.SCRIPT, Mark.KERNEL)].p50_ms == 10_000  # the decision lies between
    assert times[(Mark.DHCP, Mark.DONE)].boots == 10
    assert count.step_times([])[0].p50_ms is None


def test_the_slowest_are_sorted_by_their_median():
    boots = tallied(
        story(*WAY, K.DONE, gap_s=2),
        story(*WAY, K.DONE, mac="52:54:00:00:00:02", gap_s=9),
        story(*WAY, mac="52:54:00:00:00:03", gap_s=90),
    )
    found = count.slowest(boots, LATER, 10)
    assert [(one.mac, one.median_ms) for one in found] == [
        ("52:54:00:00:00:02", 54_000),
        (MAC, 12_000),
    ]
    assert len(count.slowest(boots, LATER, 1)) == 1


def test_failures_are_counted_by_cause_with_a_way_out():
    boots = tallied(
        story(*WAY),
        story(*WAY, start=NOON + timedelta(minutes=40)),
        story(*WAY[:1], mac="52:54:00:00:00:02"),
    )
    first, second = count.failures(boots, LATER)
    assert (first.cause, first.boots, first.machines) == ("stopped_after_initrd", 2, 1)
    assert first.last_at == NOON + timedelta(minutes=40)
    assert second.cause == "loader_not_fetched"
    assert second.remedy


def test_a_machine_that_waits_for_hours_stays_small():
    tally = Tally()
    wait = story(K.SCRIPT_ASKED, *[K.DECIDED] * 5000, decided=told("hold", "unknown"), gap_s=2)
    tally.add(numbered(wait))
    (machine,) = tally._machines.values()
    assert len(machine.tail) == 3
    assert machine.current is not None
    assert machine.current.last_at == wait[-1].at


async def stored(db: Database, *stories: list[Event]) -> None:
    async with db.write() as session:
        await store.insert(session, [event for one in stories for event in one])


async def test_a_look_in_small_bites_finds_what_one_look_finds(db: Database):
    stories = [
        story(*WAY, K.CONFIG_SENT, K.DONE, mac=f"52:54:00:00:00:{n:02}", gap_s=n)
        for n in range(1, 20)
    ]
    await stored(db, *stories)
    bites, whole = Tally(bite=3), Tally()
    await bites.look(db.read)
    await whole.look(db.read)
    key = lambda boot: boot.mac  # noqa: E731
    assert sorted(bites.boots(), key=key) == sorted(whole.boots(), key=key)
    assert len(list(whole.boots())) == 19


async def test_a_second_look_goes_on_with_a_boot_that_was_under_way(db: Database):
    tally = Tally()
    whole = story(*WAY, K.CONFIG_SENT, K.DONE)
    await stored(db, whole[:5])
    await tally.look(db.read)
    assert [judge(b, NOON)[0] for b in tally.boots()] == [Outcome.UNDER_WAY]
    await stored(db, whole[5:])
    await tally.look(db.read)
    (boot,) = tally.boots()
    assert boot.done
    assert boot.rule == "approved"


async def test_boots_whose_events_are_pruned_are_forgotten(db: Database):
    tally = Tally()
    await stored(db, *(story(*WAY, K.DONE, start=NOON + timedelta(hours=n)) for n in range(4)))
    await tally.look(db.read)
    assert len(list(tally.boots())) == 4
    async with db.write() as session:
        await store.prune(session, 15)
    await tally.look(db.read)
    assert len(list(tally.boots())) == 2


async def test_only_the_newest_events_are_looked_at(db: Database):
    tally = Tally(looked_at=7)
    await stored(db, story(*WAY, K.DONE), story(*WAY, K.DONE, start=LATER))
    await tally.look(db.read)
    assert [boot.started_at for boot in tally.boots()] == [LATER]


async def test_fifty_thousand_events_are_counted_once_and_then_for_nothing(db: Database):
    macs = [f"52:54:00:00:{n // 256:02x}:{n % 256:02x}" for n in range(500)]
    rounds = [
        story(*WAY, K.CONFIG_SENT, K.DONE, mac=mac, start=NOON + timedelta(hours=hour))
        for hour in range(13)
        for mac in macs
    ]
    events = [event for one in rounds for event in one]
    assert len(events) >= 50_000
    async with db.write() as session:
        for start in range(0, len(events), 5_000):
            await store.insert(session, events[start : start + 5_000])
    tally = Tally()
    began = time.process_time()
    await tally.look(db.read)
    first_s = time.process_time() - began
    began = time.process_time()
    await tally.look(db.read)
    again_s = time.process_time() - began
    boots = count.since(tally.boots(), LATER, 30)
    assert len(boots) == 6_500
    assert again_s < first_s / 10
