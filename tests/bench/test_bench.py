import re
import subprocess

import pytest
from bench.sections import storm

from bench import fleet, process, stats, table, wire, wrk

WRK = """\
Running 3s test @ http://127.0.0.1:1/
  1 threads and 64 connections
BENCH {"requests": 30000, "micros": 3000000, "p50_us": 1500, "p99_us": 12250, "max_us": 99, \
"connect": 1, "read": 2, "write": 0, "status": 3, "timeout": 4}
"""
SCRIPT = f"""\
#!ipxe
kernel --name kernel http://{wire.HOST}/boot/assets/p/linux initrd=initrd0 \
bench.config=http://{wire.HOST}/boot/configs/1~2~x/answers.cfg || goto failed
initrd --name initrd0 http://{wire.HOST}/boot/assets/p/initrd.img || goto failed
"""


def test_what_wrk_found_is_read_from_the_line_our_script_writes():
    load = wrk.parse(WRK)
    assert (load.rate, load.p50_ms, load.p99_ms, load.errors) == (10_000, 1.5, 12.25, 10)


def test_a_wrk_that_says_nothing_is_an_error_with_its_words():
    with pytest.raises(wrk.NoResult, match="unable to connect"):
        wrk.parse("unable to connect to 127.0.0.1:1 Connection refused\n")


def test_the_script_for_wrk_writes_what_the_parser_reads():
    said = "".join(re.findall(r"'([^']*)'", wrk.SCRIPT)).replace("\\n", "\n")
    load = wrk.parse(said % tuple(range(1, 11)))
    assert (load.requests, load.p50_ms, load.p99_ms, load.errors) == (1, 0.003, 0.004, 40)


def test_a_wrk_that_asked_only_some_machines_has_no_result(monkeypatch, tmp_path):
    said = WRK.replace('"micros": 3000000', '"micros": 0')
    ran = subprocess.CompletedProcess([], 0, said, "")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: ran)
    monkeypatch.setattr(wrk, "program", lambda: "wrk")
    with pytest.raises(wrk.NoResult, match="not every path"):
        wrk.run(tmp_path, 1, tmp_path / "paths", 64, 3, once=True)
    assert "function delay()" in (tmp_path / "cycle.lua").read_text()


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ([3.0, 1.0, 2.0], "2.00 (1.00-3.00)"),
        ([1234.5], "1,234"),
        ([0.0, 0.0], "0 (0-0)"),
        ([0.01234, 0.5], "0.256 (0.0123-0.500)"),
    ],
)
def test_a_series_is_shown_as_its_median_and_its_range(values, shown):
    assert str(stats.Series.of(values)) == shown


def test_a_ratio_compares_round_by_round():
    found = stats.ratio(stats.Series.of([1, 10, 4]), stats.Series.of([2, 40, 4]))
    assert found.values == (0.5, 0.25, 1.0)
    assert found.median == 0.5


def test_no_rounds_are_no_result():
    with pytest.raises(ValueError, match="no round"):
        stats.Series.of([])


@pytest.mark.parametrize(("share", "value"), [(0.5, 50), (0.99, 99), (1.0, 100), (0.0, 1)])
def test_a_percentile_is_a_value_that_was_measured(share, value):
    assert stats.percentile(range(100, 0, -1), share) == value


def test_cpu_time_is_read_behind_a_name_with_blanks_and_brackets():
    fields = " ".join(str(number) for number in range(3, 53))
    assert process.cpu_of(f"7 (a) b (c) S {fields[2:]}") == 14 + 15


def test_memory_is_the_share_of_a_process():
    assert (
        process.pss_of("00400000-7ff rollup\nRss: 900 kB\nPss:   120 kB\nPss_Dirty: 7 kB\n") == 120
    )


def test_aims_are_compared_and_never_enforced():
    reached = stats.Series.of([0.4, 0.6, 0.7])
    assert table.at_least("x", 0.5, reached).fulfilled
    assert not table.at_most("x", 0.5, reached).fulfilled


def test_a_simulated_machine_finds_its_way_from_script_to_proof():
    found = storm.links(SCRIPT, ("kernel", "initrd", "config"))
    assert found == {
        "kernel": "/boot/assets/p/linux",
        "initrd": "/boot/assets/p/initrd.img",
        "config": "/boot/configs/1~2~x/answers.cfg",
    }
    done = storm.links(f"a: 1\ndone: http://{wire.HOST}/boot/done/1~2~y\n", ("done",))
    assert done == {"done": "/boot/done/1~2~y"}


def test_a_machine_that_is_sent_to_its_disk_stops_the_storm():
    with pytest.raises(wire.WrongAnswer, match="no kernel"):
        storm.links("#!ipxe\nexit\n", ("kernel",))


def test_machines_differ_in_everything_a_conflict_could_come_from():
    machines = [fleet.Machine(index) for index in range(fleet.BOOTING.stop)]
    for name in ("mac", "uuid", "serial", "address", "file_name"):
        assert len({getattr(machine, name) for machine in machines}) == len(machines), name
    assert all(machines[index].approved for index in (*fleet.ARRIVING, *fleet.BOOTING))


def answered(*pieces: bytes) -> wire.Fetch:
    """Return a fetch that was fed `pieces`, one by one."""
    fetch = wire.Fetch("/", 1)
    for piece in pieces:
        if not fetch.status:
            over = fetch.receive_head(piece)
        else:
            raise AssertionError("the head is whole")
        if over:
            break
    fetch.close()
    return fetch


def test_an_answer_may_come_in_pieces():
    fetch = answered(b"HTTP/1.1 200 OK\r\nContent-Le", b"ngth: 3\r\n\r\nabc")
    assert (fetch.status, fetch.body, fetch.failed) == (200, b"abc", "")


@pytest.mark.parametrize(
    ("pieces", "why"),
    [
        ([b""], "closed before an answer"),
        ([b"HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno"], "status 403: b'no'"),
        ([b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab"], "the body is short"),
    ],
)
def test_what_is_no_success_says_why(pieces, why):
    assert answered(*pieces).failed == why
