"""Events and kernel log lines a second, beside a bare grpclib and a bare asyncio server.

Each server runs in a process of its own (`python -m bench.sections.intake KIND`), takes what four
machines send (127.0.1.x) and says how much CPU that was; the sender is a process for all of them.
What is compared is CPU per message: the rate is the sender's as much as the server's. Ktizo works
for everything here (who it is, what was heard before, console, timeline), the others only count.
"""

import asyncio
import json
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import grpclib.server
from google.protobuf.any_pb2 import Any as AnyMessage
from grpclib.client import Channel, UnaryUnaryMethod
from grpclib.const import Cardinality, Handler

from bench import servers
from bench.process import NotRunning
from bench.stats import Series, ratio
from bench.table import heading, rows
from ktizo.core.settings import Settings
from ktizo.nodes.live import Limits, Live, Ports
from ktizo.nodes.wire import events_pb2 as events
from ktizo.nodes.wire.methods import PUBLISH

HOST = "127.0.0.1"
MACHINES = ("127.0.1.1", "127.0.1.2", "127.0.1.3", "127.0.1.4")
EVENTS, LINES = 2_000, 20_000  # of all machines together
AT_ONCE = 8  # calls under way per machine; Talos has one
KINDS = {
    "events": ("ktizo", "grpclib"),
    "lines": ("ktizo", "asyncio"),
}
FREE = Limits(lines_per_s=1e9, lines_burst=10**9, share=1.0, rows_burst=60)


def run(folder: Path, rounds: int) -> None:
    """Print rates and CPU of both kinds."""
    heading(f"Intake: {EVENTS:,} events and {LINES:,} kernel log lines of 4 machines, no limits")
    folder.mkdir()
    body: list[tuple[object, ...]] = []
    for what, kinds in KINDS.items():
        found: dict[str, list[dict[str, float]]] = {kind: [] for kind in kinds}
        for number in range(rounds):
            for kind in kinds if number % 2 == 0 else reversed(kinds):
                found[kind].append(_measure(what, kind))
        for column, label in (("rate", f"{what}/s"), ("cpu_us", f"CPU us per {what[:-1]}")):
            ours, theirs = (Series.of([one[column] for one in found[kind]]) for kind in kinds)
            body.append((f"{label} (beside bare {kinds[1]})", ours, theirs, ratio(ours, theirs)))
    rows(("ktizo", "bare", "ktizo / bare"), body)


def _measure(what: str, kind: str) -> dict[str, float]:
    """Start a server, send everything, and return what it says of it."""
    with ExitStack() as ending:
        process = subprocess.Popen(
            [sys.executable, "-m", __name__, what, kind],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
            env={"PATH": servers.PATH},
        )
        ending.callback(process.wait)
        ending.callback(process.kill)
        assert process.stdin is not None
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        if not port:
            raise NotRunning(f"the {kind} server of {what} did not start")
        began = time.perf_counter()
        asyncio.run(_send(what, int(port)))
        said = process.stdout.readline()
        took_s = time.perf_counter() - began
        if not said:
            raise NotRunning(f"the {kind} server of {what} ended early")
        count = EVENTS if what == "events" else LINES
        return {"rate": count / took_s, "cpu_us": json.loads(said)["cpu_s"] * 1e6 / count}


# The sender ---------------------------------------------------------------------------------


async def _send(what: str, port: int) -> None:
    send = _send_events if what == "events" else _send_lines
    await asyncio.gather(*(send(host, port) for host in MACHINES))


class _From(Channel):
    """A channel from an address of our own."""

    def __init__(self, source: str, port: int) -> None:
        super().__init__(HOST, port)
        self._source, self._to = source, port

    async def _create_connection(self) -> Any:
        loop = asyncio.get_running_loop()
        _, protocol = await loop.create_connection(
            self._protocol_factory, HOST, self._to, local_addr=(self._source, 0)
        )
        return protocol


async def _send_events(source: str, port: int) -> None:
    channel = _From(source, port)
    publish = UnaryUnaryMethod(channel, PUBLISH.path, PUBLISH.request, PUBLISH.reply)
    numbers = iter(range(EVENTS // len(MACHINES)))

    async def work() -> None:
        for number in numbers:
            task = events.TaskEvent(task=f"task {number}", action="START")
            data = AnyMessage(
                type_url="type.googleapis.com/machine.TaskEvent", value=task.SerializeToString()
            )
            await publish(PUBLISH.request(data=data, id=f"{source} {number}"))

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    channel.close()


async def _send_lines(source: str, port: int) -> None:
    _, writer = await asyncio.open_connection(HOST, port, local_addr=(source, 0))
    for number in range(LINES // len(MACHINES)):
        line = {
            "msg": f"[    5.123456] usb 1-1: new high-speed USB device number {number}",
            "talos-time": "2026-11-21T10:00:00.123456789Z",
            "talos-level": "info",
            "facility": "kern",
            "seq": number,
            "clock": number * 1000,
            "priority": "info",
        }
        writer.write(json.dumps(line).encode() + b"\n")
        await writer.drain()
    writer.close()
    await writer.wait_closed()


# The servers --------------------------------------------------------------------------------


class _Everybody:
    """Sources that know the four machines without a database."""

    def remembered(self, address: str) -> tuple[bool, int | None]:
        return True, MACHINES.index(address) + 1

    async def device_at(self, address: str) -> int | None:
        return MACHINES.index(address) + 1


class _Nowhere:
    """A writer that keeps nothing: the timeline's disk is measured in `history`."""

    def put(self, *_: object) -> None:
        return


async def _ktizo(what: str, done: asyncio.Event) -> None:
    live = Live(
        Settings(),
        _Nowhere(),  # type: ignore[arg-type]
        _Everybody(),  # type: ignore[arg-type]
        lambda _: None,
        ports=Ports(HOST, 0, 0),
        limits=FREE,
    )
    await live.start()
    _begin(live.sink_port if what == "events" else live.kernel_port)
    wanted = EVENTS if what == "events" else LINES
    while live.accepted < wanted:  # noqa: ASYNC110 - nobody is told when the last one was
        await asyncio.sleep(0.01)
    done.set()
    await live.stop()


async def _grpclib(what: str, done: asyncio.Event) -> None:  # noqa: ARG001 - events only
    count = 0

    async def publish(stream: Any) -> None:
        nonlocal count
        await stream.recv_message()
        await stream.send_message(PUBLISH.reply())
        count += 1
        if count == EVENTS:
            done.set()

    class Sink:
        def __mapping__(self) -> dict[str, Handler]:
            kind = Cardinality.UNARY_UNARY
            return {PUBLISH.path: Handler(publish, kind, PUBLISH.request, PUBLISH.reply)}

    server = grpclib.server.Server([Sink()])
    await server.start(HOST, 0)
    _begin(server._server.sockets[0].getsockname()[1])  # type: ignore[union-attr]
    await done.wait()
    server.close()


async def _asyncio(what: str, done: asyncio.Event) -> None:  # noqa: ARG001 - lines only
    count = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal count
        async for line in reader:
            json.loads(line)
            count += 1
        writer.close()
        if count == LINES:
            done.set()

    server = await asyncio.start_server(serve, HOST, 0)
    _begin(server.sockets[0].getsockname()[1])
    await done.wait()
    server.close()


_before = 0.0


def _begin(port: int | None) -> None:
    global _before
    _before = time.process_time()
    print(port, flush=True)


async def _serve(what: str, kind: str) -> None:
    done = asyncio.Event()
    serve = {"ktizo": _ktizo, "grpclib": _grpclib, "asyncio": _asyncio}[kind]
    serving = asyncio.create_task(serve(what, done))
    waiting = asyncio.create_task(done.wait())
    await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
    print(json.dumps({"cpu_s": time.process_time() - _before}), flush=True)
    await serving


if __name__ == "__main__":
    import uvloop

    uvloop.run(_serve(sys.argv[1], sys.argv[2]))
