"""The logs and events of a simulated node, as streams."""

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING

from grpclib.const import Status
from grpclib.exceptions import GRPCError

from ktizo.nodes.simulated.asked import Asked
from ktizo.nodes.simulated.tape import Tape
from ktizo.nodes.wire import envelope_pb2 as envelope
from ktizo.nodes.wire import events_pb2 as events_wire
from ktizo.nodes.wire import machine_pb2 as wire

if TYPE_CHECKING:
    pass


async def dmesg(asked: Asked[wire.DmesgRequest]) -> AsyncGenerator[envelope.Data, None]:
    """Give the kernel log, and go on when asked to follow."""
    begin = (
        asked.node.kernel_log.end
        if asked.request.follow and asked.request.tail
        else asked.node.kernel_log.begin
    )
    async for data in _lines(asked.node.kernel_log, begin, follow=asked.request.follow):
        yield data


async def logs(asked: Asked[wire.LogsRequest]) -> AsyncGenerator[envelope.Data, None]:
    """Give the log of a service."""
    if asked.request.id not in asked.node.services:
        raise GRPCError(Status.NOT_FOUND, f"log {asked.request.id} was not registered")
    tape = asked.node.service_logs[asked.request.id]
    begin = (
        tape.begin if asked.request.tail_lines < 0 else max(0, tape.end - asked.request.tail_lines)
    )
    async for data in _lines(tape, begin, follow=asked.request.follow):
        yield data


async def events(
    asked: Asked[events_wire.EventsRequest],
) -> AsyncGenerator[events_wire.Event, None]:
    """Give what happened, as far as asked for, and what happens; it never ends by itself."""
    tape = asked.node.events
    begin = tape.end - asked.request.tail_events if asked.request.tail_events > 0 else tape.end
    if asked.request.tail_events < 0:
        begin = tape.begin
    if asked.request.tail_id:
        ids = [event.id for event in tape.since(tape.begin)]
        begin = (
            tape.begin + ids.index(asked.request.tail_id) + 1
            if asked.request.tail_id in ids
            else begin
        )
    async for event in tape.follow(begin):
        if asked.request.with_actor_id in ("", event.actor_id):
            yield event


async def _lines(
    tape: Tape[bytes], begin: int, *, follow: bool
) -> AsyncGenerator[envelope.Data, None]:
    if not follow:
        for line in tape.since(begin):
            yield envelope.Data(content=line)
        return
    async for line in tape.follow(begin):
        yield envelope.Data(content=line)
