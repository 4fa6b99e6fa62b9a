"""The API of a simulated node while it is up: a grpclib server that can be slammed shut."""

import asyncio
import contextlib
import ssl
import struct
from collections.abc import AsyncGenerator
from functools import partial
from typing import TYPE_CHECKING, Any

from grpclib.const import Cardinality, Handler
from grpclib.exceptions import GRPCError
from grpclib.protocol import H2Protocol
from grpclib.server import Server, Stream

from ktizo.nodes.simulated import answers, permits
from ktizo.nodes.simulated.asked import Asked
from ktizo.nodes.wire.methods import METHODS, Method

if TYPE_CHECKING:
    from ktizo.nodes.simulated.node import SimulatedNode

AnyStream = Stream[Any, Any]
_NOT_HTTP2 = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n\r\nno\r\n" * 3
_UNREADABLE = b"\xff" * 8
_ENDLESS = struct.pack(">?I", False, 0xFFFFFFFF) + b"x" * 1000


class _Server(Server):
    """grpclib's server, that knows its connections."""

    def __init__(self, handlers: list[Any]) -> None:
        super().__init__(handlers)
        self.protocols: list[H2Protocol] = []
        self.slammed = False

    def _protocol_factory(self) -> H2Protocol:
        self.protocols = [one for one in self.protocols if not _gone(one)]
        protocol = super()._protocol_factory()
        self.protocols.append(protocol)
        made = protocol.connection_made

        def connection_made(transport: Any) -> None:
            made(transport)
            if self.slammed:  # it shook hands with a machine that went off meanwhile
                transport.abort()

        protocol.connection_made = connection_made  # type: ignore[method-assign]
        return protocol


def _gone(protocol: H2Protocol) -> bool:
    connection = getattr(protocol, "connection", None)
    return connection is not None and bool(connection.is_closing())


class Door:
    """Where a node answers from one boot to the next."""

    def __init__(self, node: "SimulatedNode", context: ssl.SSLContext) -> None:
        self._node = node
        self._context = context
        self._server = _Server([self])

    async def open(self, host: str, port: int) -> int:
        """Listen; return the port, which the system chooses when it is 0."""
        starting = asyncio.ensure_future(self._server.start(host, port, ssl=self._context))
        try:
            await asyncio.shield(starting)
        except asyncio.CancelledError:
            await starting  # a server given up half-way would keep its socket
            await self.slam()
            raise
        listening: asyncio.Server = self._server._server  # type: ignore[assignment]
        return int(listening.sockets[0].getsockname()[1])

    async def slam(self) -> None:
        """Stop listening and cut every line, as a reset button does."""
        self._server.slammed = True
        await self._accept_no_more()
        for protocol in self._server.protocols:
            if not _gone(protocol) and hasattr(protocol, "connection"):
                protocol.connection._transport.abort()
        self._server.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(5):
                await self._server.wait_closed()

    async def _accept_no_more(self) -> None:
        """Let those in who were accepted in this turn: asyncio forgets them when a server closes.

        Its transport then fails in the middle of being made, and nobody closes it (Python 3.11).
        """
        listening: asyncio.Server | None = self._server._server  # type: ignore[assignment]
        loop = asyncio.get_running_loop()
        for sock in listening.sockets if listening is not None else ():
            loop.remove_reader(sock.fileno())
        for _ in range(2):
            await asyncio.sleep(0)

    def __mapping__(self) -> dict[str, Handler]:
        """Return what this version of Talos has; grpclib answers UNIMPLEMENTED for the rest."""
        return {
            path: Handler(
                partial(self._serve, method),
                Cardinality.UNARY_STREAM if method.streams else Cardinality.UNARY_UNARY,
                method.request,
                method.reply,
            )
            for path, method in METHODS.items()
            if answers.since(path) <= self._node.minor
        }

    async def _serve(self, method: Method[Any, Any], stream: AnyStream) -> None:
        request = await stream.recv_message()
        node, name = self._node, method.name
        node.calls[name] += 1
        if await self._misbehaves(name, stream):
            return
        roles = _roles(stream) if not node.in_maintenance else frozenset({permits.READER})
        permits.check(node, method.path, roles)
        sent = 0
        asked = Asked(node, request, roles)
        async with contextlib.aclosing(_replies(answers.of(method.path), asked)) as replies:
            async for reply in replies:
                if self._cuts(name, sent, stream):
                    return
                await stream.send_message(reply)
                sent += 1
        if self._cuts(name, sent, stream):
            return
        if name in node.faults.without_status:
            await stream._stream.end()
            stream._send_trailing_metadata_done = True
            return
        await stream.send_trailing_metadata()
        node.answered()

    async def _misbehaves(self, name: str, stream: AnyStream) -> bool:
        faults = self._node.faults
        await asyncio.sleep(faults.delay_s.get(name, 0))
        if name in faults.crashes_before:
            stream._stream._transport.abort()
            self._node.crash()
            return True
        if faults.answers.get(name):
            raise GRPCError(*faults.answers[name].pop(0))
        if name in faults.garbage_frames:
            stream._stream._transport.write(_NOT_HTTP2)
        elif name in faults.garbage_messages:
            await stream.send_initial_metadata()
            junk = struct.pack(">?I", False, len(_UNREADABLE)) + _UNREADABLE
            await stream._stream.send_data(junk)
        elif name in faults.endless_messages:
            await stream.send_initial_metadata()
            await stream._stream.send_data(_ENDLESS)
        elif name not in faults.hangs:
            return False
        await asyncio.Event().wait()  # until the line is gone
        return True

    def _cuts(self, name: str, sent: int, stream: AnyStream) -> bool:
        """Say whether a fault ends the call here; the order itself has been carried out."""
        if name in self._node.faults.reboots_in:
            stream._stream._transport.abort()
            if not self._node.answered():
                self._node.crash()
            return True
        if self._node.faults.drop_after.get(name) == sent:
            stream._stream._transport.abort()
            self._node.answered()
            return True
        return False


async def _replies(answer: answers.Answer, asked: Asked[Any]) -> AsyncGenerator[Any, None]:
    """Give the answers of either kind of method as a stream."""
    found = answer(asked)
    if isinstance(found, AsyncGenerator):
        async for reply in found:
            yield reply
    else:
        yield await found


def _roles(stream: AnyStream) -> frozenset[str]:
    """Return the organizations in the client's certificate, which are its roles."""
    certificate = (stream.peer.cert() if stream.peer else None) or {}
    pairs = [pair for group in certificate.get("subject", ()) for pair in group]
    return frozenset(value for name, value in pairs if name == "organizationName")
