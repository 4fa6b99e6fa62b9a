"""What a provider's words make of a server's story: whatever it says, in whatever order."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ktizo.providers.base import Price, Server, Status
from ktizo.providers.stages import ENDED, OPEN, Stage
from ktizo.providers.store import Rented
from ktizo.provisioning.told import LONGEST, MOST, price_json, tell

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
STATUSES = st.sampled_from(list(Status))
STORIES = st.lists(STATUSES, max_size=12)
STAGES = st.sampled_from(list(Stage))
SEARCHED = {Stage.WANTED, Stage.UNSURE}
AMOUNTS = st.decimals(0, 10**9, allow_nan=False, allow_infinity=False, places=6)


def row(stage: Stage, **more: Any) -> Rented:
    fields: dict[str, Any] = {
        "stage": stage,
        "status": Status.ORDERED,
        "raw_status": "",
        "region": "FRA",
        "plan": "small",
        "addresses": [],
        "macs": [],
        "pending": "",
        "updated_at": NOON,
    }
    return Rented(**fields | more)


def said(status: Status, **more: Any) -> Server:
    return Server(id="sv_1", name="web-1", status=status, raw_status=str(status), **more)


def after(server: Rented, story: list[Status]) -> list[Stage]:
    """Tell a whole story; return the stage after each word."""
    stages = []
    for status in story:
        tell(server, said(status), NOON)
        stages.append(Stage(server.stage))
    return stages


@given(STORIES)
def test_what_is_gone_stays_gone(story: list[Status]):
    assert set(after(row(Stage.GONE), story)) <= {Stage.GONE}


@given(STAGES, STORIES, STORIES)
def test_nothing_comes_back_from_being_given_back(
    stage: Stage, before: list[Status], later: list[Status]
):
    server = row(stage)
    after(server, [*before, Status.DELETING])
    assert set(after(server, later)) <= {Stage.ENDING, Stage.GONE}
    assert Stage(server.stage) not in OPEN


@given(STAGES, STORIES)
def test_when_a_server_ended_is_written_once(stage: Stage, story: list[Status]):
    server = row(stage)
    after(server, [*story, Status.GONE])
    tell(server, said(Status.GONE), NOON.replace(hour=13))
    assert (server.stage, server.ended_at) == (Stage.GONE, NOON)


@given(STAGES, STATUSES, STORIES)
def test_a_status_from_before_a_reinstall_counts_only_once_another_was_seen(
    stage: Stage, left: Status, story: list[Status]
):
    server = row(Stage.ORDERED, left_status=left)
    stale = [left] * len(story)
    if left not in {Status.GONE, Status.DELETING}:  # that is never stale
        assert set(after(server, stale)) <= {Stage.ORDERED}
        assert server.left_status == left
    fresh = row(Stage.ORDERED)
    after(server, [Status.PROVISIONING, *story])
    after(fresh, [*stale, Status.PROVISIONING, *story])
    if left not in {Status.GONE, Status.DELETING, Status.PROVISIONING}:
        assert server.stage == fresh.stage
        assert server.left_status is None


@given(STAGES.filter(lambda one: one not in SEARCHED), st.integers(1, 5))
def test_a_word_nobody_knows_changes_nothing(stage: Stage, times: int):
    assert set(after(row(stage), [Status.UNKNOWN] * times)) == {stage}


@given(st.sampled_from(sorted(SEARCHED)), STATUSES)
def test_a_server_that_was_found_is_not_searched_for_any_more(stage: Stage, status: Status):
    server = row(stage)
    (now,) = after(server, [status])
    assert now not in SEARCHED
    assert server.vendor_id == "sv_1"


@given(STAGES.filter(lambda one: one is not Stage.DELIVERED), STORIES)
def test_only_the_provider_calls_a_server_delivered(stage: Stage, story: list[Status]):
    stages = after(row(stage), story)
    if Stage.DELIVERED in stages:
        assert story[stages.index(Stage.DELIVERED)] in {Status.READY, Status.RESCUE}


@given(STAGES, STORIES, STATUSES)
def test_the_same_word_twice_is_no_news(stage: Stage, story: list[Status], last: Status):
    server = row(stage, left_status=Status.READY)
    after(server, [*story, last])
    assert tell(server, said(last), NOON) is False


@given(STAGES.filter(lambda one: one not in ENDED), STATUSES)
def test_a_boot_path_is_open_only_while_a_server_may_need_it(stage: Stage, status: Status):
    (now,) = after(row(stage), [status])
    closed = {Status.GONE, Status.DELETING, Status.FAILED}
    assert not (status in closed and now in OPEN)


def test_what_a_provider_leaves_out_for_once_is_not_forgotten():
    server = row(Stage.ORDERED)
    price = Price("EUR", hourly=Decimal("0.10"))
    told = said(Status.READY, addresses=("192.0.2.1",), macs=("52:54:00:00:00:01",), price=price)
    tell(server, told, NOON)
    tell(server, said(Status.OFF), NOON)
    assert server.addresses == ["192.0.2.1"]
    assert server.macs == ["52:54:00:00:00:01"]
    assert server.price == {"currency": "EUR", "setup": "0", "hourly": "0.1"}
    assert (server.region, server.plan) == ("FRA", "small")


def test_a_provider_that_talks_too_much_is_cut_short():
    server = row(Stage.ORDERED)
    server.plan = ""  # as of one that was adopted; an order keeps the plan that was ordered
    many = tuple(f"192.0.2.{number}" for number in range(200))
    long = "x" * 5000
    told = Server(
        id=long, name="n", status=Status.READY, raw_status=long, region=long, plan=long,
        addresses=many, macs=many,
    )  # fmt: skip
    tell(server, told, NOON)
    assert len(server.addresses) == len(server.macs) == MOST
    assert {name: len(getattr(server, name)) for name in LONGEST} == LONGEST
    assert len(server.vendor_id or "") == 200


@given(AMOUNTS, AMOUNTS, AMOUNTS)
def test_a_price_is_kept_to_the_last_digit(hourly: Decimal, monthly: Decimal, setup: Decimal):
    told = price_json(Price("EUR", hourly, monthly, setup)) or {}
    kept = {name: Decimal(told[name]) for name in ("hourly", "monthly", "setup")}
    assert kept == {"hourly": hourly, "monthly": monthly, "setup": setup}
    assert not any("E" in one for name, one in told.items() if name != "currency")
