"""One TLS and HTTP/2 connection to a node: dialled, known to be the right node, and watched.

grpclib's own protocol does the framing. What is ours: who answers is checked before anything is
sent, the reason a line broke is kept, and a call ends when its line does.
"""

import asyncio
import contextlib
import socket
import ssl
from functools import partial
from typing import cast

from grpclib.client import Handler
from grpclib.config import Configuration
from grpclib.protocol import Connection, H2Protocol, Stream
from grpclib.utils import Wrapper
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.exceptions import ProtocolError

from ktizo.nodes.client.access import Access, Maintenance, fingerprint, tls
from ktizo.nodes.client.inbox import Inbox
from ktizo.nodes.client.target import Address
from ktizo.nodes.client.verdict import of_broken_line, of_failed_dial
from ktizo.nodes.errors import Malformed, NodeError, WrongKey

# Unread bytes a node can make us keep: this much per call, and four such calls per line.
STREAM_WINDOW = 1 << 20
LINE_WINDOW = 4 << 20
# Seconds of silence, seconds between probes, probes: a dead node is noticed in a minute. HTTP/2
# pings would do too, but grpc-go hangs up on more than one in five minutes.
_IDLE_S, _INTERVAL_S, _PROBES = 30, 10, 3
# The alert that would say which of the two may be lost with the connection (TCP reset).
_GOODBYE_S = 1.0
_TOO_SOON = "it hung up right after the TLS handshake, as it does when it wants another certificate"
# Bytes of a frame's header and at most of its body (we never offer more), and a frame's type.
_HEADER, _MAX_FRAME, _SETTINGS = 9, 1 << 14, 4
_CONFIG = Configuration(
    http2_connection_window_size=LINE_WINDOW, http2_stream_window_size=STREAM_WINDOW
).__for_client__()
_H2 = H2Configuration(
    client_side=True,
    header_encoding="utf-8",
    validate_inbound_headers=False,
    validate_outbound_headers=False,
    normalize_inbound_headers=False,
    normalize_outbound_headers=False,
)


class CallStream(Stream):
    """grpclib's stream with an inbox of ours."""

    buffer: Inbox  # type: ignore[assignment]

    def init_stream(self, stream_id: int, connection: Connection) -> None:
        """Begin under `stream_id`; grpclib calls it when the request is sent."""
        super().init_stream(stream_id, connection)
        self.buffer = Inbox(partial(self._give_back, stream_id))

    def _give_back(self, stream_id: int, size: int) -> None:
        # What came before the line closed is still read; there is nobody left to tell.
        if not self.connection.is_closing():
            self.connection.ack(stream_id, size)


class FrameCheck:
    """Looks at the header of every HTTP/2 frame as it arrives (RFC 9113 §4.1).

    h2 keeps a frame whole before it finds it too long: 16 MiB for whoever announces that.
    """

    def __init__(self) -> None:
        self._header = bytearray()
        self._left = 0  # bytes of the current frame still to come
        self.begun = False  # the first frame was SETTINGS, as it must be

    def see(self, data: bytes) -> None:
        """Raise ProtocolError for what is not HTTP/2."""
        at = 0
        while at < len(data):
            if self._left:
                step = min(self._left, len(data) - at)
                self._left -= step
            else:
                step = min(_HEADER - len(self._header), len(data) - at)
                self._header += data[at : at + step]
                if len(self._header) == _HEADER:
                    self._begin_frame()
            at += step

    def _begin_frame(self) -> None:
        length, kind = int.from_bytes(self._header[:3]), self._header[3]
        self._header.clear()
        if not self.begun and kind != _SETTINGS:
            raise ProtocolError("the first frame is not SETTINGS")
        if length > _MAX_FRAME:
            raise ProtocolError(f"a frame of {length} bytes; {_MAX_FRAME} is the most")
        self.begun, self._left = True, length


class _Protocol(H2Protocol):
    """grpclib's protocol, that remembers why it ended and survives what nobody should send."""

    handler: Handler

    def __init__(self) -> None:
        super().__init__(Handler(), _CONFIG, _H2)
        self.spoke = asyncio.Event()  # they sent an HTTP/2 frame, or hung up
        self.gone = asyncio.Event()  # the connection is closed to its end
        self.fault: BaseException | None = None
        self._frames = FrameCheck()

    def data_received(self, data: bytes) -> None:
        if self.connection.is_closing():
            return
        try:
            self._frames.see(data)
            events = self.connection.feed(data)
            self.connection.flush()
            for event in events:
                self.processor.process(event)
                if self.connection.is_closing():
                    break
            else:
                self.connection.flush()
        # Frames nobody should send: h2 refuses them, or grpclib has no place for their event.
        except (ProtocolError, NotImplementedError, ValueError, KeyError, IndexError) as error:
            self.fault = error if isinstance(error, ProtocolError) else ProtocolError(repr(error))
            self.processor.close(reason="frames that are not HTTP/2")
        if self._frames.begun or self.fault is not None:
            self.spoke.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.transport = cast(
            asyncio.WriteTransport, transport
        )  # grpclib lets go of its own before the goodbye is over

    def connection_lost(self, exc: BaseException | None) -> None:
        self.fault = self.fault or exc
        super().connection_lost(exc)
        self.spoke.set()
        self.gone.set()


class Line:
    """An open connection to one node, whose key or certificate has been found right."""

    def __init__(self, address: Address, access: Access, protocol: _Protocol, key: str) -> None:
        self.address = address
        self.access = access
        self.server_key = key  # base64 SHA-256 of the node's public key
        self._protocol = protocol

    @classmethod
    async def dial(cls, address: Address, access: Access, timeout_s: float) -> "Line":
        """Connect, shake hands, compare the key, and wait until the node talks HTTP/2.

        The wait is what shows that the node takes our certificate: in TLS 1.3 it says so only
        after the handshake.
        """
        name = None if isinstance(access, Maintenance) else access.server_name
        try:
            async with asyncio.timeout(timeout_s):
                transport, protocol = await asyncio.get_running_loop().create_connection(
                    _Protocol,
                    address.host,
                    address.port,
                    ssl=tls(access),
                    server_hostname=name or address.host,
                )
                try:
                    line = cls(address, access, protocol, _known(address, access, transport))
                    await protocol.spoke.wait()
                    if line.closed:
                        raise line.broken(_TOO_SOON)
                except BaseException:
                    transport.abort()
                    raise
        except (OSError, TimeoutError) as error:
            raise of_failed_dial(address, access, error, timeout_s) from error
        _watch(transport)
        return line

    @property
    def closed(self) -> bool:
        """Whether a new call needs a new line."""
        return self._protocol.handler.connection_lost or self._protocol.connection.is_closing()

    def broken(self, reason: str = "") -> NodeError:
        """Return why the line is closed."""
        return of_broken_line(self.address, self.access, self._protocol.fault, reason)

    @property
    def garbled(self) -> bool:
        """Whether it closed because of frames that are not HTTP/2."""
        return isinstance(self._protocol.fault, ProtocolError)

    def stream(self, on_break: Wrapper) -> CallStream:
        """Return a stream for one call; `on_break.cancel(error)` is called when it is cut off."""
        connection = self._protocol.connection
        h2: H2Connection = connection._connection
        return CallStream(connection, h2, connection._transport, wrapper=on_break)

    async def send_headers(
        self, stream: CallStream, headers: list[tuple[str, str]]
    ) -> contextlib.ExitStack:
        """Begin the call; closing what is returned lets go of the stream."""
        release = await stream.send_request(headers, _processor=self._protocol.processor)
        held = contextlib.ExitStack()
        held.callback(release)
        return held

    def close(self) -> None:
        """Hang up; calls under way end."""
        self._protocol.processor.close(reason="closed by Ktizo")

    async def hang_up(self) -> None:
        """Close, and wait until nothing of the connection is left; a node that is slow is cut."""
        self.close()
        try:
            async with asyncio.timeout(_GOODBYE_S):
                await self._protocol.gone.wait()
        except TimeoutError:
            self._protocol.transport.abort()
            await self._protocol.gone.wait()


def _known(address: Address, access: Access, transport: asyncio.BaseTransport) -> str:
    """Return the key that answers; refuse another than the pinned one, and what is not HTTP/2."""
    tls_object: ssl.SSLObject = transport.get_extra_info("ssl_object")
    der = tls_object.getpeercert(binary_form=True)
    if der is None:
        raise Malformed(f"{address} shows no certificate; that is not a Talos node")
    try:
        key = fingerprint(der)
    except ValueError as error:
        raise Malformed(f"{address} shows a certificate that cannot be read") from error
    if isinstance(access, Maintenance) and access.pin not in (None, key):
        raise WrongKey(
            f"{address} has another key than before ({key}, not {access.pin}); nothing was sent. "
            "A machine in maintenance mode makes a new key at every boot: if its console shows "
            "this one, inspect and approve it again; otherwise somebody else answers there",
            found=key,
            expected=access.pin,
        )
    if tls_object.selected_alpn_protocol() != "h2":
        raise Malformed(f"{address} speaks TLS but not HTTP/2; that is not a Talos node")
    return key


def _watch(transport: asyncio.BaseTransport) -> None:
    """Let the kernel notice a node that lost its power."""
    sock: socket.socket | None = transport.get_extra_info("socket")
    if sock is None or not hasattr(socket, "TCP_KEEPIDLE"):
        return
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _IDLE_S)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _INTERVAL_S)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, _PROBES)
