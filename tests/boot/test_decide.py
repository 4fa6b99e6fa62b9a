import itertools
from collections.abc import Iterator
from dataclasses import replace

import pytest

from ktizo.boot.decide import REASONS, Action, Facts, LookState, ProfileState, Rule, decide
from ktizo.core.settings import UnknownPolicy
from ktizo.devices.lifecycle import MAY_INSTALL, UNDECIDED, State

STATES: tuple[State | None, ...] = (None, *State)
YES_NO = (True, False)
LOOKS = [
    (LookState.NONE, 0),
    (LookState.READY, 4),
    (LookState.READY, 5),
    (LookState.BROKEN, 0),
]


def every_combination() -> Iterator[Facts]:
    """All facts there can be; counts only matter as below the limit or not."""
    return (
        Facts(
            state=state,
            same_identity=same,
            lease_live=lease,
            offers=offers,
            offers_limit=5,
            profile=profile,
            can_record=record,
            unknown_policy=policy,
            readable=readable,
            database=database,
            chose_to_wait=wait,
            shows_its_marks=marks,
            own_card=card,
            right_door=door,
            look=look,
            look_boots=boots,
        )
        for (
            state,
            same,
            lease,
            offers,
            profile,
            record,
            policy,
            readable,
            database,
            wait,
            marks,
            card,
            door,
            (look, boots),
        ) in itertools.product(
            STATES,
            YES_NO,
            YES_NO,
            (4, 5),
            ProfileState,
            YES_NO,
            UnknownPolicy,
            YES_NO,
            YES_NO,
            YES_NO,
            YES_NO,
            YES_NO,
            YES_NO,
            LOOKS,
        )
    )


def test_every_combination_of_facts_has_an_answer_and_a_reason():
    seen = {decide(facts).rule for facts in every_combination()}
    assert seen == set(Rule), "a rule that no facts lead to is dead"
    assert set(REASONS) == set(Rule)


def test_only_an_approved_machine_with_a_live_lease_is_ever_offered_an_installer():
    offered = [f for f in every_combination() if decide(f).action in {Action.BOOT, Action.MENU}]
    assert offered
    for facts in offered:
        assert facts.state in MAY_INSTALL
        assert facts.lease_live
        assert facts.same_identity
        assert facts.offers < facts.offers_limit
        assert facts.can_record
        assert facts.shows_its_marks
        assert facts.own_card
        assert facts.right_door
        assert facts.readable
        assert facts.database


def test_no_policy_for_unknown_machines_changes_what_is_an_installer():
    for facts in every_combination():
        if facts.state is None or facts.state not in MAY_INSTALL:
            assert decide(facts).action in {
                Action.LOCAL_DISK,
                Action.HOLD,
                Action.MENU_UNKNOWN,
                Action.INSPECT,
            }


def test_only_an_undecided_machine_somebody_asked_to_look_at_is_ever_inspected():
    looked_at = [f for f in every_combination() if decide(f).action is Action.INSPECT]
    assert {facts.state for facts in looked_at} == UNDECIDED
    for facts in looked_at:
        assert facts.look is LookState.READY
        assert facts.look_boots < facts.offers_limit
        assert facts.same_identity
        assert facts.can_record
        assert facts.shows_its_marks
        assert facts.own_card
        assert facts.right_door
        assert facts.readable
        assert facts.database
    assert {facts.unknown_policy for facts in looked_at} == set(UnknownPolicy)


def test_who_came_by_another_boot_path_than_its_own_boots_its_own_disk():
    for facts in every_combination():
        if not facts.right_door:
            assert decide(facts).action is Action.LOCAL_DISK


def test_asking_to_look_changes_nothing_for_a_machine_somebody_decided_about():
    for facts in every_combination():
        if facts.look is not LookState.NONE and facts.state not in UNDECIDED:
            assert decide(facts) == decide(replace(facts, look=LookState.NONE, look_boots=0))


@pytest.mark.parametrize(
    ("facts", "action", "rule"),
    [
        (Facts(state=None), Action.LOCAL_DISK, Rule.UNKNOWN),
        (Facts(state=None, unknown_policy=UnknownPolicy.HOLD), Action.HOLD, Rule.UNKNOWN),
        (Facts(state=None, unknown_policy=UnknownPolicy.MENU), Action.MENU_UNKNOWN, Rule.UNKNOWN),
        (
            Facts(state=None, unknown_policy=UnknownPolicy.MENU, chose_to_wait=True),
            Action.HOLD,
            Rule.UNKNOWN,
        ),
        (Facts(state=None, chose_to_wait=True), Action.LOCAL_DISK, Rule.UNKNOWN),
        (Facts(state=State.REJECTED, unknown_policy=UnknownPolicy.HOLD), Action.LOCAL_DISK,
         Rule.REJECTED),
        (Facts(state=State.CONFLICT, lease_live=True, profile=ProfileState.READY),
         Action.LOCAL_DISK, Rule.IDENTITY_CONTESTED),
        (Facts(state=State.APPROVED, lease_live=True, profile=ProfileState.READY), Action.BOOT,
         Rule.APPROVED),
        (Facts(state=State.INSTALLING, lease_live=True, profile=ProfileState.MENU), Action.MENU,
         Rule.MENU),
        (Facts(state=State.INSTALLED, lease_live=True, profile=ProfileState.READY),
         Action.LOCAL_DISK, Rule.ALREADY_INSTALLED),
        (Facts(state=State.APPROVED, lease_live=False, profile=ProfileState.READY),
         Action.LOCAL_DISK, Rule.NO_LEASE),
        (Facts(state=State.APPROVED, lease_live=True, profile=ProfileState.READY, offers=5),
         Action.LOCAL_DISK, Rule.BOOT_LOOP),
        (Facts(state=State.APPROVED, lease_live=True, profile=ProfileState.READY,
               can_record=False), Action.LOCAL_DISK, Rule.CANNOT_RECORD),
        (Facts(state=None, database=False, unknown_policy=UnknownPolicy.HOLD), Action.LOCAL_DISK,
         Rule.DATABASE_DOWN),
        (Facts(state=None, readable=False, unknown_policy=UnknownPolicy.MENU), Action.LOCAL_DISK,
         Rule.UNREADABLE),
        (Facts(state=State.PENDING, look=LookState.READY, unknown_policy=UnknownPolicy.HOLD),
         Action.INSPECT, Rule.INSPECTION),
        (Facts(state=State.PENDING, look=LookState.READY, unknown_policy=UnknownPolicy.MENU,
               chose_to_wait=True), Action.INSPECT, Rule.INSPECTION),
        (Facts(state=State.REGISTERED, look=LookState.READY), Action.INSPECT, Rule.INSPECTION),
        (Facts(state=State.LAPSED, look=LookState.READY), Action.INSPECT, Rule.INSPECTION),
        (Facts(state=State.PENDING, look=LookState.READY, look_boots=5,
               unknown_policy=UnknownPolicy.HOLD), Action.LOCAL_DISK, Rule.INSPECTION_USED_UP),
        (Facts(state=State.PENDING, look=LookState.BROKEN, unknown_policy=UnknownPolicy.HOLD),
         Action.LOCAL_DISK, Rule.INSPECTION_IMPOSSIBLE),
        (Facts(state=State.PENDING, look=LookState.READY, shows_its_marks=False,
               unknown_policy=UnknownPolicy.HOLD), Action.HOLD, Rule.IDENTITY_UNPROVEN),
        (Facts(state=State.PENDING, look=LookState.READY, own_card=False), Action.LOCAL_DISK,
         Rule.FOREIGN_CARD),
        (Facts(state=State.PENDING, look=LookState.READY, can_record=False,
               unknown_policy=UnknownPolicy.MENU), Action.MENU_UNKNOWN, Rule.CANNOT_RECORD),
        (Facts(state=State.CONFLICT, look=LookState.READY), Action.LOCAL_DISK,
         Rule.IDENTITY_CONTESTED),
        (Facts(state=State.PENDING, look=LookState.READY, same_identity=False),
         Action.LOCAL_DISK, Rule.IDENTITY_CONTESTED),
    ],
)  # fmt: skip
def test_the_first_rule_that_applies_decides(facts: Facts, action: Action, rule: Rule):
    decision = decide(facts)
    assert (decision.action, decision.rule) == (action, rule)
