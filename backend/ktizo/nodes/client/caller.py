"""Who makes the calls: one line to one node, dialled anew when it is gone; and its version."""

import asyncio
import contextlib
import re
from collections.abc import AsyncGenerator
from dataclasses import replace

from ktizo.nodes.client import calls
from ktizo.nodes.client.access import Access, Maintenance
from ktizo.nodes.client.line import Line
from ktizo.nodes.client.rules import Minor, check, needs_version
from ktizo.nodes.client.target import Address
from ktizo.nodes.errors import Malformed, NoSuchResource, NotInThisMode, Refused
from ktizo.nodes.wire import cosi_pb2 as cosi
from ktizo.nodes.wire import methods
from ktizo.nodes.wire.methods import Method, Reply, Request

DIAL_S = 10.0
QUICK_S = 10.0  # a call that only reads
_OLDEST: Minor = (1, 9)
_TAG = re.compile(r"v?(\d+)\.(\d+)\.")
_SPEC = re.compile(r"^version: [\"']?(v?[0-9][0-9A-Za-z.+-]*)", re.MULTILINE)


class Caller:
    """One node, reached one way; calls may run side by side."""

    def __init__(self, address: Address, access: Access, *, dial_s: float = DIAL_S) -> None:
        self.address = address
        self.access = access
        self._dial_s = dial_s
        self._line: Line | None = None
        self._dialling = asyncio.Lock()
        self._tag: str | None = None

    async def line(self) -> Line:
        """Return an open line to the right node, dialled if need be."""
        async with self._dialling:
            if self._line is None or self._line.closed:
                # A node that was away may have come back as another version.
                self._line, self._tag = None, None
                self._line = await Line.dial(self.address, self.access, self._dial_s)
                if isinstance(self.access, Maintenance):
                    self.access = replace(self.access, pin=self._line.server_key)
            return self._line

    def close(self) -> None:
        """Hang up; the next call dials anew."""
        if self._line is not None:
            self._line.close()
            self._line = None

    async def hang_up(self) -> None:
        """Hang up, and wait until the connection is gone."""
        line, self._line = self._line, None
        if line is not None:
            await line.hang_up()

    async def unary(
        self, method: Method[Request, Reply], request: Request, *, timeout_s: float = QUICK_S
    ) -> Reply:
        """Call once, if it can work in this mode and on this version."""
        await self._permit(method)
        return await calls.unary(await self.line(), method, request, timeout_s=timeout_s)

    async def stream(
        self,
        method: Method[Request, Reply],
        request: Request,
        *,
        timeout_s: float,
        max_message: int = calls.MAX_MESSAGE,
    ) -> AsyncGenerator[Reply, None]:
        """Call once and give the answers one by one; same conditions."""
        await self._permit(method)
        found = calls.stream(
            await self.line(), method, request, timeout_s=timeout_s, max_message=max_message
        )
        async with contextlib.aclosing(found):
            async for reply in found:
                yield reply

    async def tag(self) -> str:
        """Return the Talos version in either mode, `v1.12.11`; empty when the node cannot say.

        Talos 1.10 and newer have the resource Versions, which anybody may read; 1.9 answers the
        call Version, though not in maintenance mode (talos.md §7, probe recipe).
        """
        line = await self.line()
        if self._tag is None:
            self._tag = await _resource_version(line) or await _called_version(line)
        return self._tag

    async def minor(self) -> Minor:
        """Return the minor version; the oldest supported when the node cannot say."""
        tag = await self.tag()
        if not tag:
            return _OLDEST
        match = _TAG.match(tag)
        if match is None:
            raise Malformed(f"{self.address} says its Talos is {tag[:50]!r}")
        return int(match[1]), int(match[2])

    async def _permit(self, method: Method[Request, Reply]) -> None:
        check(method, self.access, None)
        if needs_version(method, self.access):
            check(method, self.access, await self.minor())


async def _resource_version(line: Line) -> str:
    request = cosi.GetRequest(namespace="runtime", type="Versions.runtime.talos.dev", id="version")
    try:
        reply = await calls.unary(line, methods.GET, request, timeout_s=QUICK_S)
    except (NoSuchResource, NotInThisMode, Refused):
        return ""
    found = _SPEC.search(reply.resource.spec.yaml_spec)
    return found[1] if found else ""


async def _called_version(line: Line) -> str:
    request = methods.VERSION.request()
    try:
        reply = await calls.unary(line, methods.VERSION, request, timeout_s=QUICK_S)
    except (NotInThisMode, Refused):
        return ""
    return reply.messages[0].version.tag if reply.messages else ""
