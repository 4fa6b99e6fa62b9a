"""A gRPC server for one unary method over plaintext HTTP/2, in bounded memory.

Ours and not grpclib's: that one keeps a message of whatever size a stranger announces, makes a task
for each call, and there is no way to slow a sender down. A node keeps one line open for months, so
what h2 remembers of closed streams is bounded, too.
"""

from collections.abc import Callable

from h2 import events
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.exceptions import H2Error
from h2.settings import SettingCodes, Settings

from ktizo.nodes.client.line import FrameCheck
from ktizo.nodes.live.door import Unreadable

MAX_MESSAGE = 64 << 10  # bytes; an event with a long config error has a few thousand
# What a sender can have on the way: one call's window, and all calls' together. No room is given
# back before a call is complete, so a line never holds more than this.
STREAM_WINDOW, LINE_WINDOW, CALLS = MAX_MESSAGE + 4096, 256 << 10, 100
_PREFACE = 24  # bytes before a client's first frame (RFC 9113 §3.4)
_SETTINGS = {
    SettingCodes.MAX_CONCURRENT_STREAMS: CALLS,
    SettingCodes.INITIAL_WINDOW_SIZE: STREAM_WINDOW,
    SettingCodes.MAX_HEADER_LIST_SIZE: 16 << 10,
}
_GRPC = b"application/grpc"
_HEAD = [(b":status", b"200"), (b"content-type", _GRPC)]
_EMPTY = b"\0\0\0\0\0"  # a message without fields, as gRPC frames it
_FINE = [(b"grpc-status", b"0")]
_INVALID, _TOO_LONG, _UNIMPLEMENTED = 3, 8, 12  # gRPC status codes

Answer = Callable[[bytes], bool]  # the message -> whether it could be read


class _H2(H2Connection):
    MAX_CLOSED_STREAMS = 256


class UnaryServer:
    """The server's side of one connection; sans I/O: `feed` bytes, then send `pending`."""

    def __init__(self, path: str, answer: Answer) -> None:
        self._path, self._answer = path.encode(), answer
        self._h2 = _H2(H2Configuration(client_side=False, header_encoding=None))
        self._h2.local_settings = Settings(client=False, initial_values=_SETTINGS)
        self._h2.initiate_connection()
        self._h2.increment_flow_control_window(LINE_WINDOW - 65_535)
        self._frames = FrameCheck()
        self._preface_left = _PREFACE
        self._calls: dict[int, bytearray] = {}
        self._owed = 0  # of the connection's window
        self.over = False  # the client said good-bye

    def pending(self) -> bytes:
        """Return what has to be sent."""
        return self._h2.data_to_send()

    def feed(self, data: bytes) -> int:
        """Take bytes, answer whole calls; return how many HTTP/2 events it was.

        Raises Unreadable for what is not HTTP/2, or not as gRPC uses it.
        """
        try:
            self._check(data)
            found = self._h2.receive_data(data)
            for event in found:
                self._process(event)
        # Frames nobody should send; h2 has no error of its own for some of them.
        except (H2Error, ValueError, KeyError, IndexError) as error:
            raise Unreadable(f"not gRPC: {str(error)[:200]}") from error
        if self._owed >= LINE_WINDOW // 4 and not self.over:
            self._h2.increment_flow_control_window(self._owed)
            self._owed = 0
        return len(found)

    def _check(self, data: bytes) -> None:
        skip = min(self._preface_left, len(data))
        self._preface_left -= skip
        self._frames.see(data[skip:])

    def _process(self, event: events.Event) -> None:
        if isinstance(event, events.DataReceived):
            self._grow(event)
        elif isinstance(event, events.StreamEnded):
            self._end(event.stream_id)
        elif isinstance(event, events.RequestReceived):
            self._begin(event)
        elif isinstance(event, events.StreamReset):
            self._forget(event.stream_id)
        elif isinstance(event, events.ConnectionTerminated):
            self.over = True

    def _begin(self, event: events.RequestReceived) -> None:
        headers = dict(event.headers)
        if not headers.get(b"content-type", b"").startswith(_GRPC):
            raise ValueError("no gRPC request")
        if headers.get(b":path") != self._path:
            self._refuse(event.stream_id, _UNIMPLEMENTED)
        else:
            self._calls[event.stream_id] = bytearray()

    def _grow(self, event: events.DataReceived) -> None:
        call = self._calls.get(event.stream_id)
        if call is None:
            self._owed += event.flow_controlled_length
            return
        # Padding costs window and brings nothing; it is given back at once.
        self._owed += event.flow_controlled_length - len(event.data)
        call += event.data
        if len(call) > MAX_MESSAGE:
            self._forget(event.stream_id)
            self._refuse(event.stream_id, _TOO_LONG)
            self._h2.reset_stream(event.stream_id)  # else it goes on sending, or waits for room

    def _end(self, stream_id: int) -> None:
        call = self._forget(stream_id)
        if call is None:
            return  # answered before it was complete
        # A byte for compression, which nobody agreed on, and four for the length.
        if len(call) < 5 or call[0] or int.from_bytes(call[1:5]) != len(call) - 5:
            raise ValueError("a message that is not framed as gRPC frames it")
        if not self._answer(bytes(call[5:])):
            self._refuse(stream_id, _INVALID)
            return
        self._h2.send_headers(stream_id, _HEAD)
        self._h2.send_data(stream_id, _EMPTY)
        self._h2.send_headers(stream_id, _FINE, end_stream=True)

    def _forget(self, stream_id: int) -> bytearray | None:
        call = self._calls.pop(stream_id, None)
        self._owed += len(call or b"")
        return call

    def _refuse(self, stream_id: int, status: int) -> None:
        trailers = [*_HEAD, (b"grpc-status", b"%d" % status)]
        self._h2.send_headers(stream_id, trailers, end_stream=True)
