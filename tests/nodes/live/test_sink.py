"""The event sink, spoken to by grpclib's own client and by who is no client at all."""

import asyncio
import struct
from contextlib import suppress

import pytest
from grpclib.client import UnaryUnaryMethod
from grpclib.const import Status
from grpclib.exceptions import GRPCError, StreamTerminatedError
from h2.config import H2Configuration
from h2.connection import H2Connection
from hypothesis import given
from hypothesis import strategies as st

from ktizo.devices import store
from ktizo.nodes.live import h2c
from ktizo.nodes.live.door import Unreadable
from ktizo.nodes.live.h2c import UnaryServer
from ktizo.nodes.wire import events_pb2 as wire
from ktizo.nodes.wire.methods import PUBLISH
from nodes.live.conftest import MACHINE, OTHER, STRANGER, House, closed, house_in, request_of, until

pytestmark = pytest.mark.anyio


def phase(name: str = "install", action: str = "START") -> wire.PhaseEvent:
    return wire.PhaseEvent(phase=name, action=action)


def stage(name: str = "MAINTENANCE", ready: bool = False) -> wire.MachineStatusEvent:
    return wire.MachineStatusEvent(stage=name, status={"ready": ready})


async def test_an_event_is_in_the_console_and_in_the_timeline_and_asks_for_a_look(house: House):
    mine = await house.machine(1, MACHINE)
    await house.publisher().publish(stage())
    assert house.texts(mine) == ["stage maintenance, not ready"]
    assert await house.timeline(mine) == [
        ("node_stage", {"stage": "maintenance", "ready": False, "unmet": []})
    ]
    assert set(house.hints) == {mine}


async def test_what_belongs_into_the_timeline_and_what_only_into_the_console(house: House):
    mine = await house.machine(1, MACHINE)
    node = house.publisher()
    for event in (
        wire.SequenceEvent(sequence="install", action="START"),
        phase(),
        phase(action="STOP"),
        wire.TaskEvent(task="installTalos", action="START"),
        wire.ServiceStateEvent(service="etcd", action="FAILED", message="no\x1b[2J space"),
        wire.ConfigValidationErrorEvent(error="1 error occurred:\n\t* no disk"),
        wire.ConfigLoadErrorEvent(error="timeout"),
        wire.SequenceEvent(sequence="install", action="STOP", error={"message": "disk full"}),
        wire.SequenceEvent(sequence="boot", action="NOOP"),
        wire.AddressEvent(hostname="talos-1", addresses=["10.0.0.5"]),
        wire.RestartEvent(cmd=1),
    ):
        await node.publish(event)
    assert house.texts(mine) == [
        "sequence install start",
        "phase install start",
        "phase install stop",
        "task installTalos start",
        "service etcd failed: no\N{REPLACEMENT CHARACTER}[2J space",
        "machine config is not valid: 1 error occurred:  * no disk",
        "machine config cannot be loaded: timeout",
        "sequence install stop: disk full",
        "sequence boot noop",
        "talos-1 at 10.0.0.5",
        "restarts",
    ]
    assert await house.timeline(mine) == [
        ("node_step", {"sequence": "install", "action": "start"}),
        ("node_step", {"phase": "install", "action": "start"}),
        (
            "node_error",
            {"what": "machine config is not valid", "message": "1 error occurred:  * no disk"},
        ),
        ("node_error", {"what": "machine config", "message": "timeout"}),
        ("node_error", {"what": "sequence install", "message": "disk full"}),
    ]


async def test_a_stage_said_again_is_no_news(house: House):
    mine = await house.machine(1, MACHINE)
    node = house.publisher()
    for _ in range(3):
        await node.publish(stage("RUNNING", True))
    await node.publish(stage("RUNNING", False))
    found = await house.timeline(mine)
    assert [data["ready"] for _, data in found] == [True, False]


async def test_a_history_told_again_at_every_connect_is_shown_once(house: House):
    mine = await house.machine(1, MACHINE)
    for _ in range(3):
        node = house.publisher()
        for number in range(20):
            await node.publish(phase(f"p{number}"), f"id-{number}")
        node.close()
    assert house.texts(mine) == [f"phase p{number} start" for number in range(20)]
    assert len(await house.timeline(mine)) == 20
    assert house.live.counts.repeated == 40


async def test_two_machines_at_once_are_kept_apart(house: House):
    first, second = await house.machine(1, MACHINE), await house.machine(2, OTHER)
    one, two = house.publisher(MACHINE), house.publisher(OTHER)
    for number in range(50):
        await asyncio.gather(
            one.publish(phase(f"one {number}"), f"id-{number}"),
            two.publish(phase(f"two {number}"), f"id-{number}"),
        )
    assert house.texts(first) == [f"phase one {number} start" for number in range(50)]
    assert house.texts(second) == [f"phase two {number} start" for number in range(50)]


async def test_a_stranger_is_hung_up_on_unheard(house: House):
    mine = await house.machine(1, MACHINE)
    with pytest.raises((StreamTerminatedError, OSError)):
        await house.publisher(STRANGER).publish(stage())
    assert house.live.dropped_strangers == 1
    assert house.texts(mine) == []
    assert len(house.live.consoles) == 0
    assert not house.hints


async def test_a_machine_outside_the_machine_networks_is_a_stranger(house: House):
    await house.machine(1, MACHINE)
    house.live._door._networks = []
    with pytest.raises((StreamTerminatedError, OSError)):
        await house.publisher().publish(stage())
    assert house.live.dropped_strangers == 1


async def test_a_machine_that_was_removed_is_a_stranger_soon(db):
    async with house_in(db, look_again_s=0.0) as house:
        await house.machine(1, MACHINE)
        node = house.publisher()
        await node.publish(stage())

        async def nobody(address: str) -> None:
            return None

        house.live._door._sources.device_at = nobody  # type: ignore[method-assign]

        async def go_on() -> None:
            for number in range(1000):
                await node.publish(phase(str(number)))

        with pytest.raises((StreamTerminatedError, OSError)):
            await go_on()
        assert house.live.dropped_strangers == 1


async def test_nothing_said_here_changes_what_a_machine_is(house: House):
    mine = await house.machine(1, MACHINE)
    await house.publisher().publish(stage("RUNNING", True))
    assert await house.writer.flush()
    async with house.db.read() as session:
        assert (await store.get(session, mine)).state == "registered"


async def test_a_flood_of_rows_ends_in_one_that_counts_the_rest(db):
    async with house_in(db, rows_burst=5, rows_per_min=0.001) as house:
        mine = await house.machine(1, MACHINE)
        node = house.publisher()
        for number in range(40):
            await node.publish(phase(f"p{number}"))
        house.live._timeline.settle(mine)
        found = await house.timeline(mine)
        assert [kind for kind, _ in found] == ["node_step"] * 5 + ["node_error"]
        assert found[-1][1]["message"].startswith("35 more were not kept")
        assert len(house.texts(mine)) == 40
        # The connection, and what was kept: nobody is made to look at every line of a flood.
        assert len(house.hints) == 6


async def test_a_sender_that_is_too_fast_waits_and_nothing_is_lost(db):
    async with house_in(db, lines_burst=100, lines_per_s=2000.0) as house:
        mine = await house.machine(1, MACHINE)
        nodes = [house.publisher() for _ in range(4)]
        began = asyncio.get_running_loop().time()

        async def send(index: int) -> None:
            for number in range(100):
                await nodes[index].publish(phase(f"{index} {number}"))

        await asyncio.gather(*(send(index) for index in range(4)))
        # 300 of 400 had to be waited for: 0.15 s at least, less what the last batch overdrew.
        assert asyncio.get_running_loop().time() - began > 0.08
        assert len(house.texts(mine)) == 400


async def test_no_more_than_so_many_lines_of_one_address(db):
    async with house_in(db, per_address=3) as house:
        await house.machine(1, MACHINE)
        nodes = [house.publisher() for _ in range(3)]
        for node in nodes:
            await node.publish(stage())
        with pytest.raises((StreamTerminatedError, OSError)):
            await house.publisher().publish(stage())
        assert (house.live.open_lines, house.live.dropped_flood) == (3, 1)
        nodes[0].close()
        await until(lambda: house.live.open_lines == 2)
        await house.publisher().publish(stage())


async def test_no_more_than_so_many_lines_in_all(db):
    async with house_in(db, connections=2) as house:
        for number in range(1, 4):
            await house.machine(number, f"127.0.1.{number}")
        for number in range(1, 3):
            await house.publisher(f"127.0.1.{number}").publish(stage())
        with pytest.raises((StreamTerminatedError, OSError)):
            await house.publisher("127.0.1.3").publish(stage())


async def test_an_event_nobody_can_read_is_counted_and_the_next_one_is_taken(house: House):
    mine = await house.machine(1, MACHINE)
    node = house.publisher()
    bad = wire.SequenceEvent()
    request = PUBLISH.request.FromString(request_of(bad))
    request.data.value = b"\xff\xff\xff"
    await node._method(request)
    request.data.type_url = "type.googleapis.com/machine.SomethingNewEvent"
    await node._method(request)
    await node.publish(phase())
    assert house.texts(mine) == ["event SomethingNewEvent", "phase install start"]
    assert house.live.malformed == 1


async def test_other_methods_are_not_there(house: House):
    await house.machine(1, MACHINE)
    node = house.publisher()
    other = UnaryUnaryMethod(
        node.channel, "/machine.MachineService/Reboot", PUBLISH.request, PUBLISH.reply
    )
    with pytest.raises(GRPCError) as caught:
        await other(PUBLISH.request())
    assert caught.value.status is Status.UNIMPLEMENTED
    await node.publish(phase())


async def test_a_message_that_is_too_long_is_refused_and_the_line_goes_on(house: House):
    mine = await house.machine(1, MACHINE)
    node = house.publisher()
    with pytest.raises((GRPCError, StreamTerminatedError)):
        await node.publish(phase("x" * (1 << 20)))
    await node.publish(phase("y" * 50_000))
    await node.publish(phase())
    assert len(house.texts(mine)[0]) == 4096
    assert house.texts(mine)[1:] == ["phase install start"]


@pytest.mark.parametrize(
    "garbage",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 300,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\x04\x00\x00\x00\x00\x00" + b"x" * 9000,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x05\x00\x00\x00\x00\x00\x01hello",
    ],
    ids=["http1", "tls", "huge frame", "data first"],
)
async def test_who_does_not_speak_grpc_is_hung_up_on(house: House, garbage: bytes):
    await house.machine(1, MACHINE)
    reader, writer = await house.open(port=house.sink)
    writer.write(garbage)
    assert await closed(reader)
    writer.transport.abort()
    await until(lambda: house.live.open_lines == 0)
    assert house.live.malformed == 1


async def test_a_line_that_says_nothing_is_closed_after_a_while(db):
    async with house_in(db, mute_s=-1.0) as house:
        await house.machine(1, MACHINE)
        await house.publisher().publish(phase())
        _, writer = await house.open(port=house.sink)
        await until(lambda: house.live.open_lines == 2)
        house.live._door.sweep()
        await until(lambda: house.live.open_lines == 1)
        writer.transport.abort()


async def test_stopping_hangs_up_and_frees_the_ports(db):
    async with house_in(db) as house:
        await house.machine(1, MACHINE)
        node = house.publisher()
        await node.publish(stage())
        port = house.sink
        await house.live.stop()
        assert house.live.open_lines == 0
        with pytest.raises(OSError):
            await house.open(port=port)


# The server's side of HTTP/2 alone ----------------------------------------------------------


class Peer:
    """A client of h2 beside the server, without a network."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.server = UnaryServer(PUBLISH.path, self._answer)
        self.h2 = H2Connection(H2Configuration(header_encoding=None))
        self.h2.initiate_connection()
        self.settle()

    def _answer(self, message: bytes) -> bool:
        self.heard.append(message)
        return True

    def settle(self) -> None:
        for _ in range(3):
            self.server.feed(self.h2.data_to_send())
            self.h2.receive_data(self.server.pending())

    def begin(self, path: bytes = b"/events.EventSinkService/Publish") -> int:
        stream_id: int = self.h2.get_next_available_stream_id()
        headers = [(b":method", b"POST"), (b":path", path), (b":scheme", b"http")]
        headers += [(b":authority", b"x"), (b"content-type", b"application/grpc")]
        self.h2.send_headers(stream_id, headers)
        return stream_id


def framed(message: bytes) -> bytes:
    return struct.pack(">?I", False, len(message)) + message


def test_a_message_may_come_in_any_pieces():
    peer = Peer()
    stream_id = peer.begin()
    for byte in framed(b"hello"):
        peer.h2.send_data(stream_id, bytes([byte]))
        peer.settle()
    assert peer.heard == []
    peer.h2.end_stream(stream_id)
    peer.settle()
    assert peer.heard == [b"hello"]


def test_the_window_is_given_back_so_that_a_line_lives_for_ever():
    peer = Peer()
    for number in range(3000):
        stream_id = peer.begin()
        peer.h2.send_data(stream_id, framed(b"x" * 1000), end_stream=True, pad_length=100)
        peer.settle()
        assert len(peer.heard) == number + 1
    assert not peer.server._calls
    assert len(peer.server._h2.streams) < 200
    assert len(peer.server._h2._closed_streams) <= 256


def test_messages_that_never_end_keep_no_more_than_the_window():
    peer = Peer()
    peer.settle()
    sent = 0
    for _ in range(90):
        stream_id = peer.begin()
        room = min(60_000, peer.h2.local_flow_control_window(stream_id))
        for at in range(0, room, 16_000):
            part = min(16_000, room - at)
            peer.h2.send_data(stream_id, b"x" * part)
            sent += part
        peer.settle()
    assert sent <= h2c.LINE_WINDOW
    assert sum(len(call) for call in peer.server._calls.values()) <= h2c.LINE_WINDOW


@pytest.mark.parametrize(
    "data",
    [b"", b"\0\0\0", framed(b"hello") + b"more", b"\1" + framed(b"x")[1:], b"\0\xff\xff\xff\xff"],
)
def test_a_message_framed_wrongly_ends_the_line(data: bytes):
    peer = Peer()
    stream_id = peer.begin()
    peer.h2.send_data(stream_id, data, end_stream=True)
    with pytest.raises(Unreadable):
        peer.server.feed(peer.h2.data_to_send())


@given(st.lists(st.binary(max_size=200), max_size=20), st.booleans())
def test_no_bytes_make_it_fail_in_another_way(parts: list[bytes], greets: bool):
    server = UnaryServer(PUBLISH.path, lambda _: True)
    with suppress(Unreadable):
        if greets:
            client = H2Connection(H2Configuration())
            client.initiate_connection()
            server.feed(client.data_to_send())
        for part in parts:
            server.feed(part)
