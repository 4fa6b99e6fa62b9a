import asyncio

import pytest

from ktizo.nodes.live import Consoles, Limits
from ktizo.nodes.live.console import LINE_BYTES, printable

pytestmark = pytest.mark.anyio


def filled(count: int, **limits: int) -> Consoles:
    consoles = Consoles(Limits(**limits))
    for number in range(1, count + 1):
        consoles.add(1, "kernel", "info", f"line {number}")
    return consoles


def test_lines_are_numbered_from_1_and_come_in_order():
    told = filled(3).after(1, 0)
    assert [(one.number, one.text) for one in told.lines] == [
        (1, "line 1"),
        (2, "line 2"),
        (3, "line 3"),
    ]
    assert (told.next, told.lost) == (3, 0)


def test_who_asks_for_the_end_gets_the_last_200_and_is_told_of_no_loss():
    told = filled(500).after(1, -1)
    assert [one.number for one in told.lines] == list(range(301, 501))
    assert (told.next, told.lost) == (500, 0)


def test_a_long_console_is_read_piece_by_piece():
    consoles = filled(7)
    first = consoles.after(1, 0, limit=5)
    rest = consoles.after(1, first.next, limit=5)
    assert [one.number for one in [*first.lines, *rest.lines]] == [1, 2, 3, 4, 5, 6, 7]
    assert (first.lost, rest.lost, rest.next) == (0, 0, 7)


def test_only_the_last_lines_are_kept_and_who_was_slow_is_told_how_many_went_by():
    told = filled(30, console_lines=10).after(1, 5)
    assert [one.number for one in told.lines] == list(range(21, 31))
    assert told.lost == 15


def test_lines_that_were_too_many_to_keep_are_counted_where_they_are_missing():
    consoles = filled(2)
    consoles.lose(1, 7)
    consoles.add(1, "kernel", "info", "after")
    told = consoles.after(1, 2)
    assert ([one.text for one in told.lines], told.lost, told.next) == (["after"], 7, 10)


def test_a_number_from_before_a_restart_of_ktizo_stands_for_the_beginning():
    told = filled(3).after(1, 4711)
    assert [one.number for one in told.lines] == [1, 2, 3]
    assert (told.next, told.lost) == (3, 0)


def test_memory_of_one_machine_is_bounded_whatever_it_says():
    consoles = Consoles(Limits(console_bytes=20_000))
    for _ in range(100):
        consoles.add(1, "kernel", "info", "\N{GRINNING FACE}" * 3000)
    assert consoles.bytes_kept <= 20_000
    assert consoles.after(1, 0).next == 100


def test_memory_of_all_machines_is_bounded_and_the_silent_ones_go_first():
    consoles = Consoles(Limits(all_bytes=10_000))
    for device_id in range(1, 101):
        consoles.add(device_id, "kernel", "info", "x" * 800)
        consoles.add(1, "kernel", "info", "still here")
    assert consoles.bytes_kept <= 10_000
    assert consoles.after(1, -1).lines
    assert consoles.after(100, -1).lines
    assert not consoles.after(2, -1).lines
    consoles = Consoles(Limits(machines=3))
    for device_id in range(1, 11):
        consoles.add(device_id, "event", "info", "x")
    assert len(consoles) == 3


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("\x1b[31mred\x07\n", "\N{REPLACEMENT CHARACTER}[31mred\N{REPLACEMENT CHARACTER}"),
        ("a\tb\nc", "a b c"),
        ("\u202egnp.exe", "\N{REPLACEMENT CHARACTER}gnp.exe"),
        ("half \ud800", "half \N{REPLACEMENT CHARACTER}"),
        ("nul\0", "nul\N{REPLACEMENT CHARACTER}"),
        ("Übung", "Übung"),
    ],
)
def test_a_line_cannot_drive_a_terminal(said: str, shown: str):
    assert printable(said) == shown


def test_a_line_is_cut():
    assert printable("x" * 10_000) == "x" * LINE_BYTES
    assert len(printable("\N{EURO SIGN}" * 10_000).encode()) <= LINE_BYTES


async def test_who_waits_is_woken_by_the_first_line():
    consoles = filled(1)
    waiting = asyncio.create_task(consoles.wait(1, 1, 60))
    other = asyncio.create_task(consoles.wait(2, 0, 60))
    await asyncio.sleep(0)
    consoles.add(1, "kernel", "info", "news")
    await waiting
    assert not other.done()
    consoles.add(2, "kernel", "info", "news")
    await other


async def test_who_asks_for_what_is_there_does_not_wait():
    consoles = filled(3)
    await consoles.wait(1, 2, 60)
    await consoles.wait(1, -1, 60)
    await consoles.wait(1, 4711, 60)


async def test_nobody_waits_longer_than_he_asked_to():
    consoles = filled(1)
    await consoles.wait(1, 1, 0.001)
    assert not consoles._news


async def test_everybody_is_answered_when_ktizo_stops():
    consoles = filled(1)
    waiting = [asyncio.create_task(consoles.wait(number, 1, 60)) for number in range(1, 9)]
    await asyncio.sleep(0)
    consoles.close()
    await asyncio.gather(*waiting)
    await consoles.wait(1, 1, 60)
