"""The kernel log over TCP and UDP."""

import asyncio
import json
import socket
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ktizo.nodes.live.door import Unreadable
from ktizo.nodes.live.kmsg import MAX_LINE, read
from nodes.live.conftest import HOST, MACHINE, OTHER, STRANGER, House, closed, house_in, until

pytestmark = pytest.mark.anyio


def message(number: int, text: str = "", **more: object) -> bytes:
    said = {
        "msg": text or f"line {number}",
        "talos-time": "2026-11-21T10:00:00.123456789Z",
        "talos-level": "warn",
        "facility": "kern",
        "seq": number,
        "clock": number * 1000,
        "priority": "warning",
    }
    return json.dumps(said | more).encode()


async def test_lines_over_tcp_are_in_the_console(house: House):
    mine = await house.machine(1, MACHINE)
    _, writer = await house.open()
    writer.write(b"\n".join(message(number) for number in range(3)) + b"\n\n")
    await house.line(mine, "line 2")
    found = house.live.consoles.after(mine, 0).lines
    assert [(one.text, one.source, one.level) for one in found] == [
        (f"line {number}", "kernel", "warn") for number in range(3)
    ]
    assert house.hints == [mine]
    writer.close()


async def test_a_line_may_come_in_any_pieces_and_half_a_line_is_none(house: House):
    mine = await house.machine(1, MACHINE)
    _, writer = await house.open()
    for byte in message(0) + b"\r\n" + message(1):
        writer.write(bytes([byte]))
        await writer.drain()
    await house.line(mine, "line 0")
    writer.write(b"\n")
    await house.line(mine, "line 1")
    assert house.live.malformed == 0
    writer.close()


async def test_two_machines_and_both_ports_feed_their_own_consoles(house: House):
    first, second = await house.machine(1, MACHINE), await house.machine(2, OTHER)
    _, one = await house.open(MACHINE)
    _, two = await house.open(OTHER)
    for number in range(200):
        one.write(message(number, f"one {number}") + b"\n")
        two.write(message(number, f"two {number}") + b"\n")
    await house.line(first, "one 199")
    await house.line(second, "two 199")
    assert house.texts(first) == [f"one {number}" for number in range(200)]
    assert house.texts(second) == [f"two {number}" for number in range(200)]
    one.close()
    two.close()


async def test_a_stranger_is_hung_up_on_and_nothing_is_kept(house: House):
    await house.machine(1, MACHINE)
    reader, writer = await house.open(STRANGER)
    writer.write(message(0) + b"\n")
    assert await closed(reader)
    assert house.live.dropped_strangers == 1
    assert len(house.live.consoles) == 0
    writer.transport.abort()


async def test_what_is_no_json_is_counted_and_too_much_of_it_ends_the_line(house: House):
    mine = await house.machine(1, MACHINE)
    reader, writer = await house.open()
    writer.write(b"Linux version 6.12\n[1,2]\n" + message(0) + b"\n")
    await house.line(mine, "line 0")
    assert house.live.malformed == 2
    writer.write(b"{\n" * 100)
    assert await closed(reader)
    assert house.live.malformed < 20
    writer.transport.abort()


async def test_a_line_without_an_end_ends_the_connection(house: House):
    await house.machine(1, MACHINE)
    reader, writer = await house.open()
    writer.write(b"x" * (MAX_LINE * 4))
    assert await closed(reader)
    assert house.live.malformed == 1
    writer.transport.abort()


async def test_a_log_told_again_is_shown_once_also_by_two_lines_at_once(house: House):
    mine = await house.machine(1, MACHINE)
    story = b"\n".join(message(number) for number in range(100)) + b"\n"
    writers = []
    for _ in range(3):
        _, writer = await house.open()
        writer.write(story)
        writers.append(writer)
    writers[0].write(message(100, "news") + b"\n")
    await house.line(mine, "news")
    await until(lambda: house.live.counts.repeated == 200)
    assert house.texts(mine) == [f"line {number}" for number in range(100)] + ["news"]
    for writer in writers:
        writer.close()


async def test_a_sender_that_is_too_fast_is_read_slowly_and_loses_nothing(db):
    async with house_in(db, lines_burst=50, lines_per_s=1000.0, console_lines=5000) as house:
        mine = await house.machine(1, MACHINE)
        _, writer = await house.open()
        began = asyncio.get_running_loop().time()
        for number in range(300):
            writer.write(message(number, "x" * 400) + b"\n")
        writer.write(message(300, "last") + b"\n")
        await house.line(mine, "last")
        assert asyncio.get_running_loop().time() - began > 0.15
        assert house.live.accepted == 301
        assert house.live.dropped_flood == 0
        writer.close()


async def test_a_flood_stays_in_the_senders_buffers_and_not_in_ours(db):
    async with house_in(db, lines_burst=10, lines_per_s=0.01) as house:
        await house.machine(1, MACHINE)
        _, writer = await house.open()
        line = message(0, "x" * 1000) + b"\n"
        stuck = False
        for _ in range(200):
            writer.write(line * 100)
            try:
                await asyncio.wait_for(writer.drain(), 0.2)
            except TimeoutError:
                stuck = True
                break
        assert stuck
        # A few chunks were read before the debt was seen; nothing after it.
        assert house.live.accepted + house.live.counts.repeated < 100
        writer.transport.abort()


async def test_intake_leaves_the_processor_to_others(db):
    async with house_in(db, share=0.1) as house:
        machines = [await house.machine(number, f"127.0.1.{number}") for number in range(1, 6)]
        writers = []
        for number in range(1, 6):
            _, writer = await house.open(f"127.0.1.{number}")
            writers.append(writer)
            for seq in range(500):
                writer.write(message(seq) + b"\n")
        for device_id in machines:
            await house.line(device_id, "line 499")
        # Also when lines had to wait for their turn: each of them once, in order.
        for device_id in machines:
            assert house.texts(device_id)[:500] == [f"line {seq}" for seq in range(500)]
        for writer in writers:
            writer.close()


def udp(source: str) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((source, 0))
    return sock


async def test_datagrams_are_lines_too(house: House):
    mine = await house.machine(1, MACHINE)
    with udp(MACHINE) as sock:
        for number in range(20):
            sock.sendto(message(number) + b"\n", (HOST, house.kernel))
        await house.line(mine, "line 19")
        assert len(house.texts(mine)) == 20
        sock.sendto(message(20), (HOST, house.kernel))
        await house.line(mine, "line 20")


async def test_datagrams_of_strangers_and_garbage_are_counted(house: House):
    mine = await house.machine(1, MACHINE)
    with udp(STRANGER) as stranger, udp(MACHINE) as sock:
        for _ in range(5):
            stranger.sendto(message(0), (HOST, house.kernel))
        await until(lambda: house.live.dropped_strangers == 5)
        for data in (b"", b"\xff\xfe", b"[]", b"x" * (MAX_LINE + 1)):
            sock.sendto(data, (HOST, house.kernel))
        await until(lambda: house.live.malformed == 4)
        sock.sendto(message(1), (HOST, house.kernel))
        await house.line(mine, "line 1")


async def test_a_flood_of_datagrams_is_dropped_and_who_watches_is_told(db):
    async with house_in(db, lines_burst=10, lines_per_s=0.01) as house:
        mine = await house.machine(1, MACHINE)
        with udp(MACHINE) as sock:
            for number in range(50):
                sock.sendto(message(number), (HOST, house.kernel))
            await until(lambda: house.live.accepted + house.live.dropped_flood == 50)
        assert house.live.dropped_flood == 40
        told = house.live.consoles.after(mine, 0)
        assert (len(told.lines), told.lost, told.next) == (10, 40, 50)


async def test_many_addresses_nobody_knows_cost_few_questions(db, monkeypatch):
    async with house_in(db, lookups_per_s=5.0, datagrams_waiting=3) as house:
        asked: list[str] = []
        find = house.sources._find

        async def counted(address: str) -> int | None:
            asked.append(address)
            return await find(address)

        monkeypatch.setattr(house.sources, "_find", counted)
        for number in range(1, 60):
            with udp(f"127.0.2.{number}") as sock:
                sock.sendto(message(0), (HOST, house.kernel))
        await until(lambda: house.live.dropped_strangers + house.live.dropped_flood == 59)
        assert 0 < len(asked) < 20


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"{}",
        b'{"msg": 1}',
        b"[" * 16_000,
        b'{"msg": "x", "seq": ' + b"9" * 5000 + b"}",
        b"\xff",
    ],
)
def test_what_is_no_kernel_line_is_unreadable(data: bytes):
    with pytest.raises(Unreadable):
        read(data)


def test_odd_fields_do_no_harm():
    line = read(b'{"msg": "x", "seq": -1, "clock": 1e999, "talos-level": ["a"]}')
    assert (line.seq, line.clock, line.level, line.text) == (-1, -1, "info", "x")


@given(st.binary(max_size=300))
def test_no_bytes_make_it_fail_in_another_way(data: bytes):
    with suppress(Unreadable):
        read(data)
