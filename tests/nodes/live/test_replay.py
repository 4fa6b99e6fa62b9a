from ktizo.nodes.live.limits import Bucket, Limits
from ktizo.nodes.live.replay import KEPT, EventIds, KernelLine, KernelLogs


def line(seq: int, text: str = "", clock: int | None = None) -> KernelLine:
    return KernelLine(seq, seq * 10 if clock is None else clock, "info", text or f"line {seq}")


def heard(logs: KernelLogs, *lines: KernelLine) -> list[str]:
    return [one.text for said in lines for one in logs.fresh(1, said)]


def test_an_event_is_heard_once_per_machine():
    ids = EventIds(Limits())
    assert [ids.is_new(1, "a"), ids.is_new(1, "b"), ids.is_new(1, "a")] == [True, True, False]
    assert ids.is_new(2, "a")
    assert ids.is_new(1, "")
    assert ids.is_new(1, "")


def test_so_many_event_ids_are_remembered_and_no_more():
    ids = EventIds(Limits(event_ids=100, machines=2))
    for number in range(1000):
        assert ids.is_new(1, str(number))
    assert not any(ids.is_new(1, str(number)) for number in range(900, 1000))
    ids.is_new(2, "x")
    ids.is_new(3, "x")
    assert ids.is_new(1, "999")  # machine 1 was silent longest


def test_a_kernel_log_told_again_from_its_beginning_is_shown_once():
    logs = KernelLogs(Limits())
    story = [line(seq) for seq in range(50)]
    assert len(heard(logs, *story)) == 50
    assert heard(logs, *story) == []
    assert heard(logs, line(50), line(51)) == ["line 50", "line 51"]


def test_a_new_boot_is_told_from_a_replay_even_where_both_begin_alike():
    logs = KernelLogs(Limits())
    heard(logs, *[line(seq) for seq in range(50)])
    again = [line(0), line(1), line(2, clock=21), line(3, clock=31)]
    assert heard(logs, *again) == ["line 0", "line 1", "line 2", "line 3"]
    assert heard(logs, line(4, clock=41)) == ["line 4"]


def test_a_boot_longer_than_what_is_remembered_goes_on_being_shown():
    logs = KernelLogs(Limits(machines=1))
    assert len(heard(logs, *[line(seq) for seq in range(2 * KEPT)])) == 2 * KEPT
    logs.fresh(2, line(0))
    assert heard(logs, line(3)) == ["line 3"]  # machine 1 was forgotten


def test_what_is_held_back_is_bounded():
    logs = KernelLogs(Limits())
    story = [line(seq, "x" * 4000) for seq in range(500)]
    heard(logs, *story)
    heard(logs, *story)
    held = logs._boots[1].held
    assert sum(len(one.text) for one in held) < 70_000


def test_a_bucket_gives_what_it_has_and_says_how_long_a_debt_takes():
    now = 0.0
    bucket = Bucket(10, 5, lambda: now)
    assert [bucket.take() for _ in range(6)] == [True] * 5 + [False]
    assert bucket.owe(20) == 2.0
    now = 3.0
    assert bucket.owe(0) == 0.0
    assert bucket.take()
