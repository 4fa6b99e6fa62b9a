"""gRPC calls on a line: one request, one answer or many, a deadline, and sizes with an end.

Nothing is sent twice. A call whose line breaks after the request went out ends as `Interrupted`,
because nobody knows whether the node did it.
"""

import asyncio
import struct
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from typing import Generic, NoReturn

from google.protobuf.message import DecodeError
from grpclib.const import Status
from grpclib.metadata import decode_grpc_message, encode_timeout
from grpclib.utils import Wrapper
from h2.errors import ErrorCodes
from h2.exceptions import H2Error

from ktizo.nodes.client.line import CallStream, Line
from ktizo.nodes.client.verdict import of_interruption, of_status
from ktizo.nodes.errors import Malformed, Rejected
from ktizo.nodes.wire.methods import Method, Reply, Request

MAX_MESSAGE = 32 << 20  # bytes; what Talos itself takes and sends at most (talos.md §7)
_PREFIX = struct.Struct(">?I")  # compressed?, length: gRPC's own framing
_AGENT = "ktizo"


class _Woken(Exception):
    """The wait is over: time is up, or the call was cut off."""


class _Cut(Wrapper):
    """Ends the wait of one call from outside, when its stream or its line ends.

    grpclib's own way cancels the task and never takes that back, which breaks an `asyncio.timeout`
    or a task group around the call (Python 3.11 counts cancellations).
    """

    def __init__(self) -> None:
        super().__init__()
        self.reason = ""
        self._wait: asyncio.Timeout | None = None

    def cancel(self, error: Exception) -> None:
        """Called by grpclib when the stream is reset or the line is lost."""
        self.reason = str(error) or "cut off"
        self._wake()

    def _wake(self) -> None:
        if self._wait is not None and not self._wait.expired():
            self._wait.reschedule(asyncio.get_running_loop().time())

    @asynccontextmanager
    async def until(self, deadline: float) -> AsyncIterator[None]:
        """Wait inside until `deadline` (loop time) at most; what came already is still read."""
        try:
            async with asyncio.timeout_at(deadline) as self._wait:
                if self.reason:
                    self._wake()
                yield
        except TimeoutError as error:
            raise _Woken from error
        finally:
            self._wait = None


class Call(Generic[Request, Reply]):
    """One call under way; close it whatever happens."""

    def __init__(
        self,
        line: Line,
        method: Method[Request, Reply],
        timeout_s: float,
        max_message: int = MAX_MESSAGE,
    ) -> None:
        self._line = line
        self._method = method
        self._timeout_s = timeout_s
        self._deadline = asyncio.get_running_loop().time() + timeout_s
        self._max_message = max_message
        self._cut = _Cut()
        self._stream: CallStream = line.stream(self._cut)
        self._held = ExitStack()
        self._headed = False

    async def send(self, request: Request) -> None:
        """Send the whole request."""
        data = request.SerializeToString()
        if len(data) > self._max_message:
            raise Rejected(
                f"{self._method.name} with {len(data)} bytes is too long; no node takes more than "
                f"{self._max_message}"
            )
        try:
            async with self._cut.until(self._deadline):
                self._held = await self._line.send_headers(self._stream, self._headers())
                await self._stream.send_data(_PREFIX.pack(False, len(data)) + data, end_stream=True)
        except _Woken:
            self._raise_why()
        except H2Error as error:  # the line or the stream closed while we wrote
            if self._stream.id is None:
                raise self._line.broken(str(error)) from error
            self._cut.cancel(error)
            self._raise_why()

    async def message(self) -> Reply | None:
        """Return the next message of the answer; None when it is complete and the status is OK."""
        try:
            async with self._cut.until(self._deadline):
                if not self._headed:
                    self._check_head(dict(await self._stream.recv_headers()))
                    self._headed = True
                return await self._next()
        except _Woken:
            self._raise_why()

    def close(self) -> None:
        """Let go of the stream; the node is told when it had not finished."""
        if self._stream.id is not None and self._stream.closable:
            self._stream.reset_nowait(ErrorCodes.CANCEL)
        self._held.close()

    def _headers(self) -> list[tuple[str, str]]:
        return [
            (":method", "POST"),
            (":scheme", "https"),
            (":path", self._method.path),
            (":authority", str(self._line.address)),
            ("grpc-timeout", encode_timeout(self._timeout_s)),
            ("te", "trailers"),
            ("content-type", "application/grpc"),
            ("user-agent", _AGENT),
        ]

    def _check_head(self, head: dict[str, str]) -> None:
        """Refuse what is not a gRPC answer, and raise the error of one that is only a status."""
        if not head.get("content-type", "").startswith("application/grpc"):
            raise self._malformed(f"HTTP {head.get(':status')}, not gRPC")
        if "grpc-status" in head:
            self._check_status(head)

    async def _next(self) -> Reply | None:
        inbox = self._stream.buffer
        prefix = await inbox.read(_PREFIX.size)
        if not prefix:
            self._check_end()
            return None
        if len(prefix) < _PREFIX.size or prefix[0] != 0:
            raise self._malformed("a message cut short, or compressed unasked")
        size = _PREFIX.unpack(prefix)[1]
        if size > self._max_message:
            raise self._malformed(f"a message of {size} bytes; {self._max_message} is the most")
        data = await inbox.read(size)
        if len(data) < size:
            self._check_end()
            raise self._malformed("a message cut short")
        try:
            return self._method.reply.FromString(data)
        except DecodeError as error:
            raise self._malformed("a message that cannot be read") from error

    def _check_end(self) -> None:
        """Raise the error the trailers carry; an answer without trailers is not an answer."""
        head = dict(self._stream.headers or ())
        trailers = dict(self._stream.trailers or ())
        if "grpc-status" not in trailers | head:
            raise self._malformed("no status at the end")
        self._check_status(trailers if "grpc-status" in trailers else head)

    def _check_status(self, headers: dict[str, str]) -> None:
        try:
            status = Status(int(headers["grpc-status"]))
        except ValueError:
            raise self._malformed("a status that does not exist") from None
        if status is Status.OK:
            return
        words = decode_grpc_message(headers.get("grpc-message", ""))
        line = self._line
        raise of_status(line.address, self._method.name, status, words, line.access)

    def _raise_why(self) -> NoReturn:
        """Raise why the wait ended: the node's own status before anything else."""
        for headers in (self._stream.trailers, self._stream.headers):
            if headers and "grpc-status" in dict(headers):
                self._check_status(dict(headers))
        if self._line.garbled:
            raise self._line.broken()
        if self._stream.id is None and self._cut.reason:
            raise self._line.broken(self._cut.reason)
        why = self._cut.reason or f"{self._timeout_s:g} s are over"
        raise of_interruption(self._line.address, self._method, why)

    def _malformed(self, what: str) -> Malformed:
        address, name = self._line.address, self._method.name
        return Malformed(f"{address} answers {name} with {what}; that is not the Talos API")


async def unary(
    line: Line,
    method: Method[Request, Reply],
    request: Request,
    *,
    timeout_s: float,
    max_message: int = MAX_MESSAGE,
) -> Reply:
    """Send `request` once and return the one answer."""
    call = Call(line, method, timeout_s, max_message)
    try:
        await call.send(request)
        reply = await call.message()
        if reply is None or await call.message() is not None:
            raise Malformed(f"{line.address} answers {method.name} with not exactly one message")
        return reply
    finally:
        call.close()


async def stream(
    line: Line,
    method: Method[Request, Reply],
    request: Request,
    *,
    timeout_s: float,
    max_message: int = MAX_MESSAGE,
) -> AsyncGenerator[Reply, None]:
    """Send `request` once and give the answers one by one, as fast as they are taken.

    The node is held back when nobody takes them: what waits here is at most a stream's window and
    one message. Leave it by `aclose` (or `contextlib.aclosing`), and the node stops.
    """
    call = Call(line, method, timeout_s, max_message)
    try:
        await call.send(request)
        while (reply := await call.message()) is not None:
            yield reply
    finally:
        call.close()
