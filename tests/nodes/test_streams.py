"""Floods: what a node sends faster than anybody reads waits at the node, not here."""

import asyncio
import tracemalloc
from contextlib import aclosing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ktizo.nodes.client import NodeClient
from ktizo.nodes.client.inbox import Inbox
from ktizo.nodes.client.line import STREAM_WINDOW, FrameCheck
from ktizo.nodes.errors import Malformed, Unreachable
from ktizo.nodes.simulated.tape import Tape
from ktizo.nodes.wire import events_pb2 as wire
from nodes.conftest import Fleet

pytestmark = pytest.mark.anyio
MANY = 40_000


def unread(client: NodeClient) -> int:
    """Bytes this client keeps that nobody has read."""
    line = client._caller._line
    assert line is not None
    return sum(len(stream.buffer) for stream in line._protocol.processor.streams.values())


async def settled(client: NodeClient) -> int:
    """Wait until no more comes; return what has."""
    before, still = -1, 0
    async with asyncio.timeout(30):
        while still < 200:
            await asyncio.sleep(0)
            now = unread(client)
            still = still + 1 if now == before else 0
            before = now
    return before


async def test_a_slow_reader_of_a_flood_of_events_keeps_a_window_and_no_more(fleet: Fleet):
    node = await fleet.member()
    node.events = Tape(MANY)
    for number in range(MANY):
        node.emit(wire.PhaseEvent(phase=f"{number:08d} {'x' * 60}"))
    client = fleet.client(node)
    async with aclosing(client.events(tail=-1, timeout_s=120)) as events:
        assert (await anext(events)).payload.name.startswith("00000000")
        waiting = await settled(client)
        assert STREAM_WINDOW // 2 < waiting <= STREAM_WINDOW
        # ... and the rest is not lost: it comes as it is read, in order.
        for number in range(1, 5000):
            assert (await anext(events)).payload.name.startswith(f"{number:08d}")
        assert await settled(client) <= STREAM_WINDOW
    # Leaving gives the room back: other calls on the line work at once.
    assert (await client.version()).tag
    assert unread(client) == 0


async def test_stalled_streams_do_not_stop_other_calls(fleet: Fleet):
    node = await fleet.member()
    node.events = Tape(MANY)
    for _ in range(MANY):
        node.emit(wire.PhaseEvent(phase="x" * 60))
    client = fleet.client(node)
    streams = [client.events(tail=-1) for _ in range(3)]
    for stream in streams:
        await anext(stream)
    await settled(client)
    assert (await client.version()).tag
    for stream in streams:
        await stream.aclose()


async def test_an_event_too_long_to_be_one_ends_the_stream(fleet: Fleet):
    node = await fleet.member()
    node.emit_raw("PhaseEvent", b"\x0a" + b"\xff\xff\x7f" + b"x" * (2 << 20))
    events = fleet.client(node).events(tail=1)
    with pytest.raises(Malformed, match="is the most"):
        await anext(events)


async def test_an_event_that_cannot_be_read_is_malformed(fleet: Fleet):
    node = await fleet.member()
    node.emit_raw("MachineStatusEvent", b"\xff\xff\xff")
    with pytest.raises(Malformed, match="MachineStatusEvent"):
        await anext(fleet.client(node).events(tail=1))


async def test_a_stream_has_a_deadline_too(fleet: Fleet):
    node = await fleet.member()
    with pytest.raises(Unreachable, match=r"0\.2 s are over"):
        await anext(fleet.client(node).events(timeout_s=0.2))


async def test_leaving_a_stream_stops_it_at_the_node(fleet: Fleet):
    node = await fleet.member()
    client = fleet.client(node)
    async with aclosing(client.events(tail=1)) as events:
        await anext(events)
    (door,) = [node._door]
    assert door is not None
    async with asyncio.timeout(5):
        while any(
            task
            for handler in door._server._handlers
            for task in handler._tasks.values()
            if not task.done()
        ):
            await asyncio.sleep(0)
    assert (await client.version()).tag


async def test_an_inbox_costs_its_bytes_and_not_its_frames():
    returned: list[int] = []
    inbox = Inbox(returned.append)
    tracemalloc.start()
    for _ in range(200_000):
        inbox.add(b"x", 1)
        inbox.add(b"", 0)
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size < 1 << 20
    assert await inbox.read(200_000) == b"x" * 200_000
    assert sum(returned) == 200_000


@given(
    frames=st.lists(st.tuples(st.binary(max_size=50), st.integers(0, 20))),
    sizes=st.lists(st.integers(0, 60)),
)
def test_an_inbox_gives_back_exactly_the_window_it_took(
    frames: list[tuple[bytes, int]], sizes: list[int]
):
    async def run() -> None:
        returned: list[int] = []
        inbox = Inbox(returned.append)
        for data, padding in frames:
            inbox.add(data, len(data) + padding)
        inbox.eof()
        whole, got = b"".join(data for data, _ in frames), b""
        for size in sizes:
            part = await inbox.read(size)
            assert len(part) <= size
            got += part
        assert whole.startswith(got)
        owed = inbox.unacked_size()
        assert sum(returned) + owed == sum(len(data) + padding for data, padding in frames)

    asyncio.run(run())


SETTINGS = bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])


@given(st.lists(st.integers(1, 40)))
def test_frames_are_seen_however_they_are_cut(cuts: list[int]):
    stream = SETTINGS + (bytes([0, 0, 20, 0, 0, 0, 0, 0, 1]) + b"\xff" * 20) * 10
    whole, check = stream, FrameCheck()
    for cut in cuts:
        check.see(stream[:cut])
        stream = stream[cut:]
    check.see(stream)
    assert check.begun
    from h2.exceptions import ProtocolError

    with pytest.raises(ProtocolError, match="65535 bytes"):
        check.see(bytes([0, 255, 255, 0, 0, 0, 0, 0, 1]))
    with pytest.raises(ProtocolError, match="not SETTINGS"):
        FrameCheck().see(whole[9:])
