"""A node's state as resources (COSI): what its disks, links, services and versions are."""

import builtins
from collections.abc import AsyncGenerator

from ktizo.nodes.client import reading
from ktizo.nodes.client.caller import QUICK_S, Caller
from ktizo.nodes.client.results import Resource, ResourceEvent
from ktizo.nodes.errors import Malformed
from ktizo.nodes.wire import cosi_pb2 as wire
from ktizo.nodes.wire import methods

LIST_S = 30.0
WATCH_S = 3600.0
MAX_LISTED = 10_000  # resources of one type; a node with more is not one
# From version 1 on the server says when the first list is whole, and when a watch failed.
_API_VERSION = 1


class Resources:
    """Reading resources; works in maintenance mode for types that are not sensitive."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def get(self, namespace: str, type: str, id: str) -> Resource:
        """Return one resource; NoSuchResource when the node does not have it."""
        request = wire.GetRequest(namespace=namespace, type=type, id=id)
        reply = await self._caller.unary(methods.GET, request, timeout_s=QUICK_S)
        if not reply.HasField("resource"):
            raise Malformed(f"Get of {type} {id} was answered without a resource")
        return reading.resource(reply.resource)

    async def list(
        self, namespace: str, type: str, *, id_pattern: str = ""
    ) -> tuple[Resource, ...]:
        """Return all of a type; `id_pattern` is a regular expression (Go's RE2) on ids."""
        request = wire.ListRequest(namespace=namespace, type=type)
        if id_pattern:
            request.options.id_query.regexp = id_pattern
        found: builtins.list[Resource] = []
        async for reply in self._caller.stream(methods.LIST, request, timeout_s=LIST_S):
            if len(found) == MAX_LISTED:
                raise Malformed(f"{self._caller.address} lists more than {MAX_LISTED} of {type}")
            found.append(reading.resource(reply.resource))
        return tuple(found)

    async def watch(
        self,
        namespace: str,
        type: str,
        id: str | None = None,
        *,
        timeout_s: float = WATCH_S,
    ) -> AsyncGenerator[ResourceEvent, None]:
        """Give what there is now, then BOOTSTRAPPED, then every change as it comes.

        With an `id` there is no BOOTSTRAPPED: what there is comes first, or as DESTROYED when
        it is not there. It ends with Unreachable when the node goes away or `timeout_s` are over.
        """
        request = wire.WatchRequest(namespace=namespace, type=type, api_version=_API_VERSION)
        if id is None:
            request.options.bootstrap_contents = True
        else:
            request.id = id
        async for reply in self._caller.stream(methods.WATCH, request, timeout_s=timeout_s):
            for event in reply.event:  # the first message is empty: the watch stands
                yield reading.resource_event(event)
