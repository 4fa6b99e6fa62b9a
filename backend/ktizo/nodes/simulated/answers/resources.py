"""The resources of a simulated node (COSI)."""

import re
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING

from grpclib.const import Status
from grpclib.exceptions import GRPCError

from ktizo.nodes.simulated.asked import Asked
from ktizo.nodes.simulated.permits import check_type
from ktizo.nodes.wire import cosi_pb2 as wire

if TYPE_CHECKING:
    pass


async def get(asked: Asked[wire.GetRequest]) -> wire.GetResponse:
    """Return one resource."""
    check_type(asked.request.type, asked.roles)
    found = asked.node.state.get((asked.request.namespace, asked.request.type, asked.request.id))
    if found is None:
        what = f"{asked.request.type}({asked.request.namespace}/{asked.request.id})"
        raise GRPCError(Status.NOT_FOUND, f"resource {what} doesn't exist")
    return wire.GetResponse(resource=found.message())


async def list_(asked: Asked[wire.ListRequest]) -> AsyncGenerator[wire.ListResponse, None]:
    """Give all of a type, one by one."""
    check_type(asked.request.type, asked.roles)
    pattern = asked.request.options.id_query.regexp
    try:
        found = asked.node.state.list(asked.request.namespace, asked.request.type, pattern)
    except re.error as error:
        raise GRPCError(Status.INVALID_ARGUMENT, f"error parsing regexp: {error}") from error
    for one in found:
        yield wire.ListResponse(resource=one.message())


async def watch(asked: Asked[wire.WatchRequest]) -> AsyncGenerator[wire.WatchResponse, None]:
    """Give changes as they come."""
    check_type(asked.request.type, asked.roles)
    async for response in asked.node.state.watch(asked.request):
        yield response
