from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ktizo.events.kinds import Event, EventKind
from ktizo.events.timeline import Boot, boots

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def story(*moments: tuple[float, str]) -> list[Event]:
    """Events from (seconds after noon, kind) or (seconds, "decided:action")."""
    events = []
    for id_, (seconds, what) in enumerate(moments, start=1):
        kind, _, action = what.partition(":")
        data = {"action": action} if action else {}
        events.append(Event(id_, NOON + timedelta(seconds=seconds), EventKind(kind), data=data))
    return events


def told(found: list[Boot]) -> list[list[str]]:
    return [[step.kind for step in boot.steps] for boot in found]


INSTALLED = [
    (0.0, "dhcp_seen"),
    (0.05, "dhcp_offer"),
    (0.3, "tftp_sent"),
    (2.3, "dhcp_seen"),
    (2.31, "dhcp_offer"),
    (2.5, "script_asked"),
    (2.504, "decided:boot"),
    (3.0, "kernel_sent"),
    (4.5, "initrd_sent"),
    (30.0, "dhcp_seen"),
    (30.1, "dhcp_offer"),
    (35.0, "config_sent"),
    (600.0, "done"),
    (600.0, "lease_spent"),
]


def test_one_boot_from_power_on_to_done_is_one_story_with_times() -> None:
    (boot,) = boots(story(*INSTALLED))
    assert boot.started_at == NOON
    assert boot.ended_at == NOON + timedelta(seconds=600)
    assert (boot.duration_ms, boot.network_boot, boot.done) == (600_000, True, True)
    assert [(step.kind, step.since_previous_ms) for step in boot.steps] == [
        ("dhcp_seen", None),
        ("dhcp_offer", 50),
        ("tftp_sent", 250),
        ("dhcp_seen", 2000),
        ("dhcp_offer", 10),
        ("script_asked", 190),
        ("decided", 4),
        ("kernel_sent", 496),
        ("initrd_sent", 1500),
        ("dhcp_seen", 25_500),
        ("dhcp_offer", 100),
        ("config_sent", 4900),
        ("done", 565_000),
        ("lease_spent", 0),
    ]


def test_a_step_keeps_what_the_event_said() -> None:
    event = Event(9, NOON, "kernel_sent", "m", 3, "10.0.0.9", {"file": "linux"}, 2)
    step = boots([event])[0].steps[0]
    assert (step.id, step.at, step.kind, step.address) == (9, NOON, "kernel_sent", "10.0.0.9")
    assert (step.data, step.count) == ({"file": "linux"}, 2)


def test_after_done_the_next_dhcp_is_a_new_boot_however_soon() -> None:
    found = boots(story((0, "script_asked"), (1, "kernel_sent"), (9, "done"), (10, "dhcp_seen")))
    assert told(found) == [["script_asked", "kernel_sent", "done"], ["dhcp_seen"]]
    assert [boot.done for boot in found] == [True, False]


def test_after_being_sent_to_its_disk_the_next_script_is_a_new_boot() -> None:
    found = boots(
        story(
            (0, "script_asked"),
            (1, "decided:local_disk"),
            (20, "script_asked"),
            (21, "decided:local_disk"),
        )
    )
    assert told(found) == [["script_asked", "decided"]] * 2


def test_a_machine_that_is_held_asks_again_and_again_in_one_boot() -> None:
    found = boots(
        story(
            (0, "dhcp_seen"),
            (1, "script_asked"),
            (1, "decided:hold"),
            (6, "script_asked"),
            (6, "decided:hold"),
            (8, "approved"),
            (8, "lease_granted"),
            (11, "script_asked"),
            (11, "decided:boot"),
            (12, "kernel_sent"),
        )
    )
    assert len(found) == 1
    assert len(found[0].steps) == 10


def test_a_pause_begins_a_new_boot() -> None:
    found = boots(story((0, "dhcp_seen"), (120, "dhcp_seen"), (241, "dhcp_seen")))
    assert told(found) == [["dhcp_seen", "dhcp_seen"], ["dhcp_seen"]]


def test_a_long_silence_of_an_installer_is_no_new_boot() -> None:
    found = boots(story((0, "script_asked"), (1, "kernel_sent"), (900, "config_sent")))
    assert len(found) == 1


def test_a_reset_while_held_is_a_new_boot() -> None:
    found = boots(
        story((0, "script_asked"), (1, "decided:hold"), (20, "dhcp_seen"), (22, "script_asked"))
    )
    assert told(found) == [["script_asked", "decided"], ["dhcp_seen", "script_asked"]]


def test_a_reset_under_a_kernel_takes_its_dhcp_and_loader_along() -> None:
    found = boots(
        story(
            (0, "script_asked"),
            (1, "kernel_sent"),
            (20, "dhcp_seen"),
            (20, "dhcp_offer"),
            (21, "tftp_sent"),
            (23, "script_asked"),
        )
    )
    assert told(found) == [
        ["script_asked", "kernel_sent"],
        ["dhcp_seen", "dhcp_offer", "tftp_sent", "script_asked"],
    ]
    assert found[1].steps[0].since_previous_ms is None


def test_what_people_did_while_the_machine_was_off_stands_apart() -> None:
    found = boots(
        story(
            (0, "registered"),
            (5, "approved"),
            (100, "dhcp_seen"),
            (101, "script_asked"),
            (101, "decided:local_disk"),
            (4000, "rejected"),
            (4010, "restored"),
            (4020, "dhcp_seen"),
        )
    )
    assert told(found) == [
        ["registered", "approved"],
        ["dhcp_seen", "script_asked", "decided"],
        ["rejected", "restored"],
        ["dhcp_seen"],
    ]
    assert [boot.network_boot for boot in found] == [False, True, False, True]


def test_a_machine_without_events_has_no_boots() -> None:
    assert boots([]) == []


def test_order_is_by_time_then_by_id() -> None:
    events = story((5, "decided:boot"), (0, "dhcp_seen"), (5, "kernel_sent"))
    assert told(boots(reversed(events))) == [["dhcp_seen", "decided", "kernel_sent"]]


@given(
    st.lists(
        st.tuples(
            st.integers(0, 1000),
            st.sampled_from([*EventKind, "decided:local_disk", "decided:boot"]),
        )
    )
)
def test_every_event_is_in_exactly_one_boot_and_time_never_runs_back(
    moments: list[tuple[int, str]],
) -> None:
    events = story(*moments)
    found = boots(events)
    steps = [step for boot in found for step in boot.steps]
    assert sorted(step.id for step in steps) == [event.id for event in events]
    assert all(boot.steps and boot.steps[0].since_previous_ms is None for boot in found)
    assert all(before.at <= after.at for before, after in pairwise(steps))
    assert all((step.since_previous_ms or 0) >= 0 for step in steps)


def test_what_talos_says_on_its_way_belongs_to_its_boot_and_what_it_says_later_does_not() -> None:
    installing = (300.0, "node_stage"), (301.0, "node_step"), (550.0, "handed_over")
    (boot,) = boots(story(*sorted([*INSTALLED[:-2], *installing])))
    assert "node_stage" in [step.kind for step in boot.steps]
    later = boots(story(*INSTALLED, (90_000.0, "node_state")))
    assert [one.network_boot for one in later] == [True, False]
