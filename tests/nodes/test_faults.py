"""Nodes that are slow, die in the middle, or answer nonsense; and what is never done twice."""

import asyncio
from contextlib import aclosing

import pytest
from grpclib.const import Status

from ktizo.nodes.client import calls
from ktizo.nodes.client.caller import Caller
from ktizo.nodes.errors import (
    AlreadyDone,
    Busy,
    Interrupted,
    Malformed,
    NodeError,
    NoSuchResource,
    Refused,
    Rejected,
    Unreachable,
)
from ktizo.nodes.simulated import SimulatedNode, Stage
from ktizo.nodes.wire import methods
from nodes.conftest import Fleet, config_for

pytestmark = pytest.mark.anyio
STATUS = {
    Status.INVALID_ARGUMENT: Rejected,
    Status.NOT_FOUND: NoSuchResource,
    Status.ALREADY_EXISTS: AlreadyDone,
    Status.PERMISSION_DENIED: Refused,
    Status.UNAUTHENTICATED: Refused,
    Status.FAILED_PRECONDITION: Busy,
    Status.RESOURCE_EXHAUSTED: Busy,
    Status.ABORTED: Busy,
    Status.UNAVAILABLE: Busy,
    Status.INTERNAL: NodeError,
    Status.UNKNOWN: NodeError,
    Status.DATA_LOSS: NodeError,
}


def fail_fast(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Let every call have this long."""
    whole = calls.Call.__init__

    def short(self, line, method, timeout_s, max_message=calls.MAX_MESSAGE):
        whole(self, line, method, min(timeout_s, seconds), max_message)

    monkeypatch.setattr(calls.Call, "__init__", short)


def in_balance() -> bool:
    """No cancellation is left on this task, so `asyncio.timeout` around a call keeps working."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() == 0


@pytest.mark.parametrize(("status", "error"), STATUS.items(), ids=lambda one: str(one))
async def test_a_status_becomes_what_to_do_about_it(
    fleet: Fleet, status: Status, error: type[NodeError]
):
    node = await fleet.member()
    node.faults.answers["Version"] = [(status, "the node's ünwords %41")]
    with pytest.raises(error, match="the node's ünwords %41") as found:
        await fleet.client(node).version()
    assert type(found.value) is error
    assert found.value.detail == {"grpc": status.name}
    assert node.calls["Version"] == 1, "not even a read is repeated by the client"


async def test_a_node_s_words_cannot_hurt_a_terminal(fleet: Fleet):
    node = await fleet.member()
    node.faults.answers["Version"] = [(Status.INTERNAL, "\x1b[2J" + "x" * 10_000)]
    with pytest.raises(NodeError) as found:
        await fleet.client(node).version()
    assert "\x1b" not in str(found.value)
    assert len(str(found.value)) < 700


async def test_a_slow_node_is_waited_for_until_the_deadline(fleet: Fleet, monkeypatch):
    node = await fleet.member()
    client = fleet.client(node)
    node.faults.delay_s["Version"] = 0.05
    assert (await client.version()).tag
    fail_fast(monkeypatch, 0.1)
    node.faults.hangs.add("Version")
    with pytest.raises(Unreachable, match=r"0\.1 s are over"):
        await client.version()
    assert in_balance()
    assert len(await client.disks()) == 1, "the line is still good"
    assert node.boots == 2


@pytest.mark.parametrize("order", ["Bootstrap", "Reset", "Reboot", "ApplyConfiguration", "Upgrade"])
async def test_an_order_that_gets_no_answer_is_not_sent_again(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch, order: str
):
    node = await fleet.member()
    client = fleet.client(node)
    await client.connect()
    node.calls.clear()
    fail_fast(monkeypatch, 0.1)
    node.faults.hangs.add(order)
    with pytest.raises(Interrupted, match=f"{order} was sent .* may have been done"):
        await ask(client, order, fleet)
    assert node.calls[order] == 1


async def ask(client, order: str, fleet: Fleet) -> None:
    """Give one order."""
    if order == "Bootstrap":
        await client.bootstrap()
    elif order == "Reset":
        await client.reset(reboot=True)
    elif order == "Reboot":
        await client.reboot()
    elif order == "ApplyConfiguration":
        await client.apply_configuration(config_for(fleet.bundle, hostname="new"))
    else:
        await client.installing.upgrade("x:v1.12.12")


@pytest.mark.parametrize("order", ["Bootstrap", "Reset", "Reboot", "ApplyConfiguration", "Upgrade"])
@pytest.mark.parametrize("fault", ["reboots_in", "crashes_before", "drop_after"])
async def test_a_node_that_dies_in_an_order_leaves_it_open_whether_it_was_done(
    fleet: Fleet, order: str, fault: str
):
    node = await fleet.member()
    client = fleet.client(node)
    await client.connect()
    node.calls.clear()
    faults = getattr(node.faults, fault)
    if fault == "drop_after":
        faults[order] = 0
    else:
        faults.add(order)
    with pytest.raises(Interrupted):
        await ask(client, order, fleet)
    assert in_balance()
    assert node.calls[order] == 1
    done = [name for name, _ in node.orders[1:]]
    assert done == ([] if fault == "crashes_before" else [order])


async def test_after_an_interrupted_bootstrap_looking_shows_that_it_was_done(fleet: Fleet):
    node = await fleet.member()
    client = fleet.client(node)
    node.faults.reboots_in.add("Bootstrap")
    with pytest.raises(Interrupted):
        await client.bootstrap()
    await node.until_boot(3)
    node.faults.reboots_in.clear()
    assert len(await client.etcd.members()) == 1
    with pytest.raises(AlreadyDone):
        await client.bootstrap()
    assert len(node.cluster.bootstraps) == 1


async def test_an_answer_that_came_whole_counts_although_the_node_died_right_after(fleet: Fleet):
    """Reset and Reboot answer and go: the reply and the end of the line may arrive together."""
    for _ in range(20):
        node = await fleet.member()
        assert (await fleet.client(node).reboot()).actor_id
        await node.until_boot(3)


async def test_a_stream_that_breaks_is_not_taken_for_a_whole_one(fleet: Fleet):
    node = await fleet.member()
    client = fleet.client(node)
    await client.bootstrap()
    node.etcd_snapshot_bytes = 1 << 20
    node.faults.drop_after["EtcdSnapshot"] = 3
    got: list[bytes] = []

    async def read() -> None:
        async for piece in client.etcd.snapshot():
            got.append(piece)

    with pytest.raises(Unreachable, match="to the end"):
        await read()
    assert len(got) <= 3
    node.faults.drop_after["Kubeconfig"] = 1
    with pytest.raises(Unreachable):
        await client.kubeconfig()
    assert in_balance()


async def test_a_watch_ends_with_an_error_when_its_node_dies(fleet: Fleet):
    node = await fleet.member()
    watch = fleet.client(node).resources.watch("runtime", "Disks.block.talos.dev")
    async with aclosing(watch):
        await anext(watch)
        await anext(watch)
        node.crash()
        with pytest.raises(Unreachable):
            await anext(watch)
    assert in_balance()


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("garbage_frames", "not HTTP/2"),
        ("garbage_messages", "cannot be read"),
        ("endless_messages", "4294967295 bytes"),
        ("without_status", "no status"),
    ],
)
async def test_nonsense_is_malformed_and_the_next_call_works(fleet: Fleet, fault: str, words: str):
    node = await fleet.member()
    client = fleet.client(node)
    getattr(node.faults, fault).add("Version")
    with pytest.raises(Malformed, match=words):
        await client.version()
    assert in_balance()
    assert len(await client.disks()) == 1


async def test_a_node_that_stays_away_is_unreachable(fleet: Fleet):
    node = await fleet.member()
    client = fleet.client(node)
    node.faults.stays_away = True
    await client.reboot()
    await node.until(Stage.REBOOTING)
    with pytest.raises(Unreachable, match="nothing listens"):
        await client.version()


async def test_the_version_is_asked_anew_after_the_node_was_away(fleet: Fleet):
    node = await fleet.member()
    client = fleet.client(node)
    assert await client.minor() == (1, 12)
    await client.installing.upgrade("x:v1.13.9")
    await node.until_boot(3)
    assert await client.minor() == (1, 13)


async def test_a_timeout_around_a_call_is_the_callers_own(fleet: Fleet):
    node = await fleet.member()
    client = fleet.client(node)
    node.faults.hangs.add("Version")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await client.version()
    assert in_balance()
    task = asyncio.ensure_future(client.version())
    while node.calls["Version"] < 2:
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(await client.disks()) == 1


async def test_a_timeout_around_keeps_working_after_a_line_broke_inside_it(fleet: Fleet):
    """grpclib's own call would leave a cancellation behind, and this would hang or cancel."""
    node = await fleet.member()
    client = fleet.client(node)
    node.faults.crashes_before.add("Version")

    async def call_and_wait() -> None:
        async with asyncio.timeout(0.3):
            with pytest.raises(Unreachable):
                await client.version()
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        await call_and_wait()


async def test_closing_ends_calls_under_way(fleet: Fleet):
    node: SimulatedNode = await fleet.member()
    client = fleet.client(node)
    node.faults.hangs.add("Version")
    task = asyncio.ensure_future(client.version())
    while not node.calls["Version"]:
        await asyncio.sleep(0)
    client.close()
    with pytest.raises(Unreachable, match="closed by Ktizo"):
        await task


async def test_an_error_inside_an_answer_is_an_error(fleet: Fleet, monkeypatch):
    """What a proxied node could not do comes in the reply's metadata, under the status OK."""
    node = await fleet.member()

    async def failed(asked):
        reply = methods.VERSION.reply()
        reply.messages.add().metadata.error = "rpc error: no route to host"
        return reply

    monkeypatch.setattr("ktizo.nodes.simulated.answers._ANSWERS", {methods.VERSION.path: failed})
    caller = Caller(fleet.client(node).address, fleet.client(node)._caller.access)
    with pytest.raises(NodeError, match="no route to host"):
        await fleet.client(node).version()
    caller.close()
