import pytest
from hypothesis import given
from hypothesis import strategies as st

from ktizo.devices.lifecycle import (
    MAY_INSTALL,
    PROVED,
    UNDECIDED,
    Event,
    State,
    WrongState,
    after,
)

GRANTING = {Event.APPROVE, Event.REINSTALL}
ENDING = {
    *(Event.REJECT, Event.CONFLICT_FOUND, Event.LEASE_EXPIRED, Event.LOOP_FOUND),
    *(Event.PROVED_INSTALLED, Event.PROVED_RUNNING, Event.REMOVED),
}


def walk(events: list[Event]) -> list[tuple[Event, State]]:
    """Follow events from a machine's first sighting; what is refused changes nothing."""
    state, before, path = State.PENDING, None, []
    for event in events:
        try:
            following = after(state, event, before_conflict=before)
        except WrongState:
            continue
        if event is Event.CONFLICT_FOUND and state is not State.CONFLICT:
            before = state
        state = following
        path.append((event, state))
    return path


@given(st.lists(st.sampled_from(list(Event)), max_size=40))
def test_no_order_of_events_reaches_an_install_state_without_an_approval(events):
    granted = False
    for event, state in walk(events):
        if event in GRANTING:
            granted = True
        elif event in ENDING:
            granted = False
        if state in MAY_INSTALL:
            assert granted, f"{event} led to {state} without an approval"


@given(st.lists(st.sampled_from(list(Event)), max_size=40))
def test_a_contested_machine_is_never_installable_again_without_a_new_approval(events):
    path = walk([*events, Event.CONFLICT_FOUND, Event.RESOLVED_KEEP])
    assert not path or path[-1][1] not in MAY_INSTALL or path[-1][0] in GRANTING


@given(st.sampled_from(list(State)), st.sampled_from(list(Event)))
def test_every_event_either_moves_a_machine_or_says_why_not(state, event):
    try:
        assert after(state, event) in State
    except WrongState as error:
        assert error.code == "wrong_state"
        assert str(error).count(":") == 1, "the fact, then why"


def test_the_states_of_a_machine_have_one_meaning_each():
    assert not MAY_INSTALL & PROVED
    assert not MAY_INSTALL & UNDECIDED
    assert not PROVED & UNDECIDED


@pytest.mark.parametrize("state", State)
def test_every_state_can_be_rejected_and_a_rejection_leads_back_to_pending_only(state):
    assert after(state, Event.REJECT) is State.REJECTED
    assert after(State.REJECTED, Event.RESTORE) is State.PENDING
    with pytest.raises(WrongState, match="restore it first"):
        after(State.REJECTED, Event.APPROVE)


@pytest.mark.parametrize("state", sorted(PROVED))
def test_an_installed_machine_is_not_approved_again_but_reinstalled(state):
    with pytest.raises(WrongState, match="reinstall"):
        after(state, Event.APPROVE)
    assert after(state, Event.REINSTALL) is State.APPROVED
